// Cross-references: which records in which systems are the same business object; and what waits for one.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Binding = Schemas['BindingView'];
export type BindingChange = Schemas['BindingChangeView'];
export type ObjectType = Schemas['ObjectTypeView'];
export type Awaited = Schemas['AwaitedView'];
export type Likely = Schemas['LikelyView'];
export type Imported = Schemas['ImportView'];

export interface BindingFilter {
  part: string;
  type: string | undefined;
}

export function useBindings({ part, type }: BindingFilter) {
  return useInfiniteQuery({
    queryKey: ['bindings', 'list', part, type],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET('/api/v1/bindings', {
          params: {
            query: {
              limit: 50,
              part,
              ...(type ? { object_type: type } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? null,
  });
}

export function useObjectTypes() {
  return useQuery({
    queryKey: ['bindings', 'types'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/binding-types', { signal }))).items,
  });
}

/** All ids of what an id belongs to, whatever system it is of. */
export function useSiblings(id: string) {
  return useQuery({
    queryKey: ['bindings', 'siblings', id],
    enabled: id !== '',
    queryFn: async ({ signal }) =>
      (
        await answerOf(
          api.GET('/api/v1/bindings/{local_id}', { params: { path: { local_id: id }, query: { limit: 500 } }, signal }),
        )
      ).items,
  });
}

export function useBindingChanges(type: string, object: string) {
  return useQuery({
    queryKey: ['bindings', 'changes', type, object],
    queryFn: async ({ signal }) =>
      (
        await answerOf(
          api.GET('/api/v1/binding-changes', {
            params: { query: { object_type: type, object_id: object, limit: 100 } },
            signal,
          }),
        )
      ).items,
  });
}

function useChange<Wish, Answer>(change: (wish: Wish) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all(
        ['bindings', 'parked', 'unknown', 'overview'].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });
}

export interface Bound {
  object_type: string;
  system: string;
  local_id: string;
  object_id?: string;
  label?: string;
  siblings?: Record<string, string>;
}

export const useBind = () =>
  useChange(({ why, ...item }: Bound & { why: string }) =>
    answerOf(
      api.PUT('/api/v1/bindings', {
        body: {
          items: [{ object_id: '', label: '', siblings: {}, moves: false, ...item }],
          why,
        },
      }),
    ),
  );

export const useRekey = () =>
  useChange((body: { object_type: string; system: string; old: string; new: string; why: string }) =>
    answerOf(api.POST('/api/v1/binding-rekeys', { body })),
  );

export const useMerge = () =>
  useChange((body: { object_type: string; keep: string; gone: string; why: string }) =>
    answerOf(api.POST('/api/v1/binding-merges', { body })),
  );

export const useUnbind = () =>
  useChange((body: { object_type: string; system: string; local_id: string; why: string }) =>
    answerOf(api.POST('/api/v1/binding-removals', { body })),
  );

export const useImport = () =>
  useChange(async ({ file, dry_run }: { file: File; dry_run: boolean }) => {
    const bytes = new Uint8Array(await file.arrayBuffer());
    let binary = '';
    for (const byte of bytes) binary += String.fromCharCode(byte);
    const body = { content: btoa(binary), dry_run, why: file.name };
    return answerOf(api.POST('/api/v1/binding-workbook', { body }));
  });

/** Fetches the Excel file and hands it to the browser. */
export const useExport = () =>
  useMutation({
    mutationFn: async ({ part, type }: BindingFilter) => {
      const found = await answerOf(
        api.GET('/api/v1/binding-workbook', { params: { query: { part, ...(type ? { object_type: type } : {}) } } }),
      );
      const bytes = Uint8Array.from(atob(found.content), (character) => character.charCodeAt(0));
      const link = document.createElement('a');
      link.href = URL.createObjectURL(
        new Blob([bytes], { type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' }),
      );
      link.download = found.name;
      link.click();
      URL.revokeObjectURL(link.href);
      return found;
    },
  });

/** What is waited for, the oldest first. */
export function useAwaited() {
  return useQuery({
    queryKey: ['parked', 'references'],
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/api/v1/waiting-references', { params: { query: { limit: 500 } }, signal }))).items,
  });
}

export function useAwaitedDetail(reference: string) {
  return useQuery({
    queryKey: ['parked', 'reference', reference],
    queryFn: ({ signal }) =>
      answerOf(
        api.GET('/api/v1/waiting-references/{reference}', { params: { path: { reference }, query: { limit: 50 } }, signal }),
      ),
  });
}

export const useReject = () =>
  useChange((body: { reference: string; reason: string }) =>
    answerOf(api.POST('/api/v1/waiting-rejections', { body })),
  );
