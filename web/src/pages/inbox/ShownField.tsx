// A value of a task as people read it: words for codes, numbers of the reader's language, tables, pictures.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { FormField } from '../../api/inbox';
import { type Language, useLanguage } from '../../i18n';
import { isMask, Masked } from '../../widgets/Masked';
import { StateTag } from '../../widgets/StateTag';
import { day, exact, quantity } from '../../widgets/figures';
import { stateOf } from '../trace/states';

type Row = Record<string, unknown>;
interface Column {
  name: string;
  label: string;
  words: FormField['options'];
}

export function ShownField({ value, field, picture }: { value: unknown; field: FormField | undefined; picture: (key: string) => string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  if (isEmpty(value)) return <span className="soft">—</span>;
  if (isMask(value)) return <Masked value={value} />;
  if (typeof value === 'boolean') return <>{t(value ? 'inbox.yes' : 'inbox.no')}</>;
  const label = field?.label[language] ?? t('inbox.data');
  if (field?.kind === 'image') return <Picture source={picture(field.key)} label={label} />;
  const option = field?.options.find((each) => each.value === value);
  if (option) return <>{option.label[language]}</>;
  if (Array.isArray(value) && value.every(isRow)) {
    return <Rows rows={value} columns={columnsOf(field, value, language)} label={label} />;
  }
  if (field?.kind === 'date') return <>{day(String(value), language)}</>;
  if (field?.kind === 'number') return <>{quantity(String(value), language)}</>;
  return <>{written(value)}</>;
}

function Rows({ rows, columns, label }: { rows: Row[]; columns: Column[]; label: string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const numeric = new Set(
    columns.filter(({ name }) => rows.every((row) => isEmpty(row[name]) || isMask(row[name]) || isNumber(row[name]))).map(({ name }) => name),
  );
  if (rows.length === 0) return <span className="soft">{t('inbox.noRows')}</span>;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={label}>
      <table className="plain task-rows">
        <thead>
          <tr>
            {columns.map(({ name, label: head }) => (
              <th key={name} className={numeric.has(name) ? 'right' : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {columns.map(({ name, label: head, words }) => (
                <td key={name} className={numeric.has(name) ? 'right number' : undefined} data-label={head}>
                  <Cell value={row[name]} words={words} language={language} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ value, words, language }: { value: unknown; words: FormField['options']; language: Language }) {
  if (isMask(value)) return <Masked value={value} />;
  const word = words.find((each) => each.value === value);
  if (word?.state) return <StateTag state={stateOf(word.state)}>{word.label[language]}</StateTag>;
  if (word) return <>{word.label[language]}</>;
  return <>{isNumber(value) ? exact(String(value), language) : written(value)}</>;
}

function Picture({ source, label }: { source: string; label: string }) {
  const { t } = useTranslation();
  const [gone, setGone] = useState(false);
  if (gone) return <span className="soft">{t('inbox.noPicture')}</span>;
  return (
    <a href={source} target="_blank" rel="noreferrer" className="task-picture">
      <img src={source} alt={label} onError={() => setGone(true)} />
    </a>
  );
}

function columnsOf(field: FormField | undefined, rows: Row[], language: Language): Column[] {
  if (field?.columns.length) return field.columns.map((each) => ({ name: each.value, label: each.label[language], words: each.words }));
  if (field?.fields.length) return field.fields.map((each) => ({ name: each.key, label: each.label[language], words: each.options }));
  return Object.keys(rows[0] ?? {}).map((name) => ({ name, label: name, words: [] }));
}

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value);
const isEmpty = (value: unknown) => value === null || value === undefined || value === '';
/** A number, or an exact one that came as text; no number of a document, which may begin with zeros. */
const isNumber = (value: unknown) => typeof value === 'number' || (typeof value === 'string' && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(value));

function written(value: unknown): string {
  if (isEmpty(value)) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
