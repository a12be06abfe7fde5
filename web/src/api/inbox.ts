// The inbox: one's boxes, one task with its form, what one does with it, who stands in for whom.
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type InboxItem = Schemas['InboxItemView'];
export type TaskDetail = Schemas['TaskDetailView'];
export type FormField = Schemas['FormFieldView'];
export type ActName = Schemas['ActWish']['act'];
export type Box = 'todo' | 'done' | 'started' | 'copied';

export function useInbox(box: Box) {
  return useInfiniteQuery({
    queryKey: ['tasks', 'inbox', box],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ signal, pageParam }) =>
      answerOf(api.GET('/api/v1/inbox', { params: { query: { box, cursor: pageParam ?? null, limit: 50 } }, signal })),
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });
}

export function useInboxCounts(enabled: boolean) {
  return useQuery({
    queryKey: ['tasks', 'counts'],
    enabled,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/inbox/counts', { signal })),
    refetchInterval: 60_000,
  });
}

export function useTask(instance: string, token: number) {
  return useQuery({
    queryKey: ['tasks', 'one', instance, token],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/api/v1/tasks/{instance_id}/{token}', { params: { path: { instance_id: instance, token } }, signal }),
      ),
  });
}

/** Where the hub shows a picture of a task's form. */
export const pictureOf = (task: Pick<InboxItem, 'instance_id' | 'token'>, key: string) =>
  `/api/v1/tasks/${encodeURIComponent(task.instance_id)}/${task.token}/pictures/${encodeURIComponent(key)}`;

export interface Deed {
  act: ActName;
  note?: string;
  to?: string;
  variables?: Record<string, unknown>;
}

export function useAct(instance: string, token: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ act, note = '', to = '', variables = {} }: Deed) =>
      answerOf(
        api.POST('/api/v1/tasks/{instance_id}/{token}/acts', {
          params: { path: { instance_id: instance, token } },
          body: { act, note, to, variables },
        }),
      ),
    // Not waited for: what asked for it closes at once, the lists follow.
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['tasks'] }),
  });
}

export function useColleagues(enabled: boolean) {
  return useQuery({
    queryKey: ['colleagues'],
    enabled,
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/colleagues', { signal }))).items,
  });
}

export function useDelegations() {
  return useQuery({
    queryKey: ['tasks', 'delegations'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/delegations', { signal }))).items,
  });
}

export function useDelegate() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { taker: string; begins_at: string; ends_at: string; note: string }) =>
      answerOf(api.POST('/api/v1/delegations', { body })),
    // Not waited for: what asked for it closes at once, the lists follow.
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['tasks'] }),
  });
}

export function useEndDelegation() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) =>
      answerOf(api.DELETE('/api/v1/delegations/{delegation_id}', { params: { path: { delegation_id: id } } })),
    // Not waited for: what asked for it closes at once, the lists follow.
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['tasks'] }),
  });
}
