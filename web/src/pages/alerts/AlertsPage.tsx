// What stands still, is late or is missing; and what the release expects to follow.
import { Button, Segmented, Table, Tabs, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { type Alert, type Expectation, useAlerts, useExpectations } from '../../api/alerts';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Ago, Moment } from '../../widgets/time';

type Kind = 'stuck' | 'delay' | 'missing';
const COLOURS: Record<Kind, string> = { stuck: 'red', delay: 'default', missing: 'red' };

export function AlertsPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageHead title={t('menu.alerts')} about={t('alerts.about')} />
      <Tabs
        items={[
          { key: 'alerts', label: t('alerts.alerts'), children: <Alerts /> },
          { key: 'expectations', label: t('alerts.expectations'), children: <Expectations /> },
        ]}
      />
    </>
  );
}

function Alerts() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [state, setState] = useState<'open' | 'closed'>('open');
  const alerts = useAlerts(state);
  const rows = alerts.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <Segmented<'open' | 'closed'>
        value={state}
        onChange={setState}
        options={[
          { value: 'open', label: t('alerts.open') },
          { value: 'closed', label: t('alerts.closed') },
        ]}
        style={{ marginBottom: 12 }}
      />
      <div data-ready={alerts.isPending ? undefined : 'alerts'}>
        <Listing query={alerts} isEmpty={() => rows.length === 0} empty={t(state === 'open' ? 'alerts.none' : 'alerts.noneClosed')}>
          {() => (
            <>
              <Table<Alert>
                rowKey="id"
                size="small"
                pagination={false}
                dataSource={rows}
                columns={[
                  {
                    title: t('alerts.kind'),
                    render: (_, each) => (
                      <Tag color={COLOURS[each.kind as Kind]}>{t(`alerts.kinds.${each.kind as Kind}`)}</Tag>
                    ),
                  },
                  { title: t('alerts.what'), render: (_, each) => each.title[language] },
                  {
                    title: t('alerts.document'),
                    render: (_, each) =>
                      each.key && <Link to={`/trace/${encodeURIComponent(each.key)}`}>{each.key}</Link>,
                  },
                  {
                    title: t('alerts.node'),
                    render: (_, each) =>
                      each.instance ? <Link to={`/instances/${each.instance}`}>{each.node}</Link> : each.node,
                  },
                  { title: t('alerts.owner'), render: (_, each) => each.owner[language] },
                  { title: t('alerts.since'), render: (_, each) => <Ago at={each.since} /> },
                  { title: t('alerts.limit'), align: 'right', render: (_, each) => lasting(each.limit_s, t) },
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
            </>
          )}
        </Listing>
      </div>
    </>
  );
}

function Expectations() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const expectations = useExpectations();
  return (
    <Listing query={expectations} isEmpty={(rows) => rows.length === 0} empty={t('alerts.noExpectations')}>
      {(rows) => (
        <Table<Expectation>
          rowKey="name"
          size="small"
          pagination={false}
          dataSource={rows}
          data-ready="expectations"
          columns={[
            { title: t('alerts.what'), render: (_, each) => each.title[language] },
            { title: t('alerts.after'), render: (_, each) => <code>{each.after}</code> },
            { title: t('alerts.expect'), render: (_, each) => <code>{each.expect}</code> },
            { title: t('alerts.limit'), align: 'right', render: (_, each) => lasting(each.within_s, t) },
            { title: t('alerts.owner'), render: (_, each) => each.owner[language] },
            { title: t('alerts.pending'), align: 'right', dataIndex: 'pending' },
            {
              title: t('alerts.late'),
              align: 'right',
              render: (_, each) => (each.late ? <Tag color="red">{each.late}</Tag> : 0),
            },
          ]}
        />
      )}
    </Listing>
  );
}

function lasting(seconds: number, t: ReturnType<typeof useTranslation>['t']): string {
  if (seconds >= 86_400) return t('alerts.days', { count: Math.round(seconds / 8_640) / 10 });
  if (seconds >= 3_600) return t('alerts.hours', { count: Math.round(seconds / 360) / 10 });
  if (seconds >= 60) return t('alerts.minutes', { count: Math.round(seconds / 6) / 10 });
  return t('alerts.seconds', { count: Math.round(seconds) });
}

export const Component = AlertsPage;
