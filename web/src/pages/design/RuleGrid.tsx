// The rules of one table: a row each, a cell each; what cannot be read is said at its cell.
import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Space } from 'antd';
import { useTranslation } from 'react-i18next';

import type { Rule, Table } from '../../api/decisions';
import { GridCell } from './GridCell';

interface Props {
  table: Table;
  /** Numbers of the rules that matched the last trial, from 1. */
  lit: number[];
  readOnly: boolean;
  onChange: (rules: Rule[]) => void;
}

type Kind = 'inputs' | 'outputs' | 'annotations';

export function RuleGrid({ table, lit, readOnly, onChange }: Props) {
  const { t } = useTranslation();
  const { rules } = table;
  const put = (row: number, kind: Kind, column: number, text: string) =>
    onChange(
      rules.map((rule, index) =>
        index === row ? { ...rule, [kind]: cells(rule, kind, table).map((each, at) => (at === column ? text : each)) } : rule,
      ),
    );
  const move = (row: number, by: number) => {
    const made = [...rules];
    const [rule] = made.splice(row, 1);
    if (rule) made.splice(row + by, 0, rule);
    onChange(made);
  };
  const blank: Rule = { inputs: table.inputs.map(() => '-'), outputs: table.outputs.map(() => ''), annotations: [] };
  return (
    <div className="decision-scroll">
      <table className="decision-grid">
        <thead>
          <tr>
            <th>#</th>
            {table.inputs.map((each, index) => <th key={`i${index}`} title={each.name}>{each.label}</th>)}
            {table.outputs.map((each, index) => <th key={`o${index}`} className="answer" title={each.name}>{each.label}</th>)}
            {table.annotations.map((each, index) => <th key={`a${index}`}>{each}</th>)}
            {!readOnly && <th><span className="visually-hidden">{t('design.table.acts')}</span></th>}
          </tr>
        </thead>
        <tbody>
          {rules.map((rule, row) => (
            <tr key={row} className={lit.includes(row + 1) ? 'is-lit' : undefined} data-rule={row + 1}>
              <th scope="row" className="number">{row + 1}</th>
              {(['inputs', 'outputs', 'annotations'] as const).flatMap((kind) =>
                cells(rule, kind, table).map((text, column) => (
                  <GridCell
                    key={`${kind}${column}`}
                    label={t('design.table.cell', { row: row + 1, column: headOf(table, kind, column) })}
                    text={text}
                    fault={faultAt(table, kind, row, column)}
                    readOnly={readOnly}
                    onDone={(next) => put(row, kind, column, next)}
                  />
                )),
              )}
              {!readOnly && (
                <td>
                  <Space.Compact size="small">
                    <Button aria-label={t('design.table.up', { row: row + 1 })} icon={<ArrowUpOutlined />} disabled={row === 0} onClick={() => move(row, -1)} />
                    <Button aria-label={t('design.table.down', { row: row + 1 })} icon={<ArrowDownOutlined />} disabled={row === rules.length - 1} onClick={() => move(row, 1)} />
                    <Button aria-label={t('design.table.remove', { row: row + 1 })} icon={<DeleteOutlined />} onClick={() => onChange(rules.filter((_, index) => index !== row))} />
                  </Space.Compact>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {!readOnly && (
        <Button size="small" icon={<PlusOutlined />} onClick={() => onChange([...rules, blank])} data-action="add-rule">
          {t('design.table.add')}
        </Button>
      )}
    </div>
  );
}

function cells(rule: Rule, kind: Kind, table: Table): string[] {
  const found = rule[kind] ?? [];
  return kind === 'annotations' ? table.annotations.map((_, index) => found[index] ?? '') : found;
}

function headOf(table: Table, kind: Kind, column: number): string {
  return kind === 'annotations' ? (table.annotations[column] ?? '') : (table[kind][column]?.label ?? '');
}

function faultAt(table: Table, kind: Kind, row: number, column: number) {
  const wanted = kind === 'inputs' ? 'input' : 'output';
  return kind === 'annotations'
    ? undefined
    : table.faults.find((each) => each.kind === wanted && each.rule === row + 1 && each.column === column + 1);
}
