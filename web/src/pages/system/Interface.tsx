// The interface now against the one that was accepted: what has changed, what waits for it, accept it.
import { Alert, Button, Descriptions, List, Popconfirm, Skeleton, Space, Table } from 'antd';
import { useTranslation } from 'react-i18next';

import { type Drift, useAccept, useDrift, useLook } from '../../api/systemData';
import { useLanguage } from '../../i18n';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';

type Difference = Drift['differences'][number];

export function Interface({ name }: { name: string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const drift = useDrift(name);
  const look = useLook(name);
  const accept = useAccept(name);
  const seen = drift.data;
  const trouble = look.error ?? accept.error;
  return (
    <Space orientation="vertical" style={{ width: '100%' }} data-ready={seen ? 'drift' : undefined}>
      {trouble && <Trouble error={trouble} />}
      {drift.isPending && <Skeleton active />}
      {/* Before the first look there is nothing to compare with. */}
      {drift.error && !seen && <Alert type="info" showIcon title={t('system.neverLooked')} />}
      {seen && (
        <Alert
          type={seen.state === 'ok' ? 'success' : 'error'}
          showIcon
          title={t(seen.state === 'ok' ? 'system.same' : 'system.stopped')}
        />
      )}
      <Space>
        <Button loading={look.isPending} onClick={() => look.mutate()} data-action="look">
          {t('system.look')}
        </Button>
        {seen && seen.differences.length > 0 && (
          <Popconfirm
            title={t('system.acceptSure')}
            okText={t('common.confirm')}
            cancelText={t('common.cancel')}
            onConfirm={() => accept.mutate(seen.etag)}
          >
            <Button type="primary" danger loading={accept.isPending} data-action="accept">
              {t('system.accept')}
            </Button>
          </Popconfirm>
        )}
      </Space>
      {seen && seen.differences.length > 0 && (
        <Table<Difference>
          rowKey={(each) => `${each.resource}/${each.field}/${each.kind}`}
          size="small"
          pagination={false}
          dataSource={seen.differences}
          columns={[
            { title: t('system.resource'), dataIndex: 'resource' },
            { title: t('system.field'), render: (_, each) => <code>{each.field}</code> },
            { title: t('system.change'), render: (_, each) => each.words[language] },
            { title: t('system.waits'), render: (_, each) => [...each.operations, ...each.readings].join(', ') },
          ]}
        />
      )}
      {seen && (
        <Descriptions size="small" column={2} bordered>
          <Descriptions.Item label={t('system.lookedAt')}>
            <Moment at={seen.looked_at} />
          </Descriptions.Item>
          <Descriptions.Item label={t('system.acceptedAt')}>
            <Moment at={seen.accepted_at} /> {seen.accepted_by}
          </Descriptions.Item>
          <Descriptions.Item label={t('system.product')}>
            {[seen.product, seen.version].filter(Boolean).join(' ') || t('system.unknown')}
          </Descriptions.Item>
        </Descriptions>
      )}
      {seen && seen.notes.length > 0 && (
        <List
          size="small"
          header={t('system.notes')}
          dataSource={seen.notes}
          renderItem={(note) => (
            <List.Item>
              <Moment at={note.at} /> {note.words[language]}
            </List.Item>
          )}
        />
      )}
    </Space>
  );
}
