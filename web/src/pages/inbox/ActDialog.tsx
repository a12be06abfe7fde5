// What needs a person, a step or a word before it is done.
import { Form, Input, Modal, Select } from 'antd';
import { useTranslation } from 'react-i18next';

import { type TaskDetail, useAct, useColleagues } from '../../api/inbox';
import { useMe } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';

export type AskedAct = 'return' | 'hand_over' | 'add_approver' | 'comment' | 'copy' | 'urge';
const TO_SOMEBODY: AskedAct[] = ['hand_over', 'add_approver', 'copy'];
const WITH_A_WORD: AskedAct[] = ['return', 'hand_over', 'comment'];

export function ActDialog({ act, task, close }: { act: AskedAct; task: TaskDetail; close: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const me = useMe();
  const gives = TO_SOMEBODY.includes(act);
  const people = useColleagues(gives);
  const sent = useAct(task.item.instance_id, task.item.token);
  const [form] = Form.useForm<{ note?: string; to?: string }>();
  const send = ({ note, to }: { note?: string; to?: string }) =>
    sent.mutate({ act, note: note?.trim() ?? '', to: to ?? '' }, { onSuccess: close });
  return (
    <Modal
      open
      title={t(`inbox.acts.${act}`)}
      okText={t(`inbox.acts.${act}`)}
      cancelText={t('common.cancel')}
      okButtonProps={{ danger: act === 'return', loading: sent.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
      data-ready="act"
    >
      <p>{t(`inbox.asks.${act}`)}</p>
      {sent.error && <Trouble error={sent.error} />}
      <Form form={form} layout="vertical" onFinish={send}>
        {gives && (
          <Form.Item name="to" label={t('inbox.to')} rules={[{ required: true, message: t('inbox.toMissing') }]}>
            <Select
              showSearch={{ optionFilterProp: 'label' }}
              loading={people.isPending}
              placeholder={t('inbox.toMissing')}
              options={(people.data ?? [])
                .filter((each) => each.id !== me.name)
                .map((each) => ({
                  value: each.id,
                  label: each.name[language] === each.id ? each.id : `${each.name[language]} (${each.id})`,
                }))}
            />
          </Form.Item>
        )}
        {act === 'return' && (
          <Form.Item name="to" label={t('inbox.step')} initialValue={task.return_to[0]?.element}>
            <Select options={task.return_to.map((each) => ({ value: each.element, label: each.title[language] }))} />
          </Form.Item>
        )}
        <Form.Item
          name="note"
          label={t('inbox.opinion')}
          rules={WITH_A_WORD.includes(act) ? [{ required: true, whitespace: true, message: t('common.reasonMissing') }] : []}
        >
          <Input.TextArea rows={3} maxLength={1000} showCount />
        </Form.Item>
      </Form>
    </Modal>
  );
}
