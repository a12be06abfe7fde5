// Secrets by name: set, replaced, forgotten. A value goes in and never comes out again.
import { Alert, Button, Form, Input, Modal, Popconfirm, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Secret, useRemoveSecret, useReseal, useSecrets, useSetSecret } from '../../api/admin';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';

export function SecretsPage() {
  const { t } = useTranslation();
  const secrets = useSecrets();
  const remove = useRemoveSecret();
  const reseal = useReseal();
  const [setting, setSetting] = useState<{ name: string }>();
  const trouble = remove.error ?? reseal.error;
  return (
    <>
      <PageHead title={t('menu.secrets')} about={t('secrets.about')}>
        <Space>
          <Button loading={reseal.isPending} onClick={() => reseal.mutate(undefined)}>
            {t('secrets.reseal')}
          </Button>
          <Button type="primary" onClick={() => setSetting({ name: '' })} data-action="set-secret">
            {t('secrets.set')}
          </Button>
        </Space>
      </PageHead>
      {reseal.data && (
        <Alert type="success" showIcon title={t('secrets.resealed', { count: Number(reseal.data.id) })} style={{ marginBottom: 12 }} />
      )}
      {trouble && <Trouble error={trouble} />}
      <Listing query={secrets} isEmpty={(rows) => rows.length === 0} empty={t('secrets.none')}>
        {(rows) => (
          <Table<Secret>
            rowKey="name"
            size="small"
            pagination={false}
            dataSource={rows}
            data-ready="secrets"
            columns={[
              { title: t('secrets.name'), render: (_, each) => <code>{each.name}</code> },
              { title: t('secrets.version'), dataIndex: 'version', align: 'right', width: 90 },
              { title: t('secrets.setAt'), render: (_, each) => <Moment at={each.set_at} /> },
              { title: t('secrets.setBy'), dataIndex: 'set_by' },
              { title: t('secrets.key'), render: (_, each) => <code>{each.key_id}</code> },
              {
                title: t('secrets.state'),
                render: (_, each) =>
                  each.problem ? (
                    <Tag color="red" title={each.problem}>
                      {each.problem}
                    </Tag>
                  ) : (
                    <Tag>{t('secrets.good')}</Tag>
                  ),
              },
              {
                align: 'right',
                render: (_, each) => (
                  <Space>
                    <Button size="small" onClick={() => setSetting({ name: each.name })} data-action="rotate-secret">
                      {t('secrets.rotate')}
                    </Button>
                    <Popconfirm
                      title={t('secrets.removeSure', { name: each.name })}
                      okText={t('common.confirm')}
                      cancelText={t('common.cancel')}
                      onConfirm={() => remove.mutate(each.name)}
                    >
                      <Button size="small" danger>
                        {t('secrets.remove')}
                      </Button>
                    </Popconfirm>
                  </Space>
                ),
              },
            ]}
          />
        )}
      </Listing>
      {setting && <SetSecret name={setting.name} close={() => setSetting(undefined)} />}
    </>
  );
}

function SetSecret({ name, close }: { name: string; close: () => void }) {
  const { t } = useTranslation();
  const set = useSetSecret();
  const [form] = Form.useForm<{ name: string; value: string }>();
  return (
    <Modal
      open
      title={name ? t('secrets.rotateTitle', { name }) : t('secrets.set')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: set.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {set.error && <Trouble error={set.error} />}
      <Form
        form={form}
        layout="vertical"
        initialValues={{ name }}
        onFinish={(wish) => set.mutate({ name: wish.name.trim(), value: wish.value }, { onSuccess: close })}
      >
        <Form.Item
          name="name"
          label={t('secrets.name')}
          extra={t('secrets.nameAbout')}
          rules={[{ required: true, pattern: /^[a-z][a-z0-9_]{0,79}$/, message: t('secrets.nameAbout') }]}
        >
          <Input autoComplete="off" disabled={name !== ''} />
        </Form.Item>
        <Form.Item
          name="value"
          label={t('secrets.value')}
          extra={t('secrets.valueAbout')}
          rules={[{ required: true, message: t('secrets.valueMissing') }]}
        >
          <Input.Password autoComplete="new-password" visibilityToggle={false} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

export const Component = SecretsPage;
