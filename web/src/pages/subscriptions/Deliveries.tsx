// The log of one subscription: each fact that was sent, the receiver's answer, and once more.
import { Button, Drawer, Segmented, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Delivery, type DeliveryState, type Subscription, useDeliveries, useRedeliver } from '../../api/admin';
import { Listing } from '../../widgets/Listing';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';

const COLOURS: Record<string, string> = { delivered: 'blue', waiting: 'default', failed: 'red' };

export function Deliveries({ of, close }: { of: Subscription; close: () => void }) {
  const { t } = useTranslation();
  const [state, setState] = useState<DeliveryState | 'all'>('all');
  const found = useDeliveries(of.id, state === 'all' ? undefined : state);
  const again = useRedeliver();
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  const states = ['all', 'waiting', 'delivered', 'failed'] as const;
  return (
    <Drawer open size={960} title={`${t('subscriptions.deliveries')} · ${of.name}`} onClose={close}>
      <Segmented<DeliveryState | 'all'>
        value={state}
        onChange={setState}
        options={states.map((each) => ({
          value: each,
          label: each === 'all' ? t('common.all') : t(`subscriptions.delivery.${each}`),
        }))}
        style={{ marginBottom: 12 }}
      />
      {again.error && <Trouble error={again.error} />}
      <Listing query={found} isEmpty={() => rows.length === 0} empty={t('subscriptions.noDeliveries')}>
        {() => (
          <>
            <Table<Delivery>
              rowKey="id"
              size="small"
              pagination={false}
              dataSource={rows}
              data-ready="deliveries"
              expandable={{ expandedRowRender: (each) => <pre>{JSON.stringify(each.data, null, 2)}</pre> }}
              columns={[
                { title: t('subscriptions.happened'), render: (_, each) => <Moment at={each.happened_at} /> },
                { title: t('subscriptions.types'), render: (_, each) => <code>{each.type}</code> },
                {
                  title: t('subscriptions.state'),
                  render: (_, each) => (
                    <Tag color={COLOURS[each.state] ?? 'default'}>
                      {t(`subscriptions.delivery.${each.state as DeliveryState}`)}
                    </Tag>
                  ),
                },
                { title: t('subscriptions.tries'), dataIndex: 'tries', align: 'right' },
                {
                  title: t('subscriptions.answer'),
                  render: (_, each) => (each.status ? `${each.status} · ${each.took_ms} ms` : each.error),
                },
                {
                  title: t('subscriptions.nextTry'),
                  render: (_, each) => each.next_try_at && <Moment at={each.next_try_at} />,
                },
                {
                  align: 'right',
                  render: (_, each) => (
                    <Button size="small" onClick={() => again.mutate({ subscription: of.id, delivery: each.id })}>
                      {t('subscriptions.again')}
                    </Button>
                  ),
                },
              ]}
            />
            {found.hasNextPage && (
              <Button block onClick={() => void found.fetchNextPage()} loading={found.isFetchingNextPage}>
                {t('common.more')}
              </Button>
            )}
          </>
        )}
      </Listing>
    </Drawer>
  );
}
