// Words of runs and calls as the console's seven states.
import type { State } from '../../widgets/states';

export const STATUSES = ['active', 'completed', 'terminated', 'suspended', 'frozen'] as const;

const RUNS: Readonly<Record<string, State>> = {
  active: 'active',
  completed: 'done',
  terminated: 'cancelled',
  suspended: 'paused',
  frozen: 'failed',
};

export function stateOfRun(status: string): State {
  return RUNS[status] ?? 'active';
}

const CALLS: Readonly<Record<string, State>> = {
  intended: 'active',
  attempted: 'active',
  unknown: 'waiting',
  parked: 'waiting',
  dead: 'failed',
  done: 'done',
  refused: 'failed',
  cancelled: 'cancelled',
  superseded: 'cancelled',
};

export function stateOfCall(status: string): State {
  return CALLS[status] ?? 'active';
}

const NODES: Readonly<Record<string, State>> = {
  done: 'done',
  active: 'active',
  waiting: 'waiting',
  retrying: 'retrying',
  failed: 'failed',
  cancelled: 'cancelled',
  paused: 'paused',
};

export function stateOfNode(state: string): State {
  return NODES[state] ?? 'active';
}
