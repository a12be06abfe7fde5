// What things of the hub are called for people: systems, operations, missing codes, reasons.
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';

import type { MissingCode } from '../api/effects';
import { useSystems } from '../api/systems';
import { type Language, useLanguage } from '../i18n';
import { saidOf } from './words';

export interface Names {
  system: (name: string | null | undefined) => string;
  /** A system's name where there is little room: CRM, ERP; by its words where its code is none of people's. */
  mark: (name: string) => string;
  operation: (system: string | null | undefined, operation: string | null | undefined) => string;
  missing: (code: Pick<MissingCode, 'kind' | 'system' | 'code'>) => string;
}

/** The hub's own steps, such as turning one document into another. */
const OWN = 'hub';
const KINDS = ['customer', 'product', 'material', 'supplier', 'unit', 'warehouse'] as const;
type Kind = (typeof KINDS)[number];

export function useNames(): Names {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const systems = useSystems().data ?? [];
  const find = (name: string | null | undefined) => systems.find((each) => each.name === name);
  const system = (name: string | null | undefined) =>
    find(name)?.title[language] ?? (name && name !== OWN ? name : t('map.hub'));
  const mark = (name: string) => {
    const [code, title] = [name.toUpperCase(), find(name)?.title[language]];
    return !title || title.toUpperCase().includes(code) ? code : title;
  };
  return {
    system,
    mark,
    operation: (name, operation) => {
      if (name === OWN && operation === 'map') return `${t('map.hub')} · ${t('map.mapping')}`;
      const said = operation ? (find(name)?.operation_titles?.[operation]?.[language] ?? operation) : '';
      return [system(name), said].filter(Boolean).join(' · ');
    },
    missing: ({ kind, system: name, code }) => {
      const word = (KINDS as readonly string[]).includes(kind) ? t(`reasons.kind.${kind as Kind}`) : kind;
      return t('reasons.missing', { kind: word, system: system(name), code });
    },
  };
}

const CLASSES = [
  'unavailable',
  'unknown',
  'invalid',
  'refused',
  'missing_reference',
  'rate_limited',
  'not_done',
] as const;

/** The kind of failure in the reader's language, then what the other system said. */
export function reasonOf(
  errorClass: string | null | undefined,
  said: string | null | undefined,
  language: Language,
  t: TFunction,
): string {
  const words = saidOf(said);
  const known = CLASSES.find((each) => each === errorClass);
  if (!known) return words;
  const head = t(`reasons.class.${known}`);
  if (!words) return head;
  // Words in another language than the reader's are quoted as such.
  // Such words of the hub's own name an address and a fault of the line: they say no more than this.
  if (known === 'unknown' && /\b(GET|POST|PUT|PATCH|DELETE) \//.test(words)) return t('reasons.lost');
  const chinese = /[\u4e00-\u9fff]/.test(words);
  // A lost reply: nobody else has said anything, and these words are the hub's own.
  if (known === 'unknown' && chinese !== (language === 'zh')) return t('reasons.lost');
  return head + t(chinese === (language === 'zh') ? 'reasons.then' : 'reasons.original', { said: words });
}

const DEMO_ROLES = ['sales', 'planning', 'warehouse', 'buyer', 'finance', 'technician', 'hr', 'it', 'boss'] as const;

/** What somebody is called on screens: the roles of the demo by their own words. */
export function useWho(): (name: string) => string {
  const { t } = useTranslation();
  return (name) => {
    const role = DEMO_ROLES.find((each) => each === name);
    return role ? t(`session.role.${role}`) : name;
  };
}
