// Failed documents: by cause, singly with their payload, corrected, sent again, closed.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Cause = Schemas['CauseView'];
export type DeadLetter = Schemas['DeadLetterView'];
export type DeadLetterDetail = Schemas['DeadLetterDetailView'];
export type Finding = Schemas['FindingView'];
export type LetterStatus = 'open' | 'replayed' | 'resolved' | 'discarded';

const KEY = 'dead-letters';

export interface Filter {
  status: LetterStatus;
  system?: string | undefined;
  cause?: string | undefined;
}

export function useCauses(status: LetterStatus = 'open') {
  return useQuery({
    queryKey: [KEY, 'causes', status],
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/api/v1/dead-letter-causes', { params: { query: { status } }, signal }))).items,
  });
}

export function useDeadLetters(filter: Filter) {
  return useInfiniteQuery({
    queryKey: [KEY, 'list', filter],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET('/api/v1/dead-letters', {
          params: {
            query: {
              status: filter.status,
              limit: 100,
              ...(filter.system ? { system: filter.system } : {}),
              ...(filter.cause ? { cause: filter.cause } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? null,
  });
}

export function useDeadLetter(id: string | undefined) {
  return useQuery({
    queryKey: [KEY, 'detail', id],
    enabled: id !== undefined,
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/api/v1/dead-letters/{letter_id}/detail', { params: { path: { letter_id: id ?? '' } }, signal }),
      ),
  });
}

// The payload travels as the text a person has written, so that 0.10 stays 0.10 and no digit is lost.
const asWritten = (fields: Record<string, unknown>, payload: string | undefined) => () => {
  const rest = JSON.stringify(fields);
  if (payload === undefined) return rest;
  return rest === '{}' ? `{"payload":${payload}}` : `{"payload":${payload},${rest.slice(1)}`;
};

export function useCheckPayload() {
  return useMutation({
    mutationFn: ({ id, payload }: { id: string; payload: string }) =>
      answerOf(
        api.POST('/api/v1/dead-letters/{letter_id}/check', {
          params: { path: { letter_id: id } },
          body: { payload: {} },
          bodySerializer: asWritten({}, payload),
        }),
      ),
  });
}

export function useReplay() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, payload, reason }: { id: string; payload?: string | undefined; reason: string }) =>
      answerOf(
        api.POST('/api/v1/dead-letters/{letter_id}/replay', {
          params: { path: { letter_id: id } },
          body: { reason },
          bodySerializer: asWritten({ reason }, payload),
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: [KEY] }),
  });
}

export function useReplayMany() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { ids: string[]; reason: string }) => answerOf(api.POST('/api/v1/dead-letters/replay', { body })),
    onSettled: () => queries.invalidateQueries({ queryKey: [KEY] }),
  });
}

export function useDiscard() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      answerOf(
        api.POST('/api/v1/dead-letters/{letter_id}/discard', {
          params: { path: { letter_id: id } },
          body: { reason },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: [KEY] }),
  });
}
