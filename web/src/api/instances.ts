// Runs of processes: the list, one of them as it is drawn, and what an operator may do to it.
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Instance = Schemas['InstanceView'];
export type InstanceDetail = Schemas['InstanceDetailView'];
export type RunNode = Schemas['RunNode'];

export interface InstanceFilter {
  process?: string | undefined;
  status?: string | undefined;
  number?: string | undefined;
  stuck?: boolean | undefined;
  element?: string | undefined;
}

export function useInstances(filter: InstanceFilter) {
  return useInfiniteQuery({
    queryKey: ['instances', 'list', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      answerOf(
        api.GET('/api/v1/instances', {
          params: {
            query: {
              process_id: filter.process ?? null,
              status: filter.status ?? null,
              number: filter.number ?? null,
              with_incidents: filter.stuck ?? false,
              element: filter.element ?? null,
              cursor: pageParam ?? null,
              limit: 50,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
  });
}

export function useInstance(id: string) {
  return useQuery({
    queryKey: ['instances', 'one', id],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/instances/{instance_id}', { params: { path: { instance_id: id } }, signal })),
  });
}

export function useProcesses() {
  return useQuery({
    queryKey: ['processes'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/processes', { signal })),
  });
}

export function useProcessXml(process: string | undefined, version: string | undefined) {
  return useQuery({
    queryKey: ['process-xml', process, version],
    enabled: process !== undefined && version !== undefined,
    // A release never changes.
    staleTime: Infinity,
    queryFn: async ({ signal }) =>
      answerOf<string>(
        api.GET('/api/v1/processes/{process_id}/versions/{version}/xml', {
          params: { path: { process_id: process ?? '', version: version ?? '' } },
          parseAs: 'text',
          signal,
        }) as never,
      ),
  });
}

export function useCancel(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) =>
      answerOf(
        api.POST('/api/v1/instances/{instance_id}/cancel', {
          params: { path: { instance_id: id } },
          body: { reason },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['instances'] }),
  });
}

export function useResolve(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ number, reason }: { number: number; reason: string }) =>
      answerOf(
        api.POST('/api/v1/incidents/{instance_id}/{number}/resolve', {
          params: { path: { instance_id: id, number } },
          body: { reason },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['instances'] }),
  });
}
