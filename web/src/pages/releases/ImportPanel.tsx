// What an import would change and what it lacks here; then, knowingly, the import.
import { Alert, Button, Card, Checkbox, Input, Skeleton, Space, Table, Tag } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Comparison, type ReleaseExport, useCompare, useImport } from '../../api/admin';
import { Trouble } from '../../widgets/Trouble';

type Change = Comparison['files'][number];
type Lack = Comparison['missing'][number];
const COLOURS = { added: 'default', removed: 'red', changed: 'blue' } as const;

export function ImportPanel({ release, close }: { release: ReleaseExport; close: () => void }) {
  const { t } = useTranslation();
  const compare = useCompare();
  const take = useImport();
  const [note, setNote] = useState('');
  const [accepted, setAccepted] = useState(false);
  const { mutate } = compare;
  useEffect(() => mutate(release), [mutate, release]);
  const seen = compare.data;
  const done = take.data;
  const lacks = (seen?.missing.length ?? 0) > 0;
  return (
    <Card
      size="small"
      title={t('releases.comparison')}
      extra={
        <Button size="small" onClick={close}>
          {t('common.close')}
        </Button>
      }
      style={{ marginBottom: 16 }}
      data-ready={done ? 'imported' : seen ? 'comparison' : undefined}
    >
      {compare.isPending && <Skeleton active paragraph={{ rows: 3 }} />}
      {compare.error && <Trouble error={compare.error} />}
      {take.error && <Trouble error={take.error} />}
      {done && (
        <Alert
          type="success"
          showIcon
          title={done.status === 'proposed' ? t('releases.proposed') : t('releases.imported')}
        />
      )}
      {seen && !done && (
        <Space orientation="vertical" style={{ width: '100%' }} size={12}>
          <span>
            {seen.pack} <code>{seen.release.slice(0, 12)}</code>: {seen.environment || '?'} → {seen.here || '?'} ·{' '}
            {t('releases.counts', { changed: seen.files.length, same: seen.unchanged })}
          </span>
          {seen.addresses.map((each) => (
            <Alert
              key={each.path}
              type="warning"
              showIcon
              title={t('releases.addresses', { path: each.path })}
              description={each.addresses.join(' ')}
            />
          ))}
          {lacks && <Lacks rows={seen.missing} />}
          <Table<Change>
            rowKey="path"
            size="small"
            pagination={false}
            dataSource={seen.files}
            locale={{ emptyText: t('releases.same') }}
            expandable={{
              rowExpandable: (each) => each.diff !== '',
              expandedRowRender: (each) => <pre style={{ overflowX: 'auto' }}>{each.diff}</pre>,
            }}
            columns={[
              {
                title: t('releases.change'),
                width: 90,
                render: (_, each) => <Tag color={COLOURS[each.change]}>{t(`releases.changes.${each.change}`)}</Tag>,
              },
              { title: t('releases.file'), dataIndex: 'path' },
              {
                title: t('releases.lines'),
                align: 'right',
                render: (_, each) => `+${each.lines_added} −${each.lines_removed}`,
              },
            ]}
          />
          {lacks && (
            <Checkbox checked={accepted} onChange={(event) => setAccepted(event.target.checked)}>
              {t('releases.accept')}
            </Checkbox>
          )}
          {seen.two_persons && <Alert type="info" showIcon title={t('releases.twoPersons')} />}
          <Space>
            <Input
              value={note}
              maxLength={200}
              placeholder={t('releases.note')}
              aria-label={t('releases.note')}
              onChange={(event) => setNote(event.target.value)}
              style={{ width: 360 }}
            />
            <Button
              type="primary"
              disabled={lacks && !accepted}
              loading={take.isPending}
              data-action="take"
              onClick={() =>
                take.mutate({ export: release, active: seen.active, note: note.trim(), accept_missing: accepted })
              }
            >
              {seen.two_persons ? t('releases.propose') : t('releases.take')}
            </Button>
          </Space>
        </Space>
      )}
    </Card>
  );
}

function Lacks({ rows }: { rows: Lack[] }) {
  const { t } = useTranslation();
  return (
    <Alert
      type="warning"
      showIcon
      title={t('releases.lacks')}
      description={
        <Table<Lack>
          rowKey="system"
          size="small"
          pagination={false}
          dataSource={rows}
          data-ready="lacks"
          columns={[
            { title: t('releases.system'), dataIndex: 'system' },
            { title: t('releases.settings'), render: (_, each) => each.settings.map((name) => <Tag key={name}>{name}</Tag>) },
            { title: t('releases.secrets'), render: (_, each) => each.secrets.map((name) => <Tag key={name}>{name}</Tag>) },
          ]}
        />
      }
    />
  );
}
