// Value maps 值映射: what a value of the source is called in the target.
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useTranslation } from 'react-i18next';

import type { CellFault } from '../../../api/mappings';
import { GridCell } from '../GridCell';
import type { Row } from './paths';

const COLUMNS = ['map', 'source', 'target'] as const;

interface Props {
  rows: Row[];
  faults: CellFault[];
  readOnly: boolean;
  onChange: (rows: Row[]) => void;
}

export function ValueMaps({ rows, faults, readOnly, onChange }: Props) {
  const { t } = useTranslation();
  const put = (row: number, column: string, text: string) =>
    onChange(rows.map((each, index) => (index === row ? { ...each, [column]: text } : each)));
  return (
    <div className="decision-scroll">
      <table className="decision-grid" data-ready="value-maps">
        <thead>
          <tr>
            {COLUMNS.map((each) => <th key={each}>{t(`mapping.maps.${each}`)}</th>)}
            {!readOnly && <th><span className="visually-hidden">{t('mapping.remove')}</span></th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index} data-entry={`${row.map} ${row.source}`}>
              {COLUMNS.map((column) => (
                <GridCell
                  key={column}
                  label={t('mapping.maps.cell', { row: index + 1, column: t(`mapping.maps.${column}`) })}
                  text={row[column] ?? ''}
                  fault={faults.find((each) => each.row === index + 1 && each.column === column)}
                  readOnly={readOnly}
                  onDone={(text) => put(index, column, text)}
                />
              ))}
              {!readOnly && (
                <td>
                  <Button
                    size="small"
                    type="text"
                    icon={<DeleteOutlined />}
                    aria-label={t('mapping.maps.remove', { row: index + 1 })}
                    onClick={() => onChange(rows.filter((_, at) => at !== index))}
                  />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {!readOnly && (
        <Button
          size="small"
          icon={<PlusOutlined />}
          onClick={() => onChange([...rows, { map: rows.at(-1)?.map ?? 'states', source: '', target: '' }])}
          data-action="add-entry"
        >
          {t('mapping.maps.add')}
        </Button>
      )}
    </div>
  );
}
