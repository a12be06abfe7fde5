// How one is told of tasks and processes: by mail, or by a channel on one's phone.
import { Form, Input, Modal, Radio, Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';

import { useChooseChannel, useOwnChannel } from '../api/people';
import { useLanguage } from '../i18n';
import { Trouble } from '../widgets/Trouble';

interface Wish {
  channel: string;
  name?: string;
}

export function HowTold({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const own = useOwnChannel();
  const choose = useChooseChannel();
  const [form] = Form.useForm<Wish>();
  const trouble = own.error ?? choose.error;
  return (
    <Modal
      open
      title={t('session.howTold')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: choose.isPending, disabled: !own.data }}
      onOk={() => form.submit()}
      onCancel={close}
      data-ready={own.data ? 'how-told' : undefined}
    >
      <p>{t('session.howToldWhy')}</p>
      {trouble && <Trouble error={trouble} />}
      {own.data ? (
        <Form
          form={form}
          layout="vertical"
          initialValues={{ channel: own.data.channel, name: own.data.name }}
          onFinish={({ channel, name }: Wish) =>
            choose.mutate({ channel, name: channel ? (name ?? '').trim() : '' }, { onSuccess: close })
          }
        >
          <Form.Item name="channel" label={t('session.channel')}>
            <Radio.Group
              className="how-told"
              options={[
                { value: '', label: own.data.email ? t('session.byMail', { email: own.data.email }) : t('session.noMail') },
                ...own.data.channels.map((each) => ({ value: each.system, label: each.title[language] })),
              ]}
            />
          </Form.Item>
          <Form.Item noStyle dependencies={['channel']}>
            {({ getFieldValue }) =>
              getFieldValue('channel') ? (
                <Form.Item
                  name="name"
                  label={t('session.channelName')}
                  rules={[{ required: true, whitespace: true, message: t('session.channelNameMissing') }]}
                >
                  <Input maxLength={128} autoComplete="off" />
                </Form.Item>
              ) : null
            }
          </Form.Item>
        </Form>
      ) : (
        !trouble && <Skeleton active paragraph={{ rows: 2 }} />
      )}
    </Modal>
  );
}
