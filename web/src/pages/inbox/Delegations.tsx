// Who does one's tasks while one is away.
import { Button, DatePicker, Form, Input, Modal, Select } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useTranslation } from 'react-i18next';

import { useColleagues, useDelegate, useDelegations, useEndDelegation } from '../../api/inbox';
import { useMay, useMe } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';

interface Wish {
  taker: string;
  from: Dayjs;
  until: Dayjs;
  note?: string;
}

export function Delegations({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const me = useMe();
  const mayWork = useMay('tasks.work');
  const kept = useDelegations();
  const people = useColleagues(mayWork);
  const made = useDelegate();
  const ended = useEndDelegation();
  const [form] = Form.useForm<Wish>();
  const send = ({ taker, from, until, note }: Wish) =>
    made.mutate(
      { taker, begins_at: from.startOf('day').toISOString(), ends_at: until.endOf('day').toISOString(), note: note ?? '' },
      { onSuccess: () => form.resetFields() },
    );
  const error = made.error ?? ended.error;
  return (
    <Modal
      open
      title={t('inbox.delegation')}
      onCancel={close}
      onOk={() => form.submit()}
      okText={t('inbox.delegate')}
      cancelText={t('common.close')}
      okButtonProps={{ loading: made.isPending, disabled: !mayWork }}
    >
      <p>{t('inbox.delegationAbout')}</p>
      {error && <Trouble error={error} />}
      <Listing query={kept} isEmpty={(rows) => rows.length === 0} empty={t('inbox.noDelegation')} rows={2}>
        {(rows) => (
          <ul className="delegations" data-ready="delegations">
            {rows.map((each) => (
              <li key={each.id}>
                <span>
                  {each.is_own ? t('inbox.given', { name: each.taker_name }) : t('inbox.taken', { name: each.giver_name })}
                  <br />
                  <span className="soft small">
                    <Moment at={each.begins_at} /> – <Moment at={each.ends_at} />
                  </span>
                </span>
                {each.is_own && (
                  <Button size="small" loading={ended.isPending} onClick={() => ended.mutate(each.id)}>
                    {t('inbox.take_back')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Listing>
      {mayWork && (
        <Form form={form} layout="vertical" onFinish={send} initialValues={{ from: dayjs() }}>
          <Form.Item name="taker" label={t('inbox.to')} rules={[{ required: true, message: t('inbox.toMissing') }]}>
            <Select
              showSearch={{ optionFilterProp: 'label' }}
              placeholder={t('inbox.toMissing')}
              options={(people.data ?? [])
                .filter((each) => each.id !== me.name)
                .map((each) => ({ value: each.id, label: each.name[language] }))}
            />
          </Form.Item>
          <div className="delegation-time">
            {(['from', 'until'] as const).map((name) => (
              <Form.Item key={name} name={name} label={t(`inbox.${name}`)} rules={[{ required: true, message: t('inbox.periodMissing') }]}>
                <DatePicker style={{ width: '100%' }} />
              </Form.Item>
            ))}
          </div>
          <Form.Item name="note" label={t('common.reason')}>
            <Input maxLength={200} />
          </Form.Item>
        </Form>
      )}
    </Modal>
  );
}
