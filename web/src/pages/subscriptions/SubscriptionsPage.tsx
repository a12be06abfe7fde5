// Other programs that are told what happens here: where, what, how it does; and every single delivery.
import { Button, Form, Input, Modal, Popconfirm, Select, Space, Switch, Table, Tag, Typography } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import {
  type Subscription,
  useChangeSubscription,
  useEndSubscription,
  useMakeSubscription,
  useRenewSecret,
  useSubscriptions,
} from '../../api/admin';
import { Listing } from '../../widgets/Listing';
import { Once } from '../../widgets/Once';
import { PageHead } from '../../widgets/PageHead';
import { Ago } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { Deliveries } from './Deliveries';

const TYPES = [
  'instance.started',
  'instance.ended',
  'incident.opened',
  'incident.closed',
  'task.opened',
  'dead_letter.opened',
  'subscription.disabled',
] as const;
const COLOURS: Record<string, string> = { active: 'blue', paused: 'default', disabled: 'red' };

export function SubscriptionsPage() {
  const { t } = useTranslation();
  const subscriptions = useSubscriptions();
  const change = useChangeSubscription();
  const renew = useRenewSecret();
  const end = useEndSubscription();
  const [making, setMaking] = useState(false);
  const [once, setOnce] = useState<string>();
  const [looking, setLooking] = useState<Subscription>();
  const trouble = change.error ?? renew.error ?? end.error;
  return (
    <>
      <PageHead title={t('menu.subscriptions')} about={t('subscriptions.about')}>
        <Button type="primary" onClick={() => setMaking(true)} data-action="make-subscription">
          {t('subscriptions.make')}
        </Button>
      </PageHead>
      {once && <Once title={t('subscriptions.once')} value={once} />}
      {trouble && <Trouble error={trouble} />}
      <Listing query={subscriptions} isEmpty={(rows) => rows.length === 0} empty={t('subscriptions.none')}>
        {(rows) => (
          <Table<Subscription>
            rowKey="id"
            size="small"
            pagination={false}
            dataSource={rows}
            data-ready="subscriptions"
            columns={[
              { title: t('subscriptions.name'), dataIndex: 'name' },
              { title: t('subscriptions.url'), render: (_, each) => <code>{each.url}</code> },
              {
                title: t('subscriptions.types'),
                render: (_, each) =>
                  each.types.length === 0
                    ? t('common.all')
                    : each.types.map((type) => <Tag key={type}>{t(`subscriptions.type.${type as (typeof TYPES)[number]}`)}</Tag>),
              },
              {
                title: t('subscriptions.state'),
                render: (_, each) => (
                  <Space orientation="vertical" size={0}>
                    <Tag color={each.failing_since ? 'red' : (COLOURS[each.state] ?? 'default')}>
                      {t(`subscriptions.states.${each.state as 'active' | 'paused' | 'disabled'}`)}
                    </Tag>
                    {each.failing_since && (
                      <Typography.Text type="secondary">
                        {t('subscriptions.failing')} <Ago at={each.failing_since} />
                      </Typography.Text>
                    )}
                    {each.last_error && <Typography.Text type="secondary">{each.last_error}</Typography.Text>}
                  </Space>
                ),
              },
              {
                title: t('subscriptions.active'),
                render: (_, each) => (
                  <Switch
                    size="small"
                    checked={each.state === 'active'}
                    aria-label={t('subscriptions.active')}
                    onChange={(active) => change.mutate({ row: each, state: active ? 'active' : 'paused', reason: '' })}
                  />
                ),
              },
              {
                align: 'right',
                render: (_, each) => (
                  <Space>
                    <Button size="small" onClick={() => setLooking(each)} data-action="deliveries">
                      {t('subscriptions.deliveries')}
                    </Button>
                    <Button
                      size="small"
                      onClick={() => renew.mutate(each.id, { onSuccess: (made) => setOnce(made.secret ?? '') })}
                    >
                      {t('subscriptions.renew')}
                    </Button>
                    <Popconfirm
                      title={t('subscriptions.endSure', { name: each.name })}
                      okText={t('common.confirm')}
                      cancelText={t('common.cancel')}
                      onConfirm={() => end.mutate(each.id)}
                    >
                      <Button size="small" danger>
                        {t('subscriptions.end')}
                      </Button>
                    </Popconfirm>
                  </Space>
                ),
              },
            ]}
          />
        )}
      </Listing>
      {making && <MakeSubscription close={() => setMaking(false)} done={setOnce} />}
      {looking && <Deliveries of={looking} close={() => setLooking(undefined)} />}
    </>
  );
}

interface Wish {
  name: string;
  url: string;
  types?: string[];
  process_id?: string;
}

function MakeSubscription({ close, done }: { close: () => void; done: (secret: string) => void }) {
  const { t } = useTranslation();
  const make = useMakeSubscription();
  const [form] = Form.useForm<Wish>();
  const save = (wish: Wish) =>
    make.mutate(
      {
        name: wish.name,
        url: wish.url.trim(),
        types: wish.types ?? [],
        process_id: wish.process_id?.trim() || null,
        state: 'active',
        reason: '',
      },
      {
        onSuccess: (made) => {
          done(made.secret ?? '');
          close();
        },
      },
    );
  return (
    <Modal
      open
      title={t('subscriptions.make')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: make.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {make.error && <Trouble error={make.error} />}
      <Form form={form} layout="vertical" onFinish={save}>
        <Form.Item name="name" label={t('subscriptions.name')} rules={[{ required: true }]}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="url" label={t('subscriptions.url')} extra={t('subscriptions.urlAbout')} rules={[{ required: true }]}>
          <Input autoComplete="off" placeholder="https://" />
        </Form.Item>
        <Form.Item name="types" label={t('subscriptions.types')} extra={t('subscriptions.typesAbout')}>
          <Select
            mode="multiple"
            options={TYPES.map((type) => ({ value: type, label: t(`subscriptions.type.${type}`) }))}
          />
        </Form.Item>
        <Form.Item name="process_id" label={t('subscriptions.process')}>
          <Input autoComplete="off" />
        </Form.Item>
      </Form>
    </Modal>
  );
}

export const Component = SubscriptionsPage;
