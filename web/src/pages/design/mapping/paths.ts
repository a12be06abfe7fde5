// Fields by their paths: which row of the table a value belongs to, and how a source field is written in it.
import type { Sheets } from '../../../api/mappings';

export type Row = Record<string, string>;

/** A sheet's rows below its heading, by the names of its columns. */
export function rowsOf(sheets: Sheets, sheet: string): Row[] {
  const [head = [], ...rows] = sheets[sheet] ?? [];
  return rows.map((row) => Object.fromEntries(head.map((name, at) => [name ?? '', row[at] ?? ''])));
}

/** The sheets with one sheet's rows replaced; its heading stays. */
export function withRows(sheets: Sheets, sheet: string, heading: string[], rows: Row[]): Sheets {
  const head = sheets[sheet]?.[0] ?? heading;
  return { ...sheets, [sheet]: [head, ...rows.map((row) => head.map((name) => row[name ?? ''] || null))] };
}

/** `Lines[2].Qty` belongs to the row `Lines[].Qty`. */
export const rowOf = (target: string) => target.replace(/\[\d+\]/g, '[]').replace(/^\[\]\.?/, '');

export const isObject = (field: string) => field.endsWith('.') || field.endsWith('[]');

/** The names that elements of lists have in a row, by the list's path: `record.lines` → `line`. */
function namesIn(rows: Row[], field: string): [list: string, name: string][] {
  return rows
    .filter((each) => each.each && each.field?.endsWith('[]') && field.startsWith(`${each.field}.`))
    .map((each) => [each.each ?? '', each.as || 'item']);
}

/** How a source field is written in a row: `line.qty` where the row stands in the list of lines. */
export function expressionFor(source: string, rows: Row[], field: string): string {
  let found = 'record';
  let rest = source;
  for (const [list, name] of namesIn(rows, field)) {
    const stem = `${list.replace(/^\w+\.?/, '')}[].`;
    if (rest.startsWith(stem)) {
      found = name;
      rest = rest.slice(stem.length);
    }
  }
  const steps = rest.split('.').map((step) => {
    const plain = step.replace(/\[\]$/, '');
    const named = /^[\p{L}_][\p{L}\p{N}_]*$/u.test(plain) ? plain : `\`${plain}\``;
    // Outside its list, the first of them.
    return step.endsWith('[]') && rest !== step ? `${named}[1]` : named;
  });
  return [found, ...steps].join('.');
}
