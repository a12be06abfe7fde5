// What a person fills in for a task: one field, or rows of fields.
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Checkbox, DatePicker, Form, Input, InputNumber, Select } from 'antd';
import dayjs from 'dayjs';
import { useTranslation } from 'react-i18next';

import type { FormField } from '../../api/inbox';
import { useLanguage } from '../../i18n';
import { PhotoInput } from '../../widgets/PhotoInput';

type Name = string | (string | number)[];

export function AskedField({ field, given, name = field.key }: { field: FormField; given: unknown; name?: Name }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  if (field.kind === 'list') return <AskedRows field={field} given={given} />;
  const label = field.label[language];
  const first = given ?? field.default ?? undefined;
  const isTick = field.kind === 'checkbox';
  const initial = field.kind === 'date' ? (first ? dayjs(String(first)) : undefined) : isTick ? first === true : first;
  return (
    <Form.Item
      name={name}
      label={isTick ? undefined : label}
      extra={field.description?.[language]}
      initialValue={initial}
      valuePropName={isTick ? 'checked' : 'value'}
      rules={[
        isTick
          ? { validator: (_, ticked) => (field.required && ticked !== true ? Promise.reject(new Error(t('inbox.required', { label }))) : Promise.resolve()) }
          : { required: field.required, message: t('inbox.required', { label }) },
      ]}
    >
      {inputOf(field, label, language, t('inbox.choosePlease'))}
    </Form.Item>
  );
}

function inputOf(field: FormField, label: string, language: 'zh' | 'en', placeholder: string) {
  const number = (text: string | null) => (text === null ? undefined : text);
  switch (field.kind) {
    case 'select':
      return (
        <Select
          allowClear={!field.required}
          placeholder={placeholder}
          options={field.options.map((each) => ({ value: each.value, label: each.label[language] }))}
        />
      );
    case 'number':
      return (
        <InputNumber<string>
          stringMode
          inputMode="decimal"
          style={{ width: '100%' }}
          min={number(field.least) as string}
          max={number(field.most) as string}
        />
      );
    case 'date':
      return <DatePicker style={{ width: '100%' }} />;
    case 'checkbox':
      return <Checkbox>{label}</Checkbox>;
    case 'photo':
      return <PhotoInput label={label} />;
    case 'textarea':
      return <Input.TextArea rows={3} maxLength={field.length_most ?? 10_000} />;
    default:
      return <Input maxLength={field.length_most ?? 10_000} />;
  }
}

function AskedRows({ field, given }: { field: FormField; given: unknown }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const label = field.label[language];
  return (
    <fieldset className="task-list" data-list={field.key}>
      <legend>{label}</legend>
      {field.description && <p className="soft small">{field.description[language]}</p>}
      <Form.List name={field.key} initialValue={Array.isArray(given) ? given : []}>
        {(rows, { add, remove }) => (
          <>
            {rows.map((row, place) => (
              <div key={row.key} className="task-list-row">
                {field.fields.map((each) => (
                  <AskedField key={each.key} field={each} given={undefined} name={[row.name, each.key]} />
                ))}
                <Button
                  icon={<DeleteOutlined />}
                  aria-label={t('inbox.removeRow', { label, place: place + 1 })}
                  onClick={() => remove(row.name)}
                />
              </div>
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({})} data-action={`add-${field.key}`} block>
              {t('inbox.addRow', { label })}
            </Button>
          </>
        )}
      </Form.List>
    </fieldset>
  );
}
