// Who may come in, and what each may do: users, departments, the matrix of roles.
import { Button, Form, Input, Popconfirm, Select, Space, Switch, Table, Tabs, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import {
  type Department,
  type User,
  useChangeUser,
  useDepartments,
  useEndCode,
  usePutDepartment,
  useResetPassword,
  useRoles,
  useUsers,
} from '../../api/people';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { Once } from '../../widgets/Once';
import { StateTag } from '../../widgets/StateTag';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { PersonForm } from './PersonForm';
import { Positions } from './Positions';
import { Roles } from './Roles';
import { SignInMethods } from './SignInMethods';

export function PeoplePage() {
  const { t } = useTranslation();
  const administers = useMay('administer');
  return (
    <>
      <PageHead title={t('menu.people')} about={t('people.about')} />
      <Tabs
        data-ready="people"
        items={[
          { key: 'users', label: t('people.users'), children: <Users /> },
          { key: 'departments', label: t('people.departments'), children: <Departments /> },
          { key: 'positions', label: t('people.positions'), children: <Positions /> },
          { key: 'roles', label: t('people.roles'), children: <Roles /> },
          ...(administers ? [{ key: 'methods', label: t('people.methods'), children: <SignInMethods /> }] : []),
        ]}
      />
    </>
  );
}

function Users() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('people.manage');
  const users = useUsers();
  const roles = useRoles();
  const change = useChangeUser();
  const reset = useResetPassword();
  const endCode = useEndCode();
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<User>();
  const [once, setOnce] = useState<{ name: string; value: string }>();
  const titles = new Map(roles.data?.roles.map((role) => [role.id, role.title[language]]));
  const rows = users.data?.pages.flatMap((page) => page.items) ?? [];
  const trouble = change.error ?? reset.error ?? endCode.error;
  return (
    <>
      {may && (
        <Button type="primary" onClick={() => setAdding(true)} data-action="add-user" style={{ marginBottom: 12 }}>
          {t('people.add')}
        </Button>
      )}
      {once && <Once title={t('people.once', { name: once.name })} value={once.value} />}
      {trouble && <Trouble error={trouble} />}
      <Listing query={users} isEmpty={() => rows.length === 0} empty={t('people.none')}>
        {() => (
          <Table<User>
            rowKey="login"
            size="small"
            pagination={false}
            dataSource={rows}
            data-ready="users"
            columns={[
              { title: t('people.login'), dataIndex: 'login' },
              { title: t('people.name'), dataIndex: 'name' },
              { title: t('people.department'), dataIndex: 'department' },
              {
                title: t('people.roles'),
                render: (_, user) =>
                  [...user.roles, ...user.positions].map((each) => <Tag key={each}>{titles.get(each) ?? each}</Tag>),
              },
              {
                title: t('people.safety'),
                render: (_, user) => (
                  <Space size={4}>
                    {user.source !== 'local' && <Tag>{user.source.toUpperCase()}</Tag>}
                    {user.totp && <StateTag state="done">{t('people.code')}</StateTag>}
                    {user.must_change && <Tag>{t('people.mustChange')}</Tag>}
                  </Space>
                ),
              },
              {
                title: t('people.lastSeen'),
                render: (_, user) => user.signed_in_at && <Moment at={user.signed_in_at} />,
              },
              {
                title: t('people.active'),
                render: (_, user) => (
                  <Switch
                    size="small"
                    checked={user.active}
                    disabled={!may}
                    aria-label={t('people.active')}
                    onChange={(active) => change.mutate({ login: user.login, active })}
                  />
                ),
              },
              {
                align: 'right',
                render: (_, user) =>
                  may && (
                    <Space>
                      <Button size="small" data-change={user.login} onClick={() => setChanging(user)}>
                        {t('people.edit')}
                      </Button>
                      {user.source === 'local' && (
                        <Button
                          size="small"
                          onClick={() =>
                            reset.mutate(user.login, {
                              onSuccess: (made) => made.password && setOnce({ name: user.login, value: made.password }),
                            })
                          }
                        >
                          {t('people.reset')}
                        </Button>
                      )}
                      {user.totp && (
                        <Popconfirm
                          title={t('people.endCodeSure', { name: user.name })}
                          okText={t('common.confirm')}
                          cancelText={t('common.cancel')}
                          onConfirm={() => endCode.mutate(user.login)}
                        >
                          <Button size="small">{t('people.endCode')}</Button>
                        </Popconfirm>
                      )}
                    </Space>
                  ),
              },
            ]}
          />
        )}
      </Listing>
      {(adding || changing) && (
        <PersonForm
          user={changing}
          close={() => {
            setAdding(false);
            setChanging(undefined);
          }}
          done={setOnce}
          roles={roles.data?.roles ?? []}
        />
      )}
    </>
  );
}

function Departments() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('people.manage');
  const departments = useDepartments();
  const put = usePutDepartment();
  const [form] = Form.useForm<{ id: string; zh: string; en: string; parent?: string }>();
  const options = departments.data?.map((each) => ({ value: each.id, label: each.title[language] })) ?? [];
  return (
    <>
      {put.error && <Trouble error={put.error} />}
      {may && (
        <Form
          form={form}
          layout="inline"
          style={{ marginBottom: 12 }}
          onFinish={(wish) =>
            put.mutate({ ...wish, parent: wish.parent ?? '' }, { onSuccess: () => form.resetFields() })
          }
        >
          <Form.Item name="id" rules={[{ required: true }]}>
            <Input placeholder={t('people.departmentId')} />
          </Form.Item>
          <Form.Item name="zh" rules={[{ required: true }]}>
            <Input placeholder={t('people.zh')} />
          </Form.Item>
          <Form.Item name="en" rules={[{ required: true }]}>
            <Input placeholder={t('people.en')} />
          </Form.Item>
          <Form.Item name="parent">
            <Select
              allowClear
              aria-label={t('people.parent')}
              placeholder={t('people.parent')}
              options={options}
              style={{ minWidth: 140 }}
            />
          </Form.Item>
          <Button htmlType="submit" loading={put.isPending}>
            {t('people.keep')}
          </Button>
        </Form>
      )}
      <Listing query={departments} isEmpty={(rows) => rows.length === 0} empty={t('people.noDepartments')}>
        {(rows) => (
          <Table<Department>
            rowKey="id"
            size="small"
            pagination={false}
            dataSource={rows}
            columns={[
              { title: t('people.departmentId'), dataIndex: 'id' },
              { title: t('people.name'), render: (_, each) => each.title[language] },
              { title: t('people.parent'), dataIndex: 'parent' },
            ]}
          />
        )}
      </Listing>
    </>
  );
}

export const Component = PeoplePage;
