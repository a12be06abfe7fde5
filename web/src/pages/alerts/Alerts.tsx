// The alerts with their figures; one is opened beside the list, many are taken or closed at once.
import { Button, Segmented, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Alert, useActOnAlerts, useAlerts } from '../../api/alerts';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { Ago, count, Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { AlertPanel } from './AlertPanel';
import { Figures } from './Figures';
import { SeverityTag } from './SeverityTag';
import { kindOf, lasting } from './words';

export function Alerts() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [state, setState] = useState<'open' | 'closed'>('open');
  const [looking, setLooking] = useState<string>();
  const [chosen, setChosen] = useState<string[]>([]);
  const alerts = useAlerts(state);
  const act = useActOnAlerts();
  const mayAct = useMay('work');
  const rows = alerts.data?.pages.flatMap((page) => page.items) ?? [];
  const ids = chosen.filter((id) => rows.some((each) => each.id === id));
  const all = (done: 'acknowledge' | 'resolve') =>
    act.mutate({ ids: ids.slice(0, 100), act: done }, { onSuccess: () => setChosen([]) });
  return (
    <>
      <Figures />
      <Space style={{ marginBottom: 12 }} wrap>
        <Segmented<'open' | 'closed'>
          value={state}
          onChange={(next) => {
            setChosen([]);
            setState(next);
          }}
          options={[
            { value: 'open', label: t('alerts.open') },
            { value: 'closed', label: t('alerts.closed') },
          ]}
        />
        {mayAct && state === 'open' && (
          <>
            <Button
              disabled={ids.length === 0}
              loading={act.isPending}
              onClick={() => all('acknowledge')}
              data-action="acknowledge-many"
            >
              {t('alerts.acts.acknowledge')}
            </Button>
            <Button disabled={ids.length === 0} loading={act.isPending} onClick={() => all('resolve')}>
              {t('alerts.acts.resolve')}
            </Button>
          </>
        )}
      </Space>
      {act.error && <Trouble error={act.error} />}
      <div data-ready={alerts.isPending ? undefined : 'alerts'}>
        <Listing
          query={alerts}
          isEmpty={() => rows.length === 0}
          empty={t(state === 'open' ? 'alerts.none' : 'alerts.noneClosed')}
        >
          {() => (
            // Not the table's own way to scroll: it measures with a hidden row, which would hold a second tick box.
            <div className="table-scroll" tabIndex={0} role="group" aria-label={t('alerts.list')}>
              <Table<Alert>
                rowKey="id"
                size="small"
                pagination={false}
                dataSource={rows}
                {...(mayAct && state === 'open'
                  ? { rowSelection: { selectedRowKeys: ids, onChange: (keys) => setChosen(keys.map(String)) } }
                  : {})}
                onRow={(each) => ({ onClick: () => setLooking(each.id), style: { cursor: 'pointer' } })}
                columns={[
                  { title: t('alerts.severity'), render: (_, each) => <SeverityTag of={each} /> },
                  { title: t('alerts.kind'), render: (_, each) => t(`alerts.kinds.${kindOf(each)}`) },
                  {
                    title: t('alerts.what'),
                    render: (_, each) => (
                      <Button type="link" size="small" style={{ padding: 0 }} onClick={() => setLooking(each.id)}>
                        {each.title[language]}
                      </Button>
                    ),
                  },
                  { title: t('alerts.count'), align: 'right', render: (_, each) => count(each.count, language) },
                  { title: t('alerts.document'), render: (_, each) => documentsOf(each) },
                  { title: t('alerts.node'), render: (_, each) => each.node },
                  { title: t('alerts.owner'), render: (_, each) => each.owner[language] },
                  { title: t('alerts.handler'), render: (_, each) => handlerOf(each, t('alerts.nobody')) },
                  { title: t('alerts.since'), render: (_, each) => <Ago at={each.since} /> },
                  {
                    title: t('alerts.limit'),
                    align: 'right',
                    render: (_, each) => (each.limit_s > 1 ? lasting(each.limit_s, t) : ''),
                  },
                  ...(state === 'closed'
                    ? [
                        {
                          title: t('alerts.closedAt'),
                          render: (_: unknown, each: Alert) => each.closed_at && <Moment at={each.closed_at} />,
                        },
                      ]
                    : []),
                ]}
              />
              {alerts.hasNextPage && (
                <Button block onClick={() => void alerts.fetchNextPage()} loading={alerts.isFetchingNextPage}>
                  {t('common.more')}
                </Button>
              )}
            </div>
          )}
        </Listing>
      </div>
      {looking && <AlertPanel id={looking} close={() => setLooking(undefined)} />}
    </>
  );
}

function documentsOf(each: Alert): string {
  const [first] = each.keys.length > 0 ? each.keys : [each.key];
  return each.keys.length > 1 ? `${first} …` : (first ?? '');
}

function handlerOf(each: Alert, nobody: string) {
  const who = each.assignee || each.acknowledged_by;
  return who || (each.closed_at ? '' : <Tag>{nobody}</Tag>);
}
