// What a run's history says, for people: one line for each fact, and what it waits for by message or clock.
import type { HistoryStep } from '../../api/moves';

export interface Fact {
  seq: number;
  at: string;
  kind: string;
  element: string;
  /** What the fact names beside its element: a message, a code, who did what and why. */
  about: string;
  /** A person did it. */
  byHand: boolean;
}

/** Facts that say nothing to a person beside the others of their step. */
const SMALL = new Set(['flow_taken', 'job_created', 'script_requested', 'decision_requested', 'subscribed', 'command_held']);
const NAMED = ['reason', 'message', 'person', 'name', 'code', 'decision_id', 'process_id', 'key', 'due_at'] as const;

export function factsOf(steps: HistoryStep[]): Fact[] {
  return steps.flatMap((step) =>
    step.events
      .filter(({ kind }) => !SMALL.has(String(kind)))
      .map((event) => ({
        seq: step.seq,
        at: step.at,
        kind: String(event.kind),
        element: word(event.element),
        about:
          event.kind === 'variables_set' && Array.isArray(event.names)
            ? event.names.join(', ')
            : NAMED.map((name) => word(event[name])).find(Boolean) ?? '',
        byHand: word(event.reason) !== '' && event.kind !== 'instance_terminated' ? true : event.kind === 'element_moved',
      })),
  );
}

export interface Wait {
  key: string;
  kind: 'message' | 'timer';
  element: string;
  name: string;
  correlation: string;
  since: string;
  /** When it came; not yet: undefined. */
  came?: string | undefined;
  /** The run went another way before it came. */
  over: boolean;
}

/** What the run waited or waits for: messages by name and key, timers by when they are due. */
export function waitsOf(steps: HistoryStep[]): Wait[] {
  const found = new Map<string, Wait>();
  const byToken = new Map<string, string[]>();
  for (const { at, events } of steps) {
    for (const event of events) {
      const begins = event.kind === 'subscribed' ? `message/${word(event.subscription)}` : event.kind === 'timer_started' ? `timer/${word(event.timer)}` : '';
      const comes = event.kind === 'correlated' ? `message/${word(event.subscription)}` : event.kind === 'timer_fired' ? `timer/${word(event.timer)}` : '';
      if (begins) {
        const isTimer = begins.startsWith('timer');
        found.set(begins, {
          key: begins,
          kind: isTimer ? 'timer' : 'message',
          element: word(event.element),
          name: isTimer ? word(event.due_at) : word(event.name),
          correlation: word(event.key),
          since: at,
          over: false,
        });
        const token = word(event.token);
        byToken.set(token, [...(byToken.get(token) ?? []), begins]);
      }
      const wait = comes ? found.get(comes) : undefined;
      if (wait) wait.came = at;
      if (event.kind === 'element_completed' || event.kind === 'element_terminated') {
        for (const key of byToken.get(word(event.token)) ?? []) {
          const other = found.get(key);
          if (other && !other.came) other.over = true;
        }
      }
    }
  }
  return [...found.values()];
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
