// A role of the firm's own: its actions, rows, and for each class of sensitive fields what it sees.
import { Checkbox, Form, Input, Modal, Radio } from 'antd';
import { useTranslation } from 'react-i18next';

import { type Role, type RoleMatrix, usePutRole } from '../../api/people';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';

type Sight = 'all' | 'own' | 'masked';

interface Wish {
  id: string;
  zh: string;
  en: string;
  rows: 'all' | 'tree' | 'own';
  actions?: string[];
  sights: Record<string, Sight>;
}

interface Props {
  matrix: RoleMatrix;
  /** The role to change, or to begin a new one from. */
  from?: Role | undefined;
  isNew: boolean;
  close: () => void;
  /** Whether a second person must approve it first. */
  done: (waits: boolean) => void;
}

export function RoleForm({ matrix, from, isNew, close, done }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const put = usePutRole();
  const [form] = Form.useForm<Wish>();
  const sightOf = (name: string): Sight => (from?.fields[name] as Sight | undefined) ?? 'masked';
  return (
    <Modal
      open
      width={720}
      title={isNew ? t('people.addRole') : t('people.editRole', { name: from?.title[language] ?? '' })}
      okText={t('people.keep')}
      cancelText={t('common.cancel')}
      confirmLoading={put.isPending}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {put.error && <Trouble error={put.error} />}
      <Form<Wish>
        form={form}
        layout="vertical"
        initialValues={{
          ...(isNew ? {} : { id: from?.id, ...from?.title }),
          rows: from?.rows ?? 'tree',
          actions: from?.actions ?? [],
          sights: Object.fromEntries(matrix.field_classes.map((each) => [each.id, sightOf(each.id)])),
        }}
        onFinish={({ sights, actions, ...wish }) => {
          const fields: Record<string, 'all' | 'own'> = {};
          for (const [name, sight] of Object.entries(sights)) if (sight !== 'masked') fields[name] = sight;
          put.mutate(
            { ...wish, actions: actions ?? [], fields },
            {
              onSuccess: (made) => {
                done('status' in made);
                close();
              },
            },
          );
        }}
      >
        <Form.Item
          name="id"
          label={t('people.roleId')}
          extra={t('people.roleIdAbout')}
          rules={[{ required: true, pattern: /^[a-z][a-z0-9_-]*$/, message: t('people.roleIdAbout') }]}
        >
          <Input autoComplete="off" disabled={!isNew} />
        </Form.Item>
        <Form.Item name="zh" label={t('people.zh')} rules={[{ required: true }]}>
          <Input />
        </Form.Item>
        <Form.Item name="en" label={t('people.en')} rules={[{ required: true }]}>
          <Input />
        </Form.Item>
        <Form.Item name="rows" label={t('people.rows')}>
          <Radio.Group
            options={(['all', 'tree', 'own'] as const).map((value) => ({ value, label: t(`people.row.${value}`) }))}
          />
        </Form.Item>
        <Form.Item name="actions" label={t('people.mayDo')}>
          <Checkbox.Group
            style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(210px, 1fr))', gap: 4 }}
            options={matrix.actions.map((each) => ({ value: each.id, label: each.title[language] }))}
          />
        </Form.Item>
        {matrix.field_classes.map((each) => (
          <Form.Item key={each.id} name={['sights', each.id]} label={t('people.sight', { name: each.title[language] })}>
            <Radio.Group
              options={(['masked', 'own', 'all'] as const).map((value) => ({ value, label: t(`people.sights.${value}`) }))}
            />
          </Form.Item>
        ))}
      </Form>
    </Modal>
  );
}
