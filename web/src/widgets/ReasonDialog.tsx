// A dangerous act asks for a reason first; everybody can read it afterwards.
import { Form, Input, Modal } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { Trouble } from './Trouble';

interface Props {
  title: string;
  /** The word of the button that does it. */
  action: string;
  danger?: boolean;
  busy: boolean;
  error: Error | null;
  close: () => void;
  onReason: (reason: string) => void;
  children?: ReactNode;
}

export function ReasonDialog({ title, action, danger = false, busy, error, close, onReason, children }: Props) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ reason: string }>();
  return (
    <Modal
      open
      title={title}
      okText={action}
      cancelText={t('common.cancel')}
      okButtonProps={{ danger, loading: busy }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {children}
      {error && <Trouble error={error} />}
      <Form
        form={form}
        layout="vertical"
        onFinish={({ reason }) => onReason(reason.trim())}
        style={{ marginTop: 12 }}
      >
        <Form.Item
          name="reason"
          label={t('common.reason')}
          rules={[{ required: true, whitespace: true, message: t('common.reasonMissing') }]}
        >
          <Input.TextArea rows={2} maxLength={300} showCount placeholder={t('common.reasonPlaceholder')} autoFocus />
        </Form.Item>
      </Form>
    </Modal>
  );
}
