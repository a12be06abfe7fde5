// How alerts look and what their durations are called.
import type { Alert } from '../../api/alerts';

export const KINDS = [
  'order',
  'stock',
  'receipt',
  'approvals',
  'sync',
  'interface',
  'stuck',
  'delay',
  'missing',
  'drift',
  'state',
] as const;
export type Kind = (typeof KINDS)[number];
export type Severity = 'info' | 'warning' | 'critical';

export const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

export const kindOf = (each: Pick<Alert, 'kind'>) => each.kind as Kind;
export const severityOf = (each: { severity: string }) => each.severity as Severity;

type Unit = 'alerts.days' | 'alerts.hours' | 'alerts.minutes' | 'alerts.seconds';

/** Takes no more of the translation than it says: the type of all its words is a large one to compare. */
export function lasting(seconds: number, t: (unit: Unit, options: { count: number }) => string): string {
  if (seconds >= 86_400) return t('alerts.days', { count: Math.round(seconds / 8_640) / 10 });
  if (seconds >= 3_600) return t('alerts.hours', { count: Math.round(seconds / 360) / 10 });
  if (seconds >= 60) return t('alerts.minutes', { count: Math.round(seconds / 6) / 10 });
  return t('alerts.seconds', { count: Math.round(seconds) });
}

/** Shorter times to be silent for, in seconds. */
export const MUTES = [3_600, 28_800, 86_400, 604_800] as const;
