// Key figures in words: values with their unit, targets, changes.
import type { Kpi } from '../../api/kpis';
import type { Language } from '../../i18n';
import type { State } from '../../widgets/states';
import { duration, quantity } from '../../widgets/figures';
import { sums } from './worth';

const SECONDS: Record<string, number> = { s: 1, min: 60, h: 3600, d: 86_400 };

export function shownValue(value: string | null, unit: string, language: Language): string {
  if (value === null) return '–';
  const seconds = SECONDS[unit];
  if (seconds !== undefined) return duration(Number(value) * seconds, language);
  if (/^[A-Z]{3}$/.test(unit)) return sums([{ currency: unit, amount: value }], language);
  const short = Number(value).toFixed(2).replace(/\.?0+$/, '');
  return quantity(short, language, unit || null);
}

export function shownTarget(kpi: Kpi, language: Language): string | null {
  return kpi.target === null ? null : `${kpi.better === 'lower' ? '≤' : '≥'} ${shownValue(kpi.target, kpi.unit, language)}`;
}

/** −87.5 %, with the sign that people write. */
export function shownChange(change: string | null): string | null {
  if (change === null) return null;
  const number = Number(change);
  return `${number > 0 ? '+' : number < 0 ? '−' : '±'}${Math.abs(number).toFixed(1).replace(/\.0$/, '')} %`;
}

export function stateOf(kpi: Kpi): State {
  return kpi.met === null ? 'waiting' : kpi.met ? 'done' : 'failed';
}
