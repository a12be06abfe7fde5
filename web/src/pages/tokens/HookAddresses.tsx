// From where webhooks may come: rules of the configuration, and rules that are set here.
import { Button, Form, Input, Popconfirm, Select, Table, Tag } from 'antd';
import { useTranslation } from 'react-i18next';

import { type HookRule, useHookRules, usePutHookRule, useRemoveHookRule } from '../../api/hooks';
import { Listing } from '../../widgets/Listing';
import { Trouble } from '../../widgets/Trouble';

export function HookAddresses() {
  const { t } = useTranslation();
  const rules = useHookRules();
  const put = usePutHookRule();
  const remove = useRemoveHookRule();
  const [form] = Form.useForm<{ hook: string; addresses: string[] }>();
  const trouble = put.error ?? remove.error;
  return (
    <section aria-label={t('tokens.hooks')} style={{ marginTop: 32 }}>
      <h2>{t('tokens.hooks')}</h2>
      <p>{t('tokens.hooksAbout')}</p>
      {trouble && <Trouble error={trouble} />}
      <Form
        form={form}
        layout="inline"
        style={{ marginBottom: 12, rowGap: 8 }}
        onFinish={(wish) => put.mutate(wish, { onSuccess: () => form.resetFields() })}
      >
        <Form.Item name="hook" rules={[{ required: true }]}>
          <Input placeholder={t('tokens.hook')} aria-label={t('tokens.hook')} autoComplete="off" />
        </Form.Item>
        <Form.Item name="addresses" rules={[{ required: true }]}>
          <Select
            mode="tags"
            open={false}
            placeholder={t('tokens.hookFrom')}
            aria-label={t('tokens.hookFrom')}
            style={{ minWidth: 260 }}
          />
        </Form.Item>
        <Button htmlType="submit" loading={put.isPending} data-action="keep-hook">
          {t('people.keep')}
        </Button>
      </Form>
      <Listing query={rules} isEmpty={(rows) => rows.length === 0} empty={t('tokens.noHooks')}>
        {(rows) => (
          <Table<HookRule>
            rowKey={(each) => `${each.hook} ${each.configured}`}
            size="small"
            pagination={false}
            dataSource={rows}
            data-ready="hook-rules"
            columns={[
              { title: t('tokens.hook'), render: (_, each) => <code>{each.hook}</code> },
              { title: t('tokens.from'), render: (_, each) => each.addresses.join(' ') },
              {
                title: t('tokens.hookBy'),
                render: (_, each) => (each.configured ? <Tag>{t('tokens.configured')}</Tag> : each.set_by),
              },
              {
                align: 'right',
                render: (_, each) =>
                  !each.configured && (
                    <Popconfirm
                      title={t('tokens.hookSure', { name: each.hook })}
                      okText={t('common.confirm')}
                      cancelText={t('common.cancel')}
                      onConfirm={() => remove.mutate(each.hook)}
                    >
                      <Button size="small" danger data-remove-hook={each.hook}>
                        {t('people.remove')}
                      </Button>
                    </Popconfirm>
                  ),
              },
            ]}
          />
        )}
      </Listing>
    </section>
  );
}
