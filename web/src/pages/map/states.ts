// The state of a system as one of the seven.
import type { System } from '../../api/systems';
import type { State } from '../../widgets/states';

const STATES: Record<string, State> = { ok: 'done', down: 'failed', paused: 'paused', degraded: 'retrying' };

export function lookOfSystem(system: System): State {
  return STATES[system.state] ?? 'waiting';
}

export type SystemWord = 'ok' | 'down' | 'paused' | 'degraded' | 'unknown';

export function wordOfSystem(system: System): SystemWord {
  return system.state in STATES ? (system.state as SystemWord) : 'unknown';
}
