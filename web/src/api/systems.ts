// Connected systems: state, backlog, what went on today; pause, resume, test.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type System = Schemas['SystemView'];
export type CheckStep = Schemas['CheckStepView'];

const KEY = ['systems'] as const;

/** Today begins at the reader's own midnight. */
function midnight(): string {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate()).toISOString();
}

export function useSystems() {
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/api/v1/systems', { params: { query: { since: midnight() } }, signal }))).items,
  });
}

export function usePause() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ name, reason }: { name: string; reason: string }) =>
      answerOf(api.POST('/api/v1/systems/{name}/pause', { params: { path: { name } }, body: { reason } })),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}

export function useResume() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ name, reason }: { name: string; reason: string }) =>
      answerOf(api.POST('/api/v1/systems/{name}/resume', { params: { path: { name } }, body: { reason } })),
    onSettled: () => queries.invalidateQueries({ queryKey: KEY }),
  });
}

export function useCheck() {
  return useMutation({
    mutationFn: (name: string) => answerOf(api.POST('/api/v1/systems/{name}/check', { params: { path: { name } } })),
  });
}
