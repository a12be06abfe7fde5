// What an operator may do to a run; each move asks for a reason, which everybody sees in its history.
import { RedoOutlined, StopOutlined } from '@ant-design/icons';
import { App, Button, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type InstanceDetail, useCancel, useResolve } from '../../api/instances';
import { useLanguage } from '../../i18n';

export function Moves({ run, name }: { run: InstanceDetail; name: string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const [asking, ask] = useState<'cancel' | 'resolve'>();
  const [form] = Form.useForm<{ reason: string }>();
  const cancel = useCancel(run.instance.id);
  const resolve = useResolve(run.instance.id);
  const trouble = run.incidents[0];
  if (['completed', 'terminated'].includes(run.instance.status)) return null;
  const done = () => {
    ask(undefined);
    form.resetFields();
  };
  const carryOut = ({ reason }: { reason: string }) => {
    const failed = (error: Error) => void message.error(error.message || t('trouble.unreachable'));
    if (asking === 'cancel') cancel.mutate(reason, { onSuccess: done, onError: failed });
    else if (trouble) resolve.mutate({ number: trouble.number, reason }, { onSuccess: done, onError: failed });
  };
  return (
    <>
      {trouble && (
        <Button type="primary" icon={<RedoOutlined />} onClick={() => ask('resolve')}>
          {t('instances.resolve')}
        </Button>
      )}
      <Button danger icon={<StopOutlined />} onClick={() => ask('cancel')} data-action="cancel-run">
        {t('instances.cancel')}
      </Button>
      <Modal
        open={asking !== undefined}
        title={
          asking === 'cancel'
            ? t('instances.cancelTitle', { number: name })
            : t('instances.resolveTitle', { title: trouble?.title[language] ?? '' })
        }
        onCancel={done}
        onOk={() => form.submit()}
        okText={asking === 'cancel' ? t('instances.cancel') : t('instances.resolve')}
        cancelText={t('common.close')}
        okButtonProps={{ danger: asking === 'cancel' }}
        confirmLoading={cancel.isPending || resolve.isPending}
      >
        <p>{asking === 'cancel' ? t('instances.cancelHint') : t('instances.resolveHint')}</p>
        <Form form={form} layout="vertical" onFinish={carryOut}>
          <Form.Item name="reason" label={t('common.reason')} rules={[{ required: true, whitespace: true, message: t('common.reasonMissing') }]}>
            <Input.TextArea rows={3} placeholder={t('common.reasonPlaceholder')} />
          </Form.Item>
        </Form>
      </Modal>
    </>
  );
}
