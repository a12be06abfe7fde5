// What a form holds, as the payload of a call.
import type { OfferedField } from '../../api/systemData';

export type Wish = Record<string, string | undefined>;

/** Numbers stay texts, which the hub reads exactly: a number of JavaScript would round them. */
export function payloadOf(fields: OfferedField[], wish: Wish): Record<string, unknown> {
  if (fields.length === 0) return JSON.parse(wish['']?.trim() || '{}') as Record<string, unknown>;
  const payload: Record<string, unknown> = {};
  for (const { name, type } of fields) {
    const given = wish[name]?.trim();
    if (!given) continue;
    if (type === 'boolean') payload[name] = given === 'true';
    else if (type === 'number') payload[name] = exact(given);
    else if (['string', 'date', 'time', 'date and time'].includes(type)) payload[name] = given;
    else payload[name] = JSON.parse(given);
  }
  return payload;
}

function exact(given: string): number | string {
  const number = Number(given);
  return Number.isFinite(number) && String(number) === given ? number : given;
}
