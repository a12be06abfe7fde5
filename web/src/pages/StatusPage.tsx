// Answers first: is the hub well, and which of the systems are not?
import { Alert, Card, Empty, Skeleton, Table, Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';

import { ApiError } from '../api/client';
import { type System, useHealth, useSystems } from '../api/status';
import { useLanguage } from '../i18n';
import { since } from '../time';
import { SignIn } from '../widgets/SignIn';
import { StateTag } from '../widgets/StateTag';
import { Trouble } from '../widgets/Trouble';

const COUNTS = ['waiting', 'unknown', 'parked', 'dead'] as const;

export function StatusPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const health = useHealth();
  const systems = useSystems();

  if ([health.error, systems.error].some((error) => error instanceof ApiError && error.status === 401)) {
    return <SignIn />;
  }
  return (
    <>
      <div className="page-head">
        <h1>{t('status.title')}</h1>
        {health.dataUpdatedAt > 0 && (
          <span className="age number">
            {t('common.updated', { time: new Date(health.dataUpdatedAt).toLocaleTimeString(language) })}
          </span>
        )}
      </div>
      <HealthFacts health={health} />
      <Card title={t('status.systems')} styles={{ body: { padding: 0 } }}>
        <SystemTable systems={systems} />
      </Card>
    </>
  );
}

function HealthFacts({ health }: { health: ReturnType<typeof useHealth> }) {
  const { t } = useTranslation();
  const again = () => void health.refetch();
  if (health.isPending) return <Skeleton active paragraph={{ rows: 1 }} style={{ marginBottom: 12 }} />;
  if (!health.data) return <div style={{ marginBottom: 12 }}>{health.error && <Trouble error={health.error} retry={again} />}</div>;
  const store = health.data.store;
  return (
    <>
      {health.error && <Alert type="warning" showIcon title={t('status.stale')} style={{ marginBottom: 12 }} />}
      <dl className="facts" data-ready="health">
        <div className="fact">
          <dt>{t('status.hub')}</dt>
          <dd>
            <StateTag state={health.error ? 'unknown' : health.data.state} />
          </dd>
        </div>
        <div className="fact">
          <dt>{t('status.version')}</dt>
          <dd>{health.data.version ?? t('common.unknown')}</dd>
        </div>
        <div className="fact">
          <dt>{t('status.store')}</dt>
          <dd>{store ? t(`status.${store}`, { defaultValue: store }) : t('common.unknown')}</dd>
        </div>
      </dl>
    </>
  );
}

function SystemTable({ systems }: { systems: ReturnType<typeof useSystems> }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  if (systems.isPending) return <Skeleton active paragraph={{ rows: 3 }} style={{ padding: 16 }} />;
  if (!systems.data) {
    const absent = systems.error instanceof ApiError && systems.error.status === 404;
    if (absent) return <Empty style={{ padding: 24 }} description={t('status.absent')} data-ready="absent" />;
    return systems.error && <Trouble error={systems.error} retry={() => void systems.refetch()} />;
  }
  return (
    <Table<System>
      rowKey="name"
      size="middle"
      pagination={false}
      scroll={{ x: 'max-content' }}
      dataSource={systems.data}
      data-ready="systems"
      locale={{ emptyText: <Empty description={t('status.noSystems')} /> }}
      columns={[
        {
          title: t('status.system'),
          dataIndex: 'name',
          sorter: (a, b) => a.name.localeCompare(b.name),
          render: (_, system) => <Tooltip title={system.name}>{system.title[language]}</Tooltip>,
        },
        { title: t('status.connector'), dataIndex: 'connector', render: (name?: string) => name ?? '' },
        {
          title: t('status.state'),
          dataIndex: 'state',
          render: (_, system) => (
            <Tooltip title={system.reason?.[language]}>
              <span>
                <StateTag state={system.state} />
              </span>
            </Tooltip>
          ),
        },
        ...COUNTS.map((count) => ({
          title: t(`status.${count}`),
          dataIndex: count,
          align: 'right' as const,
          className: 'number',
          render: (value?: number) => value?.toLocaleString(language) ?? '',
        })),
        {
          title: t('status.oldest'),
          dataIndex: 'oldestAt',
          align: 'right',
          className: 'number',
          render: (at?: string) => at && <Tooltip title={new Date(at).toLocaleString(language)}>{since(at, language)}</Tooltip>,
        },
      ]}
    />
  );
}
