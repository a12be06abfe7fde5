// A rule's definition, as in a pack's file, and the form in which people change it.
import type { Severity } from './words';

export type Definition = Record<string, unknown>;

/** What the form holds; times in minutes. */
export interface RuleWish {
  kind: string;
  name: string;
  zh: string;
  en: string;
  ownerZh: string;
  ownerEn: string;
  process: string;
  element: string;
  operation: string;
  system: string;
  limit: number | null;
  limitMinutes: number | null;
  olderMinutes: number | null;
  withinMinutes: number | null;
  after: string;
  when: string;
  key: string;
  due: string;
  person: string;
  evidence: 'event' | 'effect' | 'document';
  expected: string[];
  until: string;
  enabled: boolean;
  severity: Severity;
  to: string[];
  channels: string[];
  quietMinutes: number | null;
  remindMinutes: number | null;
  remindMost: number | null;
  escalateMinutes: number | null;
  escalateTo: string[];
}

export type Field = keyof RuleWish;

const EXPECTING: readonly Field[] = [
  'name',
  'zh',
  'en',
  'after',
  'when',
  'key',
  'due',
  'withinMinutes',
  'evidence',
  'expected',
  'until',
  'person',
];

/** What is said of each kind of rule, beside whom to tell. */
export const FIELDS: Record<string, readonly Field[]> = {
  order: EXPECTING,
  stock: EXPECTING,
  receipt: EXPECTING,
  missing: EXPECTING,
  approvals: ['name', 'zh', 'en', 'process', 'limit', 'olderMinutes'],
  sync: ['name', 'zh', 'en', 'system', 'limit'],
  interface: ['name', 'zh', 'en', 'system', 'limitMinutes'],
  stuck: ['process', 'element', 'zh', 'en', 'limitMinutes'],
  delay: ['name', 'zh', 'en', 'operation', 'limitMinutes'],
};

const SECONDS: readonly [Field, string][] = [
  ['limitMinutes', 'limit_s'],
  ['olderMinutes', 'older_s'],
  ['withinMinutes', 'within_s'],
];
const TEXTS = ['name', 'process', 'element', 'operation', 'system', 'after', 'when', 'key', 'due', 'person'] as const;
const EVIDENCE = ['event', 'effect', 'document'] as const;

const table = (value: unknown): Definition => (typeof value === 'object' && value !== null ? (value as Definition) : {});
const words = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : value ? [words(value)] : []);
const minutes = (value: unknown): number | null => (typeof value === 'number' ? value / 60 : null);

function both(value: unknown): [string, string] {
  return typeof value === 'string' ? [value, value] : [words(table(value)['zh']), words(table(value)['en'])];
}

/** The numbers by which a rule decides. */
export function limitsOf(definition: Definition): { value: number; unit: '' | 's' }[] {
  const found: { value: number; unit: '' | 's' }[] = [];
  if (typeof definition['limit'] === 'number') found.push({ value: definition['limit'], unit: '' });
  for (const [, key] of SECONDS) {
    const value = definition[key];
    if (typeof value === 'number' && value > 1) found.push({ value, unit: 's' });
  }
  return found;
}

export function wishOf(kind: string, definition: Definition): RuleWish {
  const tell = table(definition['tell']);
  const expect = table(definition['expect']);
  const evidence = EVIDENCE.find((each) => expect[each]) ?? 'event';
  const [zh, en] = both(definition['title']);
  const [ownerZh, ownerEn] = both(definition['owner']);
  const texts = Object.fromEntries(TEXTS.map((key) => [key, words(definition[key])])) as Record<
    (typeof TEXTS)[number],
    string
  >;
  return {
    ...texts,
    kind,
    zh,
    en,
    ownerZh,
    ownerEn,
    limit: typeof definition['limit'] === 'number' ? definition['limit'] : null,
    limitMinutes: minutes(definition['limit_s']),
    olderMinutes: minutes(definition['older_s']),
    withinMinutes: minutes(definition['within_s']),
    evidence,
    expected: list(expect[evidence]),
    until: words(expect['when']),
    enabled: tell['enabled'] !== false,
    severity: (tell['severity'] as Severity | undefined) ?? 'warning',
    to: list(tell['to']),
    channels: tell['channels'] === undefined ? ['mail'] : list(tell['channels']),
    quietMinutes: minutes(tell['quiet_s']),
    remindMinutes: minutes(tell['remind_s']),
    remindMost: typeof tell['remind_most'] === 'number' ? tell['remind_most'] : null,
    escalateMinutes: minutes(tell['escalate_s']),
    escalateTo: list(tell['escalate_to']),
  };
}

/** Puts a wish over a definition: what the form does not know stays as it was. */
export function definitionOf(wish: RuleWish, before: Definition): Definition {
  const fields = FIELDS[wish.kind] ?? [];
  const found: Definition = { ...before };
  const put = (into: Definition, key: string, value: unknown) => {
    if (value === null || value === undefined || value === '') delete into[key];
    else into[key] = value;
  };
  for (const key of TEXTS) if (fields.includes(key)) put(found, key, wish[key].trim());
  for (const [field, key] of SECONDS)
    if (fields.includes(field)) put(found, key, seconds(wish[field] as number | null));
  // A fixed limit takes the place of one that follows from past runs.
  if (fields.includes('limitMinutes') && wish.limitMinutes !== null) delete found['factor'];
  if (fields.includes('limit')) put(found, 'limit', wish.limit);
  if (fields.includes('zh')) put(found, 'title', pair(wish.zh, wish.en));
  if (fields === EXPECTING) {
    put(found, 'kind', wish.kind);
    const expect: Definition = {
      [wish.evidence]: wish.expected.length === 1 ? wish.expected[0] : wish.expected,
    };
    put(expect, 'when', wish.until.trim());
    found['expect'] = expect;
  }
  put(found, 'owner', pair(wish.ownerZh, wish.ownerEn));
  const tell: Definition = { ...table(before['tell']) };
  put(tell, 'severity', wish.severity);
  put(tell, 'enabled', wish.enabled ? null : false);
  tell['to'] = wish.to;
  tell['channels'] = wish.channels;
  put(tell, 'quiet_s', seconds(wish.quietMinutes));
  put(tell, 'remind_s', seconds(wish.remindMinutes));
  put(tell, 'remind_most', wish.remindMost);
  put(tell, 'escalate_s', seconds(wish.escalateMinutes));
  put(tell, 'escalate_to', wish.escalateTo.length > 0 ? wish.escalateTo : null);
  found['tell'] = tell;
  return found;
}

/** The rule's name among all: its kind and what tells it from others of that kind. */
export function idOf(wish: RuleWish): string {
  return wish.kind === 'stuck' ? `stuck/${wish.process}/${wish.element || '*'}` : `${wish.kind}/${wish.name}`;
}

function pair(zh: string, en: string): { zh: string; en: string } | null {
  const [one, other] = [zh.trim() || en.trim(), en.trim() || zh.trim()];
  return one ? { zh: one, en: other } : null;
}

function seconds(value: number | null): number | null {
  return value === null ? null : Math.round(value * 60);
}
