// What one field of a form is: its kind, key, words, rules and choices.
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Checkbox, Input, InputNumber, Select, Space } from 'antd';
import { type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { type Choice, type Component, isKnown, PROPERTIES, TYPES, withRule, withValue } from './components';

interface Props {
  component: Component;
  readOnly: boolean;
  onChange: (component: Component) => void;
}

export function ComponentPanel({ component, readOnly, onChange }: Props) {
  const { t } = useTranslation();
  const type = component.type;
  if (!isKnown(type)) return <p className="soft">{t('form.unknown', { type })}</p>;
  const has = (name: (typeof PROPERTIES)[typeof type][number]) => PROPERTIES[type].includes(name);
  const set = (name: string, value: unknown) => onChange(withValue(component, name, value));
  const rule = (name: string, value: unknown) => onChange(withRule(component, name, value));
  const rules = component.validate ?? {};
  return (
    <fieldset disabled={readOnly} className="form-panel" data-ready="component">
      <Labelled label={t('form.type')}>
        <Select
          aria-label={t('form.type')}
          value={type}
          disabled={readOnly}
          onChange={(value) => set('type', value)}
          options={TYPES.map((value) => ({ value, label: t(`form.types.${value}`) }))}
        />
      </Labelled>
      {type === 'text' ? (
        <Labelled label={t('form.text')} about={t('form.textAbout')}>
          <Input.TextArea aria-label={t('form.text')} rows={3} value={String(component.text ?? '')} onChange={({ target }) => set('text', target.value)} />
        </Labelled>
      ) : (
        <>
          <Labelled label={t('form.label')} about={t('design.bothNamesAbout')}>
            <Input aria-label={t('form.label')} value={component.label ?? ''} onChange={({ target }) => set('label', target.value)} />
          </Labelled>
          <Labelled label={t('form.key')} about={t('form.keyAbout')}>
            <Input aria-label={t('form.key')} className="mono" value={component.key ?? ''} onChange={({ target }) => set('key', target.value.trim())} />
          </Labelled>
          <Labelled label={t('form.description')}>
            <Input aria-label={t('form.description')} value={String(component.description ?? '')} onChange={({ target }) => set('description', target.value)} />
          </Labelled>
        </>
      )}
      <Space wrap>
        {has('required') && (
          <Checkbox checked={Boolean(rules.required)} onChange={({ target }) => rule('required', target.checked)}>{t('form.required')}</Checkbox>
        )}
        {has('readonly') && (
          <Checkbox checked={Boolean(component.readonly)} onChange={({ target }) => set('readonly', target.checked)}>{t('form.readonly')}</Checkbox>
        )}
      </Space>
      {has('range') && (
        <Space>
          {(['min', 'max'] as const).map((name) => (
            <Labelled key={name} label={t(`form.${name}`)}>
              <InputNumber aria-label={t(`form.${name}`)} value={rules[name] as number | null} onChange={(value) => rule(name, value)} />
            </Labelled>
          ))}
        </Space>
      )}
      {has('length') && (
        <Labelled label={t('form.maxLength')}>
          <InputNumber aria-label={t('form.maxLength')} min={1} value={rules.maxLength as number | null} onChange={(value) => rule('maxLength', value)} />
        </Labelled>
      )}
      {has('values') && !component.valuesKey && (
        <Pairs title={t('form.values')} name="value" rows={component.values ?? []} readOnly={readOnly} onChange={(rows) => set('values', rows)} />
      )}
      {has('values') && (
        <Labelled label={t('form.valuesKey')} about={t('form.valuesKeyAbout')}>
          <Input aria-label={t('form.valuesKey')} className="mono" value={String(component.valuesKey ?? '')} onChange={({ target }) => set('valuesKey', target.value.trim())} />
        </Labelled>
      )}
      {has('columns') && (
        <Pairs title={t('form.columns')} name="key" rows={component.columns ?? []} readOnly={readOnly} onChange={(rows) => set('columns', rows)} />
      )}
    </fieldset>
  );
}

function Labelled({ label, about, children }: { label: string; about?: string; children: ReactNode }) {
  return (
    <div className="form-labelled">
      <span>{label}</span>
      {children}
      {about && <span className="soft">{about}</span>}
    </div>
  );
}

interface PairsProps<T> {
  title: string;
  /** `value` or `key`: the code of a row, beside its words. */
  name: 'value' | 'key';
  rows: T[];
  readOnly: boolean;
  onChange: (rows: T[]) => void;
}

function Pairs<T extends Choice | { key: string; label: string }>({ title, name, rows, readOnly, onChange }: PairsProps<T>) {
  const { t } = useTranslation();
  const put = (at: number, field: string, text: string) =>
    onChange(rows.map((row, index) => (index === at ? { ...row, [field]: text } : row)));
  return (
    <div className="form-labelled">
      <span>{title}</span>
      {rows.map((row, index) => (
        <Space.Compact key={index} data-choice={index + 1}>
          <Input aria-label={t('form.code', { row: index + 1 })} className="mono" placeholder={t('form.codePlaceholder')} value={String((row as Record<string, unknown>)[name] ?? '')} onChange={({ target }) => put(index, name, target.value)} />
          <Input aria-label={t('form.words', { row: index + 1 })} placeholder={t('form.wordsPlaceholder')} value={row.label} onChange={({ target }) => put(index, 'label', target.value)} />
          <Button aria-label={t('form.removeRow', { row: index + 1 })} icon={<DeleteOutlined />} onClick={() => onChange(rows.filter((_, at) => at !== index))} />
        </Space.Compact>
      ))}
      {!readOnly && (
        <Button size="small" icon={<PlusOutlined />} onClick={() => onChange([...rows, { [name]: `${name}_${rows.length + 1}`, label: '' } as T])} data-action="add-choice">
          {t('form.addRow')}
        </Button>
      )}
    </div>
  );
}
