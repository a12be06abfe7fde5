// A call by hand, with a form made from what the operation declares.
import { Alert, Button, Form, Input, Popconfirm, Select, Space, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type OfferedField, type OfferedOperation, useCall } from '../../api/systemData';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';
import { payloadOf, type Wish } from './payload';

export function CallForm({ name, operations }: { name: string; operations: OfferedOperation[] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [chosen, choose] = useState(operations[0]?.name ?? '');
  const [form] = Form.useForm<Wish>();
  const call = useCall(name);
  const operation = operations.find((each) => each.name === chosen) ?? operations[0];
  if (!operation) return <p>{t('system.noOperations')}</p>;
  const send = () =>
    void form.validateFields().then((wish) =>
      call.mutate({ operation: operation.name, payload: payloadOf(operation.input, wish) }),
    );
  const button = (
    <Button type="primary" loading={call.isPending} onClick={operation.reads_only ? send : undefined} data-action="call">
      {t('system.call')}
    </Button>
  );
  return (
    <Space orientation="vertical" style={{ width: '100%', maxWidth: 720 }}>
      <Space>
        <Select
          aria-label={t('system.operations')}
          value={operation.name}
          onChange={(next) => {
            call.reset();
            form.resetFields();
            choose(next);
          }}
          options={operations.map((each) => ({ value: each.name, label: each.label[language] }))}
          style={{ minWidth: 260 }}
        />
        <Tag color={operation.reads_only ? 'default' : 'orange'}>
          {t(operation.reads_only ? 'system.readsOnly' : 'system.writes')}
        </Tag>
      </Space>
      <Form form={form} layout="vertical" key={operation.name}>
        {operation.input.map((field) => (
          <Entry key={field.name} field={field} />
        ))}
        {operation.input.length === 0 && (
          <Form.Item name="" label={t('system.payload')} rules={[{ validator: json(t('system.notJson')) }]}>
            <Input.TextArea rows={6} placeholder="{}" />
          </Form.Item>
        )}
      </Form>
      {operation.reads_only ? (
        button
      ) : (
        <Popconfirm
          title={t('system.callSure')}
          okText={t('common.confirm')}
          cancelText={t('common.cancel')}
          onConfirm={send}
        >
          {button}
        </Popconfirm>
      )}
      {call.error && <Trouble error={call.error} />}
      {call.data && (
        <Alert
          type="success"
          showIcon
          title={call.data.effect ? t('system.queued') : t('system.answered')}
          description={<pre>{JSON.stringify(call.data, null, 2)}</pre>}
          data-ready="call"
        />
      )}
    </Space>
  );
}

const PLAIN = ['string', 'number', 'date', 'time', 'date and time'];

function Entry({ field }: { field: OfferedField }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const rules = [
    { required: field.required, message: t('system.missing') },
    ...(PLAIN.includes(field.type) || field.type === 'boolean' ? [] : [{ validator: json(t('system.notJson')) }]),
  ];
  return (
    <Form.Item name={[field.name]} label={field.label?.[language] ?? field.name} extra={field.type} rules={rules}>
      {field.type === 'boolean' ? (
        <Select
          allowClear={!field.required}
          options={[
            { value: 'true', label: t('system.yes') },
            { value: 'false', label: t('system.no') },
          ]}
        />
      ) : PLAIN.includes(field.type) ? (
        <Input autoComplete="off" />
      ) : (
        <Input.TextArea rows={3} />
      )}
    </Form.Item>
  );
}

const json = (message: string) => (_: unknown, value: unknown) => {
  if (typeof value !== 'string' || value.trim() === '') return Promise.resolve();
  try {
    JSON.parse(value);
    return Promise.resolve();
  } catch {
    return Promise.reject(new Error(message));
  }
};
