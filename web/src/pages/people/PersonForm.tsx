// A person: added, or changed. What gives more rights may wait for a second person.
import { Form, Input, Modal, Select } from 'antd';
import { useTranslation } from 'react-i18next';

import { type Role, type User, useAddUser, useChangeUser, useDepartments, usePositions } from '../../api/people';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';

interface Wish {
  login: string;
  name: string;
  email?: string;
  department?: string;
  positions?: string[];
  roles?: string[];
}

export function PersonForm({
  user,
  close,
  done,
  roles,
}: {
  /** Who is changed; without one somebody is added. */
  user?: User | undefined;
  close: () => void;
  done: (once: { name: string; value: string }) => void;
  roles: Role[];
}) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const add = useAddUser();
  const change = useChangeUser();
  const departments = useDepartments();
  const positions = usePositions();
  const [form] = Form.useForm<Wish>();
  const save = ({ login, ...given }: Wish) => {
    const wish = {
      name: given.name,
      email: given.email ?? '',
      department: given.department ?? '',
      positions: given.positions ?? [],
      roles: given.roles ?? [],
    };
    if (user) {
      change.mutate({ login: user.login, ...wish }, { onSuccess: close });
      return;
    }
    add.mutate(
      { login, ...wish, source: 'local', subject: '' },
      {
        onSuccess: (made) => {
          if (made.password) done({ name: made.user.login, value: made.password });
          close();
        },
      },
    );
  };
  const trouble = add.error ?? change.error;
  return (
    <Modal
      open
      title={user ? user.login : t('people.add')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: add.isPending || change.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {trouble && <Trouble error={trouble} />}
      <Form
        form={form}
        layout="vertical"
        onFinish={save}
        initialValues={
          user
            ? {
                login: user.login,
                name: user.name,
                email: user.email,
                department: user.department || undefined,
                positions: user.positions,
                roles: user.roles,
              }
            : {}
        }
      >
        <Form.Item name="login" label={t('people.login')} rules={[{ required: true }]} hidden={user !== undefined}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="name" label={t('people.name')} rules={[{ required: true }]}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="email" label={t('people.email')}>
          <Input type="email" autoComplete="off" />
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
            showSearch={{ optionFilterProp: 'label' }}
            options={positions.data?.map((each) => ({ value: each.id, label: each.title[language] })) ?? []}
          />
        </Form.Item>
        <Form.Item name="roles" label={t('people.roles')}>
          <Select
            mode="multiple"
            showSearch={{ optionFilterProp: 'label' }}
            options={roles.map((role) => ({ value: role.id, label: role.title[language] }))}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}
