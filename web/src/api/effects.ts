// Calls of which nobody knows the outcome, and calls that wait for a missing code.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Effect = Schemas['EffectView'];

export function useUnknown() {
  return useQuery({
    queryKey: ['unknown'],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/unknown-outcomes', { params: { query: { limit: 200 } }, signal })),
  });
}

export interface MissingCode {
  reference: string;
  /** First words of the reference: what kind of thing, in which system, which code. */
  kind: string;
  system: string;
  code: string;
  items: Effect[];
}

/** Waiting calls by the code that they lack, the most wanted first. */
export function useParked() {
  return useQuery({
    queryKey: ['parked'],
    queryFn: async ({ signal }) => {
      const page = await answerOf(
        api.GET('/api/v1/effects', { params: { query: { status: 'parked', limit: 500 } }, signal }),
      );
      const groups = new Map<string, MissingCode>();
      for (const item of page.items) {
        const reference = item.reference ?? '';
        const [kind = '', system = '', ...code] = reference.split(':');
        const group = groups.get(reference) ?? { reference, kind, system, code: code.join(':'), items: [] };
        group.items.push(item);
        groups.set(reference, group);
      }
      return { groups: [...groups.values()].sort((a, b) => b.items.length - a.items.length), more: page.next != null };
    },
  });
}

export function useDecide() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { effect_id: string; verdict: 'done' | 'not_done'; answer?: Record<string, string> }) =>
      answerOf(api.POST('/api/v1/unknown-outcomes/decide', { body })),
    onSettled: () => queries.invalidateQueries({ queryKey: ['unknown'] }),
  });
}
