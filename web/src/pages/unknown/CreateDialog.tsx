// A missing code that is like no other: the steward enters what the record is called in another system.
import { Form, Input, Modal } from 'antd';
import { useTranslation } from 'react-i18next';

import { type Bound, useBind } from '../../api/bindings';
import { Trouble } from '../../widgets/Trouble';

interface Wish {
  system: string;
  id: string;
  label?: string;
  why: string;
}

export function CreateDialog({ own, close }: { own: Bound; close: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Wish>();
  const bind = useBind();
  const required = [{ required: true, whitespace: true, message: t('bindings.missing') }];
  return (
    <Modal
      open
      title={t('unknown.createTitle', { id: own.local_id })}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: bind.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {bind.error && <Trouble error={bind.error} />}
      <Form
        form={form}
        layout="vertical"
        onFinish={({ system, id, label = '', why }) =>
          bind.mutate(
            { ...own, label: label.trim(), why: why.trim(), siblings: { [system.trim()]: id.trim() } },
            { onSuccess: close },
          )
        }
      >
        <Form.Item name="system" label={t('bindings.system')} rules={required}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="id" label={t('bindings.id')} rules={required}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="label" label={t('bindings.label')}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="why" label={t('common.reason')} rules={required}>
          <Input.TextArea rows={2} maxLength={300} showCount />
        </Form.Item>
      </Form>
    </Modal>
  );
}
