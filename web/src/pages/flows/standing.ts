// How a flow stands, in the words of the whole console.
import type { Flow } from '../../api/flows';
import type { State } from '../../widgets/states';

export function stateOfFlow(flow: Flow): State {
  return flow.status === 'paused' ? 'paused' : flow.status === 'running' ? 'active' : 'waiting';
}

export function backlogOf(flow: Flow): { count: number; oldest: string | undefined } {
  return {
    count: flow.waiting.reduce((sum, each) => sum + each.count, 0),
    oldest: flow.waiting.map((each) => each.oldest_at).sort()[0],
  };
}

export function routeOf(flow: Flow, system: (name: string) => string): string {
  const named = (all: Flow['ends']) => [...new Set(all.map((each) => system(each.system)))].join(', ');
  const from = named(flow.ends.filter((each) => each.reads));
  const to = named(flow.ends.filter((each) => each.writes));
  return flow.two_way ? `${from} ⇄` : `${from} → ${to}`;
}
