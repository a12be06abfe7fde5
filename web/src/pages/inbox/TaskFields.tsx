// The fields of a form, drawn by ourselves from form-js JSON: both languages, the same rules as the hub's.
import dayjs, { type Dayjs } from 'dayjs';
import { useTranslation } from 'react-i18next';

import type { FormField } from '../../api/inbox';
import { useLanguage } from '../../i18n';
import { AskedField } from './AskedField';
import { ShownField } from './ShownField';

type Values = Record<string, unknown>;
const DAY = 'YYYY-MM-DD';
const WIDE = ['table', 'list', 'textarea', 'image'];

/** What is sent: numbers as they were written, days as days, and nothing where nothing was filled in. */
export function typed(fields: FormField[], filled: Values): Values {
  return Object.fromEntries(
    fields
      .filter((field) => !field.readonly && filled[field.key] !== undefined && filled[field.key] !== '')
      .map((field) => [field.key, typedValue(field, filled[field.key])]),
  );
}

function typedValue(field: FormField, value: unknown): unknown {
  if (field.kind === 'list' && Array.isArray(value)) return value.map((row) => typed(field.fields, row as Values));
  return field.kind === 'date' && dayjs.isDayjs(value) ? (value as Dayjs).format(DAY) : value;
}

/** What the task was never given needs no place; nor does a picture that there is none of. */
const isThere = (field: FormField, given: Values) =>
  field.kind === 'image' ? Boolean(given[field.key]) : given[field.key] !== undefined;

interface Props {
  fields: FormField[] | undefined;
  values: unknown;
  readonly: boolean;
  /** Where a picture of this task is fetched from. */
  picture: (key: string) => string;
}

export function TaskFields({ fields, values, readonly, picture }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const given = (typeof values === 'object' && values !== null ? values : {}) as Values;
  const isFact = (field: FormField) => field.readonly || readonly;
  const notes = (fields ?? []).filter((field) => field.kind === 'note');
  const shown = (fields ?? []).filter((field) => isFact(field) && field.kind !== 'note' && isThere(field, given));
  const asked = (fields ?? []).filter((field) => !isFact(field));
  const facts: [string, unknown, FormField | undefined][] = fields
    ? shown.map((field) => [field.label[language], given[field.key], field])
    : Object.entries(given).map(([name, value]) => [name, value, undefined]);
  return (
    <>
      {facts.length === 0 && !fields && <p className="soft">{t('inbox.noData')}</p>}
      {facts.length > 0 && (
        <dl className="task-facts">
          {facts.map(([label, value, field], place) => (
            <div key={place} className={field && WIDE.includes(field.kind) ? 'wide' : undefined} data-fact={field?.key}>
              <dt>{label}</dt>
              <dd>
                <ShownField value={value} field={field} picture={picture} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {!readonly &&
        notes.map((field) => (
          <p key={field.key} className="task-note">
            {field.label[language]}
          </p>
        ))}
      {asked.map((field) => (
        <AskedField key={field.key} field={field} given={given[field.key]} />
      ))}
    </>
  );
}
