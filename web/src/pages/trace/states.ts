// The hub's words for stages, documents and tones, as the console's seven states.
import type { State } from '../../widgets/states';

const OF: Readonly<Record<string, State>> = {
  done: 'done',
  active: 'active',
  failed: 'failed',
  waiting: 'waiting',
  open: 'waiting',
  pending: 'waiting',
  skipped: 'cancelled',
  cancelled: 'cancelled',
};

export function stateOf(word: string): State {
  return OF[word] ?? 'waiting';
}
