// What a release would change here: its files with their lines, what is missing, addresses that come along.
import { Alert, Space, Table, Tag } from 'antd';
import { useTranslation } from 'react-i18next';

import type { Comparison } from '../../api/admin';

type Change = Comparison['files'][number];
type Lack = Comparison['missing'][number];
const COLOURS = { added: 'default', removed: 'red', changed: 'blue' } as const;

export function Changes({ of: seen }: { of: Comparison }) {
  const { t } = useTranslation();
  return (
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
      {seen.missing.length > 0 && <Lacks rows={seen.missing} />}
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
    </Space>
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
