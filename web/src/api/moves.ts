// What an operator does to a run by hand, and what happened to it step by step.
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type HistoryStep = Schemas['HistoryView'];
export type Move = 'suspend' | 'resume' | 'variables' | 'skip' | 'leave' | 'begin';

export interface Deed {
  move: Move;
  reason: string;
  element?: string | undefined;
  variables?: Record<string, unknown> | undefined;
}

export function useMove(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ move, reason, element = '', variables = {} }: Deed) => {
      const path = { instance_id: id };
      const there = { ...path, element };
      if (move === 'suspend') return answerOf(api.POST('/api/v1/instances/{instance_id}/suspend', { params: { path }, body: { reason } }));
      if (move === 'resume') return answerOf(api.POST('/api/v1/instances/{instance_id}/resume', { params: { path }, body: { reason } }));
      if (move === 'variables') {
        return answerOf(api.POST('/api/v1/instances/{instance_id}/variables', { params: { path }, body: { reason, variables } }));
      }
      if (move === 'leave') {
        return answerOf(
          api.POST('/api/v1/instances/{instance_id}/elements/{element}/leave', { params: { path: there }, body: { reason } }),
        );
      }
      if (move === 'skip') {
        return answerOf(
          api.POST('/api/v1/instances/{instance_id}/elements/{element}/skip', { params: { path: there }, body: { reason, variables } }),
        );
      }
      return answerOf(
        api.POST('/api/v1/instances/{instance_id}/elements/{element}/begin', { params: { path: there }, body: { reason, variables } }),
      );
    },
    // The run carries it out when its turn comes, which is mostly at once.
    onSuccess: async () => {
      await new Promise((looked) => setTimeout(looked, 400));
      await queries.invalidateQueries({ queryKey: ['instances'] });
    },
  });
}

export function useHistory(id: string) {
  return useInfiniteQuery({
    queryKey: ['instances', 'history', id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      answerOf(
        api.GET('/api/v1/instances/{instance_id}/history', {
          params: { path: { instance_id: id }, query: { cursor: pageParam ?? null, limit: 500 } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  });
}
