// What is the same thing in all systems? Found by any id; its siblings, its history, and putting it right.
import { Alert, Button, Input, Select, Space, Table, Tag, Upload } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { type Binding, useBindings, useExport, useImport, useObjectTypes } from '../../api/bindings';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { useNames } from '../../widgets/names';
import { PageHead } from '../../widgets/PageHead';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { ObjectPanel } from './ObjectPanel';

export function BindingsPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const names = useNames();
  const [address, setAddress] = useSearchParams();
  const part = address.get('q') ?? '';
  const type = address.get('type') ?? undefined;
  const [chosen, setChosen] = useState<Binding>();
  const types = useObjectTypes();
  const bindings = useBindings({ part, type });
  const out = useExport();
  const into = useImport();
  const writes = useMay('bindings.write');
  const rows = bindings.data?.pages.flatMap((page) => page.items) ?? [];
  const typed = (name: string) => types.data?.find((each) => each.type === name)?.label[language] ?? name;
  const look = (next: { q?: string; type?: string | undefined }) => {
    const wanted = { q: part, type, ...next };
    setAddress(
      Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)) as Record<string, string>,
      { replace: true },
    );
  };
  return (
    <>
      <PageHead title={t('menu.bindings')} about={t('bindings.about')}>
        <Space>
          <Button loading={out.isPending} onClick={() => out.mutate({ part, type })} data-action="export-bindings">
            {t('bindings.export')}
          </Button>
          {writes && (
            <Upload
              accept=".xlsx"
              showUploadList={false}
              beforeUpload={(file) => {
                into.mutate({ file, dry_run: false });
                return false;
              }}
            >
              <Button loading={into.isPending} data-action="import-bindings">
                {t('bindings.import')}
              </Button>
            </Upload>
          )}
        </Space>
      </PageHead>
      {(out.error ?? into.error) && <Trouble error={(out.error ?? into.error)!} />}
      {out.data?.truncated && <Alert type="warning" showIcon title={t('bindings.truncated')} />}
      {into.data && (
        <Alert
          showIcon
          closable
          type={into.data.written ? 'success' : 'error'}
          data-ready="imported"
          title={
            into.data.written
              ? t('bindings.imported', { rows: into.data.rows, changed: into.data.changed })
              : t('bindings.importRefused')
          }
          description={into.data.problems.map((each) => (
            <div key={each}>{each}</div>
          ))}
          style={{ marginBottom: 12 }}
        />
      )}
      <Space wrap style={{ marginBottom: 12 }}>
        <Input.Search
          allowClear
          defaultValue={part}
          placeholder={t('bindings.find')}
          style={{ width: 'min(320px, 75vw)' }}
          onSearch={(q) => look({ q: q.trim() })}
        />
        <Select
          allowClear
          value={type ?? null}
          placeholder={t('bindings.type')}
          aria-label={t('bindings.type')}
          style={{ width: 200 }}
          options={(types.data ?? []).map((each) => ({ value: each.type, label: each.label[language] ?? each.type }))}
          onChange={(value) => look({ type: value ?? undefined })}
        />
      </Space>
      <Listing
        query={bindings}
        isEmpty={() => rows.length === 0}
        empty={t('bindings.empty')}
        filter={part || type ? { empty: t('bindings.none'), clear: () => setAddress({}, { replace: true }) } : undefined}
      >
        {() => (
          <>
            <Table<Binding>
              rowKey={(each) => `${each.object_type}/${each.system}/${each.local_id}`}
              size="small"
              pagination={false}
              dataSource={rows}
              data-ready="bindings"
              columns={[
                { title: t('bindings.type'), render: (_, each) => typed(each.object_type) },
                { title: t('bindings.system'), render: (_, each) => names.system(each.system) },
                {
                  title: t('bindings.id'),
                  render: (_, each) => (
                    <Space>
                      <Button
                        type="link"
                        size="small"
                        style={{ padding: 0 }}
                        onClick={() => setChosen(each)}
                        data-action="show-object"
                      >
                        {each.local_id}
                      </Button>
                      {each.state === 'former' && <Tag>{t('bindings.former')}</Tag>}
                    </Space>
                  ),
                },
                { title: t('bindings.label'), dataIndex: 'label' },
                { title: t('bindings.at'), render: (_, each) => <Moment at={each.bound_at} /> },
                { title: t('bindings.by'), dataIndex: 'bound_by' },
              ]}
            />
            {bindings.hasNextPage && (
              <Button block onClick={() => void bindings.fetchNextPage()} loading={bindings.isFetchingNextPage}>
                {t('common.more')}
              </Button>
            )}
          </>
        )}
      </Listing>
      {chosen && (
        <ObjectPanel
          type={chosen.object_type}
          title={typed(chosen.object_type)}
          id={chosen.local_id}
          object={chosen.object_id}
          writes={writes}
          close={() => setChosen(undefined)}
        />
      )}
    </>
  );
}

export const Component = BindingsPage;
