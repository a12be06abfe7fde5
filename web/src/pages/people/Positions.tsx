// Positions: whoever holds one has its roles.
import { Alert, Button, Form, Input, Popconfirm, Select, Space, Table, Tag } from 'antd';
import { useTranslation } from 'react-i18next';

import { type Position, usePositions, usePutPosition, useRemovePosition, useRoles } from '../../api/people';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { Trouble } from '../../widgets/Trouble';

interface Wish {
  id: string;
  zh: string;
  en: string;
  roles?: string[];
}

export function Positions() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('roles.manage');
  const positions = usePositions();
  const roles = useRoles();
  const put = usePutPosition();
  const remove = useRemovePosition();
  const [form] = Form.useForm<Wish>();
  const titles = new Map(roles.data?.roles.map((role) => [role.id, role.title[language]]));
  const trouble = put.error ?? remove.error;
  const waits = put.data && 'status' in put.data;
  return (
    <>
      {trouble && <Trouble error={trouble} />}
      {waits && <Alert type="info" showIcon title={t('people.waits')} style={{ marginBottom: 12 }} />}
      {may && (
        <Form
          form={form}
          layout="inline"
          style={{ marginBottom: 12, rowGap: 8 }}
          onFinish={(wish) =>
            put.mutate({ ...wish, roles: wish.roles ?? [] }, { onSuccess: () => form.resetFields() })
          }
        >
          <Form.Item name="id" rules={[{ required: true }]}>
            <Input placeholder={t('people.positionId')} aria-label={t('people.positionId')} />
          </Form.Item>
          <Form.Item name="zh" rules={[{ required: true }]}>
            <Input placeholder={t('people.zh')} aria-label={t('people.zh')} />
          </Form.Item>
          <Form.Item name="en" rules={[{ required: true }]}>
            <Input placeholder={t('people.en')} aria-label={t('people.en')} />
          </Form.Item>
          <Form.Item name="roles">
            <Select
              mode="multiple"
              placeholder={t('people.roles')}
              aria-label={t('people.roles')}
              options={roles.data?.roles.map((role) => ({ value: role.id, label: role.title[language] })) ?? []}
              style={{ minWidth: 220 }}
            />
          </Form.Item>
          <Button htmlType="submit" loading={put.isPending} data-action="keep-position">
            {t('people.keep')}
          </Button>
        </Form>
      )}
      <Listing query={positions} isEmpty={(rows) => rows.length === 0} empty={t('people.noPositions')}>
        {(rows) => (
          <Table<Position>
            rowKey="id"
            size="small"
            pagination={false}
            dataSource={rows}
            data-ready="positions"
            columns={[
              { title: t('people.positionId'), dataIndex: 'id' },
              { title: t('people.positionName'), render: (_, each) => each.title[language] },
              {
                title: t('people.roles'),
                render: (_, each) => each.roles.map((role) => <Tag key={role}>{titles.get(role) ?? role}</Tag>),
              },
              {
                align: 'right',
                render: (_, each) =>
                  may && (
                    <Space>
                      <Button
                        size="small"
                        onClick={() => form.setFieldsValue({ id: each.id, ...each.title, roles: each.roles })}
                      >
                        {t('people.edit')}
                      </Button>
                      <Popconfirm
                        title={t('people.removeSure', { name: each.title[language] })}
                        okText={t('common.confirm')}
                        cancelText={t('common.cancel')}
                        onConfirm={() => remove.mutate(each.id)}
                      >
                        <Button size="small" danger>
                          {t('people.remove')}
                        </Button>
                      </Popconfirm>
                    </Space>
                  ),
              },
            ]}
          />
        )}
      </Listing>
    </>
  );
}
