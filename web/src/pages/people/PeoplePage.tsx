// Who may come in, and what each may do: users, departments, the matrix of roles.
import { Alert, Button, Form, Input, Modal, Select, Space, Switch, Table, Tabs, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import {
  type Department,
  type Role,
  type User,
  useAddUser,
  useChangeUser,
  useDepartments,
  usePositions,
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
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { Positions } from './Positions';

export function PeoplePage() {
  const { t } = useTranslation();
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
  const [adding, setAdding] = useState(false);
  const [once, setOnce] = useState<{ name: string; value: string }>();
  const titles = new Map(roles.data?.roles.map((role) => [role.id, role.title[language]]));
  const rows = users.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {may && (
        <Button type="primary" onClick={() => setAdding(true)} data-action="add-user" style={{ marginBottom: 12 }}>
          {t('people.add')}
        </Button>
      )}
      {once && <Once title={t('people.once', { name: once.name })} value={once.value} />}
      {(change.error ?? reset.error) && <Trouble error={(change.error ?? reset.error) as Error} />}
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
                    {user.totp && <Tag color="green">{t('people.code')}</Tag>}
                    {user.must_change && <Tag color="gold">{t('people.mustChange')}</Tag>}
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
                render: (_, user) =>
                  may &&
                  user.source === 'local' && (
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
                  ),
              },
            ]}
          />
        )}
      </Listing>
      {adding && <AddUser close={() => setAdding(false)} done={setOnce} roles={roles.data?.roles ?? []} />}
    </>
  );
}

interface Added {
  login: string;
  name: string;
  department?: string;
  positions?: string[];
  roles?: string[];
}

function AddUser({
  close,
  done,
  roles,
}: {
  close: () => void;
  done: (once: { name: string; value: string }) => void;
  roles: Role[];
}) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const add = useAddUser();
  const departments = useDepartments();
  const positions = usePositions();
  const [form] = Form.useForm<Added>();
  const save = (wish: Added) =>
    add.mutate(
      { ...wish, department: wish.department ?? '', positions: wish.positions ?? [], roles: wish.roles ?? [], email: '', source: 'local', subject: '' },
      {
        onSuccess: (made) => {
          if (made.password) done({ name: made.user.login, value: made.password });
          close();
        },
      },
    );
  return (
    <Modal
      open
      title={t('people.add')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: add.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {add.error && <Trouble error={add.error} />}
      <Form form={form} layout="vertical" onFinish={save}>
        <Form.Item name="login" label={t('people.login')} rules={[{ required: true }]}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="name" label={t('people.name')} rules={[{ required: true }]}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="department" label={t('people.department')}>
          <Select
            allowClear
            options={departments.data?.map((each) => ({ value: each.id, label: each.title[language] })) ?? []}
          />
        </Form.Item>
        <Form.Item name="positions" label={t('people.positions')}>
          <Select
            mode="multiple"
            options={positions.data?.map((each) => ({ value: each.id, label: each.title[language] })) ?? []}
          />
        </Form.Item>
        <Form.Item name="roles" label={t('people.roles')}>
          <Select mode="multiple" options={roles.map((role) => ({ value: role.id, label: role.title[language] }))} />
        </Form.Item>
      </Form>
    </Modal>
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
            <Select allowClear placeholder={t('people.parent')} options={options} style={{ minWidth: 140 }} />
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

function Roles() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const matrix = useRoles();
  const classes = new Map(matrix.data?.field_classes.map((each) => [each.id, each.title[language]]));
  const actions = new Map(matrix.data?.actions.map((each) => [each.id, each.title[language]]));
  return (
    <Listing query={matrix} isEmpty={(found) => found.roles.length === 0} empty={t('people.none')}>
      {(found) => (
        <>
          <Alert type="info" title={t('people.rolesAbout')} style={{ marginBottom: 12 }} />
          <Table<Role>
            rowKey="id"
            size="small"
            pagination={false}
            dataSource={found.roles}
            data-ready="roles"
            expandable={{
              expandedRowRender: (role) => (
                <Space size={[4, 4]} wrap>
                  {role.actions.map((each) => (
                    <Tag key={each}>{actions.get(each) ?? each}</Tag>
                  ))}
                </Space>
              ),
            }}
            columns={[
              { title: t('people.role'), render: (_, role) => role.title[language] },
              { title: t('people.rows'), render: (_, role) => t(`people.row.${role.rows as 'all' | 'tree' | 'own'}`) },
              {
                title: t('people.sees'),
                render: (_, role) =>
                  Object.entries(role.fields).map(([name, sight]) => (
                    <Tag key={name} color={sight === 'own' ? 'blue' : 'default'}>
                      {classes.get(name) ?? name}
                      {sight === 'own' && ` · ${t('people.ownRows')}`}
                    </Tag>
                  )),
              },
              {
                title: t('people.masked'),
                render: (_, role) =>
                  found.field_classes
                    .filter((each) => !(each.id in role.fields))
                    .map((each) => each.title[language])
                    .join(language === 'zh' ? '、' : ', '),
              },
              { title: t('people.actions'), align: 'right', render: (_, role) => role.actions.length },
            ]}
          />
        </>
      )}
    </Listing>
  );
}

export const Component = PeoplePage;
