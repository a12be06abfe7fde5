// Data flows: how they stand, and what an operator does with one.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Flow = Schemas['FlowView'];

export function useFlows() {
  return useQuery({
    queryKey: ['flows'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/flows', { signal })),
    refetchInterval: 10_000,
  });
}

export function useFlow(name: string) {
  return useQuery({
    queryKey: ['flows', name],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/flows/{name}', { params: { path: { name } }, signal })),
    refetchInterval: 5_000,
  });
}

export type FlowAct = 'run' | 'pause' | 'resume';

export function useFlowAct(name: string) {
  const queries = useQueryClient();
  const params = { path: { name } };
  return useMutation({
    mutationFn: ({ act, reason }: { act: FlowAct; reason?: string }) =>
      act === 'pause'
        ? answerOf(api.POST('/api/v1/flows/{name}/pause', { params, body: { reason: reason ?? '' } }))
        : act === 'resume'
          ? answerOf(api.POST('/api/v1/flows/{name}/resume', { params }))
          : answerOf(api.POST('/api/v1/flows/{name}/run', { params })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['flows'] }),
  });
}
