// What engineers draw: definitions and their drafts, the hub's findings, templates of tasks, rehearsals, releases.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type DesignFile = Schemas['DesignFileView'];
export type DesignText = Schemas['DesignTextView'];
export type Draft = Schemas['DraftView'];
export type Finding = Schemas['DesignFindingView'];
export type Rehearsal = Schemas['RehearsalView'];
export type Answer = Schemas['AnswerView'];
export type ReleaseRow = Schemas['ReleaseView'];

export function useDesignFiles() {
  return useQuery({
    queryKey: ['design', 'files'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/design/files', { signal })),
  });
}

export const readDesignFile = (path: string) =>
  answerOf(api.GET('/api/v1/design/files/{path}', { params: { path: { path } } }));

export function useDesignFile(path: string) {
  return useQuery({
    queryKey: ['design', 'file', path],
    queryFn: () => readDesignFile(path),
    // What is being drawn is not replaced behind one's back.
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
}

export const saveDraft = (path: string, text: string, base: string, etag: string | undefined) =>
  answerOf(
    api.PUT('/api/v1/drafts/{path}', {
      params: { path: { path }, header: etag ? { 'if-match': etag } : {} },
      body: { text, base, removes: false },
    }),
  );

export function useDiscardDraft() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ path, etag }: { path: string; etag: string }) =>
      answerOf(api.DELETE('/api/v1/drafts/{path}', { params: { path: { path }, header: { 'if-match': etag } } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['design'] }),
  });
}

export function useNewDraft() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ path, text }: { path: string; text: string }) => saveDraft(path, text, '', undefined),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['design'] }),
  });
}

export function useTemplates(language: string) {
  return useQuery({
    queryKey: ['design', 'templates', language],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/design/templates', { signal }))).items as object[],
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  });
}

export function useFindings(path: string, text: string | undefined) {
  return useQuery({
    queryKey: ['design', 'findings', path, text],
    enabled: text !== undefined,
    queryFn: ({ signal }) =>
      answerOf(api.POST('/api/v1/design/check', { body: { files: [{ path, text: text ?? '' }] }, signal })),
    placeholderData: (before) => before,
    staleTime: 30_000,
    gcTime: 60_000,
  });
}

/** A form as it is drawn, as the inbox would show it. */
export function useFormPreview(path: string, text: string) {
  return useQuery({
    queryKey: ['design', 'form', path, text],
    queryFn: ({ signal }) => answerOf(api.POST('/api/v1/design/form', { body: { path, text }, signal })),
    placeholderData: (before) => before,
    retry: false,
    staleTime: Infinity,
  });
}

export function usePublish() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas['WishedPublication']) => answerOf(api.POST('/api/v1/drafts', { body })),
    onSuccess: () => queries.invalidateQueries(),
  });
}

export function useReleaseHistory() {
  return useQuery({
    queryKey: ['releases', 'history'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/releases/history', { signal }))).items,
  });
}

export function useReactivate() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, active, note }: { id: string; active: string | null; note: string }) =>
      answerOf(
        api.POST('/api/v1/releases/{release_id}/activate', {
          params: { path: { release_id: id } },
          body: { active, note },
        }),
      ),
    onSuccess: () => queries.invalidateQueries(),
  });
}

export const useRehearse = () =>
  useMutation({
    mutationFn: (body: Schemas['WishedRehearsal']) => answerOf(api.POST('/api/v1/design/rehearsal', { body })),
  });

/** What came in and would have begun the process as it is drawn. */
export function usePastEvents(path: string, text: string, process: string, maySee: boolean) {
  return useQuery({
    queryKey: ['design', 'past-events', path, text],
    enabled: maySee && process !== '',
    queryFn: async ({ signal }) =>
      (await answerOf(api.POST('/api/v1/design/past-events', { body: { process_id: process, files: [{ path, text }] }, signal }))).items,
    // A drawing with mistakes is nothing to look for: the findings say which.
    retry: false,
    staleTime: 10_000,
  });
}

export const usePastRun = () =>
  useMutation({
    mutationFn: (id: string) =>
      answerOf(api.GET('/api/v1/design/past-runs/{instance_id}', { params: { path: { instance_id: id } } })),
  });
