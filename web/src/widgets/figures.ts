// Quantities, money, durations and dates as people of each language write them.
import type { Language } from '../i18n';

const locale = (language: Language) => (language === 'zh' ? 'zh-CN' : 'en-GB');

/** An exact decimal that came as text, with thousands separated. */
export function quantity(value: string, language: Language, unit?: string | null): string {
  const number = Number(value);
  const shown = Number.isFinite(number) ? number.toLocaleString(locale(language), { maximumFractionDigits: 6 }) : value;
  return unit ? `${shown} ${unit}` : shown;
}

/** The same with the decimals that it came with: 904.00 stays a sum of money. */
export function exact(value: string, language: Language): string {
  const decimals = value.split('.')[1]?.length ?? 0;
  return Number(value).toLocaleString(locale(language), { minimumFractionDigits: decimals, maximumFractionDigits: 6 });
}

export function money(value: string, currency: string | null | undefined, language: Language): string {
  const number = Number(value);
  if (!Number.isFinite(number)) return value;
  const plain = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  if (!currency) return number.toLocaleString(locale(language), plain);
  try {
    return number.toLocaleString(locale(language), { ...plain, style: 'currency', currency });
  } catch {
    return `${number.toLocaleString(locale(language), plain)} ${currency}`;
  }
}

/** A date that came without a time of day. */
export function day(value: string, language: Language): string {
  const date = new Date(`${value.slice(0, 10)}T00:00:00`);
  if (Number.isNaN(date.getTime())) return value;
  return date.toLocaleDateString(locale(language), { year: 'numeric', month: '2-digit', day: '2-digit' });
}

const UNITS = {
  zh: { ms: '毫秒', s: '秒', min: '分', h: '小时', d: '天' },
  en: { ms: 'ms', s: 's', min: 'min', h: 'h', d: 'd' },
};

export function duration(seconds: number, language: Language): string {
  const units = UNITS[language];
  const shown = (value: number, unit: string) =>
    `${value.toLocaleString(locale(language), { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
  if (seconds < 1) return shown(Math.round(seconds * 1000), units.ms);
  if (seconds < 60) return shown(seconds, units.s);
  if (seconds < 3600) return shown(seconds / 60, units.min);
  if (seconds < 48 * 3600) return shown(seconds / 3600, units.h);
  return shown(seconds / 86_400, units.d);
}
