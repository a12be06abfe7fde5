// How processes run.
import { useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type ProcessLine = Schemas['ProcessLineView'];
export type ElementStats = Schemas['ElementStatsView'];

export function useProcessCounts() {
  return useQuery({
    queryKey: ['processes', 'counts'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/process-counts', { signal })),
    refetchInterval: 15_000,
  });
}

export function useProcessStats(id: string) {
  return useQuery({
    queryKey: ['processes', 'stats', id],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/processes/{process_id}/stats', { params: { path: { process_id: id } }, signal })),
    refetchInterval: 15_000,
  });
}
