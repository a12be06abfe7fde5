// Who did what; and whether anybody has laid hands on the log.
import { Alert, Button, Input, Space, Table, Typography } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type AuditFilter, type AuditLine, useAudit, useCheckAudit } from '../../api/people';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { ExportButton } from '../../widgets/ExportButton';
import { PageHead } from '../../widgets/PageHead';
import { StateTag } from '../../widgets/StateTag';
import type { State } from '../../widgets/states';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';

const STATES: Record<string, State> = { refused: 'failed', failed: 'retrying', done: 'done' };

/** A time of this browser's zone, as the API wants it. */
function moment(local: string): string {
  return local ? new Date(local).toISOString() : '';
}

export function AuditPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
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
          <ExportButton list="audit" filter={{ ...filter }} />
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
        <Input
          type="datetime-local"
          aria-label={t('audit.since')}
          prefix={t('audit.since')}
          onChange={(event) => search('since')(moment(event.target.value))}
        />
        <Input
          type="datetime-local"
          aria-label={t('audit.until')}
          prefix={t('audit.until')}
          onChange={(event) => search('until')(moment(event.target.value))}
        />
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
                rowExpandable: (line) => Boolean(line.name) || Object.keys(line.detail).length > 0,
                expandedRowRender: (line) => (
                  <pre>{JSON.stringify({ ...(line.name ? { id: line.subject } : {}), ...line.detail }, null, 2)}</pre>
                ),
              }}
              columns={[
                { title: t('audit.number'), dataIndex: 'seq', width: 80 },
                { title: t('audit.at'), render: (_, line) => <Moment at={line.at} /> },
                { title: t('audit.actor'), dataIndex: 'actor' },
                {
                  title: t('audit.action'),
                  render: (_, line) => (
                    <>
                      {line.title[language]}{' '}
                      <Typography.Text type="secondary" code>
                        {line.action}
                      </Typography.Text>
                    </>
                  ),
                },
                {
                  title: t('audit.outcome'),
                  render: (_, line) => (
                    <StateTag state={STATES[line.outcome] ?? 'waiting'}>
                      {t(`audit.outcomes.${line.outcome as 'done' | 'begun' | 'refused' | 'failed'}`)}
                    </StateTag>
                  ),
                },
                { title: t('audit.subject'), render: (_, line) => line.name ?? line.subject },
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
