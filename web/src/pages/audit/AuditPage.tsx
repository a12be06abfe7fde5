// Who did what; and whether anybody has laid hands on the log.
import { Alert, Button, Input, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type AuditFilter, type AuditLine, useAudit, useCheckAudit } from '../../api/people';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';

const COLOURS: Record<string, string> = { refused: 'red', failed: 'gold', done: 'green' };

export function AuditPage() {
  const { t } = useTranslation();
  const [filter, setFilter] = useState<AuditFilter>({});
  const audit = useAudit(filter);
  const check = useCheckAudit();
  const rows = audit.data?.pages.flatMap((page) => page.items) ?? [];
  const search = (name: keyof AuditFilter) => (value: string) =>
    setFilter(({ [name]: _, ...rest }) => (value.trim() ? { ...rest, [name]: value.trim() } : rest));
  return (
    <>
      <PageHead title={t('menu.audit')} about={t('audit.about')}>
        <Space>
          <Button href="/api/v1/audit/export">{t('audit.export')}</Button>
          <Button type="primary" loading={check.isPending} onClick={() => check.mutate()} data-action="check-audit">
            {t('audit.check')}
          </Button>
        </Space>
      </PageHead>
      {check.error && <Trouble error={check.error} />}
      {check.data && (
        <Alert
          showIcon
          type={check.data.sound ? 'success' : 'error'}
          data-ready={check.data.sound ? 'audit-sound' : 'audit-broken'}
          title={check.data.sound ? t('audit.sound', { count: check.data.lines }) : t('audit.broken')}
          description={
            check.data.sound
              ? t('audit.anchor', { anchor: check.data.anchor })
              : (check.data.findings ?? []).map((each) => <div key={`${each.seq} ${each.message}`}>{each.message}</div>)
          }
          style={{ marginBottom: 12 }}
        />
      )}
      <Space wrap style={{ marginBottom: 12 }}>
        <Input.Search allowClear placeholder={t('audit.actor')} onSearch={search('actor')} />
        <Input.Search allowClear placeholder={t('audit.action')} onSearch={search('action')} />
        <Input.Search allowClear placeholder={t('audit.subject')} onSearch={search('subject')} />
      </Space>
      <Listing
        query={audit}
        isEmpty={() => rows.length === 0}
        empty={t('audit.none')}
        filter={
          Object.keys(filter).length > 0 ? { empty: t('audit.none'), clear: () => setFilter({}) } : undefined
        }
      >
        {() => (
          <>
            <Table<AuditLine>
              rowKey="seq"
              size="small"
              pagination={false}
              dataSource={rows}
              data-ready="audit"
              expandable={{
                rowExpandable: (line) => Object.keys(line.detail).length > 0,
                expandedRowRender: (line) => <pre>{JSON.stringify(line.detail, null, 2)}</pre>,
              }}
              columns={[
                { title: t('audit.number'), dataIndex: 'seq', width: 80 },
                { title: t('audit.at'), render: (_, line) => <Moment at={line.at} /> },
                { title: t('audit.actor'), dataIndex: 'actor' },
                { title: t('audit.action'), render: (_, line) => <code>{line.action}</code> },
                {
                  title: t('audit.outcome'),
                  render: (_, line) => (
                    <Tag color={COLOURS[line.outcome] ?? 'default'}>
                      {t(`audit.outcomes.${line.outcome as 'done' | 'begun' | 'refused' | 'failed'}`)}
                    </Tag>
                  ),
                },
                { title: t('audit.subject'), dataIndex: 'subject' },
                { title: t('audit.address'), dataIndex: 'address' },
              ]}
            />
            {audit.hasNextPage && (
              <Button block onClick={() => void audit.fetchNextPage()} loading={audit.isFetchingNextPage}>
                {t('common.more')}
              </Button>
            )}
          </>
        )}
      </Listing>
    </>
  );
}

export const Component = AuditPage;
