// The target's fields: a row each, with where its value comes from, what is done to it, and what comes out.
import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, DownOutlined, PlusOutlined, RightOutlined } from '@ant-design/icons';
import { Button, Space } from 'antd';
import { Fragment, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { CellFault, MappingTrial } from '../../../api/mappings';
import { useLanguage } from '../../../i18n';
import { GridCell } from '../GridCell';
import { isObject, type Row, rowOf } from './paths';

const BEFORE = ['field', 'value'] as const;
const AFTER = ['map', 'lookup', 'convert'] as const;
const COLUMNS = 2 + BEFORE.length + AFTER.length;
const OF_VALUES = ['default', 'presence', 'join', 'unmapped', 'when', 'note'] as const;
const OF_OBJECTS = ['each', 'as', 'where', 'by', 'least', 'when', 'note'] as const;

interface Props {
  rows: Row[];
  faults: CellFault[];
  trial: MappingTrial | undefined;
  chosen: number | undefined;
  readOnly: boolean;
  onChoose: (row: number) => void;
  onChange: (rows: Row[]) => void;
}

export function FieldTable({ rows, faults, trial, chosen, readOnly, onChoose, onChange }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<number>();
  const put = (row: number, column: string, text: string) =>
    onChange(rows.map((each, index) => (index === row ? { ...each, [column]: text } : each)));
  const move = (row: number, by: number) => {
    const made = [...rows];
    const [moved] = made.splice(row, 1);
    if (moved) made.splice(row + by, 0, moved);
    onChange(made);
    setOpen(undefined);
  };
  const cell = (row: Row, index: number, column: string) => (
    <GridCell
      key={column}
      className={column === 'field' || column === 'value' ? 'mono' : undefined}
      label={t('mapping.cell', { field: row.field || index + 1, column: t(`mapping.columns.${column}` as 'mapping.columns.value') })}
      text={row[column] ?? ''}
      fault={faults.find((each) => each.row === index + 1 && each.column === column)}
      readOnly={readOnly}
      onFocus={() => onChoose(index)}
      onDone={(text) => put(index, column, text)}
    />
  );
  return (
    <div className="decision-scroll">
      <table className="decision-grid mapping-grid" data-ready="mapping-fields">
        <thead>
          <tr>
            <th><span className="visually-hidden">{t('mapping.more')}</span></th>
            {BEFORE.map((each) => <th key={each}>{t(`mapping.columns.${each}`)}</th>)}
            <th className="answer">{t('mapping.result')}</th>
            {AFTER.map((each) => <th key={each}>{t(`mapping.columns.${each}`)}</th>)}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => {
            const field = row.field ?? '';
            const further = (isObject(field) ? OF_OBJECTS : OF_VALUES).filter((each) => row[each]);
            return (
              <Fragment key={index}>
                <tr className={chosen === index ? 'is-lit' : undefined} data-field={field}>
                  <th scope="row">
                    <Button
                      type="text"
                      size="small"
                      icon={open === index ? <DownOutlined /> : <RightOutlined />}
                      aria-expanded={open === index}
                      aria-label={t('mapping.moreOf', { field: field || index + 1 })}
                      onClick={() => setOpen(open === index ? undefined : index)}
                    />
                  </th>
                  {BEFORE.map((each) => cell(row, index, each))}
                  <Outcome field={field} trial={trial} further={further.map((each) => `${t(`mapping.columns.${each}`)}: ${row[each]}`)} />
                  {AFTER.map((each) => cell(row, index, each))}
                </tr>
                {open === index && (
                  <tr className="mapping-more">
                    <td colSpan={COLUMNS}>
                      <table>
                        <tbody>
                          {(isObject(field) ? OF_OBJECTS : OF_VALUES).map((each) => (
                            <tr key={each}>
                              <th scope="row">{t(`mapping.columns.${each}`)}</th>
                              {cell(row, index, each)}
                            </tr>
                          ))}
                        </tbody>
                      </table>
                      {!readOnly && (
                        <Space>
                          <Button size="small" icon={<ArrowUpOutlined />} disabled={index === 0} onClick={() => move(index, -1)}>{t('mapping.up')}</Button>
                          <Button size="small" icon={<ArrowDownOutlined />} disabled={index === rows.length - 1} onClick={() => move(index, 1)}>{t('mapping.down')}</Button>
                          <Button size="small" danger icon={<DeleteOutlined />} onClick={() => onChange(rows.filter((_, at) => at !== index))}>{t('mapping.remove')}</Button>
                        </Space>
                      )}
                    </td>
                  </tr>
                )}
              </Fragment>
            );
          })}
        </tbody>
      </table>
      {!readOnly && (
        <Button size="small" icon={<PlusOutlined />} onClick={() => onChange([...rows, { field: `field_${rows.length + 1}` }])} data-action="add-field">
          {t('mapping.addField')}
        </Button>
      )}
    </div>
  );
}

/** What a row's field became for the sample, and from what; or what is wrong with it. */
function Outcome({ field, trial, further }: { field: string; trial: MappingTrial | undefined; further: string[] }) {
  const { language } = useLanguage();
  const values = trial?.values.filter((each) => rowOf(each.target) === field) ?? [];
  const troubles = trial?.troubles.filter((each) => rowOf(each.target) === field) ?? [];
  const [first] = values;
  return (
    <td className="answer mapping-outcome">
      {values.slice(0, 3).map((each) => (
        <output key={each.target} title={each.sources.join(', ')}>{shown(each.value)}</output>
      ))}
      {values.length > 3 && <span className="soft"> …</span>}
      {first && first.how.length > 1 && <div className="soft">{first.how.join(' → ')}</div>}
      {troubles.map((each, index) => (
        <div key={index} className={each.severity === 'error' ? 'decision-fault' : 'soft'}>{each.message[language]}</div>
      ))}
      {further.map((each) => <div key={each} className="soft">{each}</div>)}
    </td>
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
