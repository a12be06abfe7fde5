// One connected system from the inside: how its interface stands, what it offers, a record, a call by hand.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Drift = Schemas['DriftView'];
export type Description = Schemas['DescriptionView'];
export type OfferedOperation = Schemas['OfferedOperationView'];
export type OfferedField = Schemas['OfferedFieldView'];

const driftKey = (name: string) => ['drift', name] as const;

export function useDrift(name: string) {
  return useQuery({
    queryKey: driftKey(name),
    queryFn: async ({ signal }) =>
      answerOf(api.GET('/api/v1/systems/{name}/drift', { params: { path: { name } }, signal })),
    retry: false,
  });
}

/** Looks at the system now, and puts what was seen in place of what was shown. */
export function useLook(name: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answerOf(api.POST('/api/v1/systems/{name}/drift/look', { params: { path: { name } } })),
    onSuccess: (seen) => queries.setQueryData(driftKey(name), seen),
  });
}

/** Takes the interface as it was shown; refused where it has changed again since. */
export function useAccept(name: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (etag: string) =>
      answerOf(
        api.POST('/api/v1/systems/{name}/drift/accept', {
          params: { path: { name }, header: { 'if-match': etag } },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: driftKey(name) }),
  });
}

export function useDescription(name: string) {
  return useQuery({
    queryKey: ['description', name],
    queryFn: async ({ signal }) =>
      answerOf(api.GET('/api/v1/systems/{name}/description', { params: { path: { name } }, signal })),
  });
}

export function useDescribe(name: string) {
  return useMutation({
    mutationFn: () => answerOf(api.POST('/api/v1/systems/{name}/describe', { params: { path: { name } } })),
  });
}

export function useRecord(name: string) {
  return useMutation({
    mutationFn: ({ resource, id }: { resource: string; id: string }) =>
      answerOf(
        api.GET('/api/v1/systems/{name}/resources/{resource}/records/{record_id}', {
          params: { path: { name, resource, record_id: id } },
        }),
      ),
  });
}

export function useCall(name: string) {
  return useMutation({
    mutationFn: ({ operation, payload }: { operation: string; payload: Record<string, unknown> }) =>
      answerOf(
        api.POST('/api/v1/systems/{name}/operations/{operation}/call', {
          params: { path: { name, operation } },
          body: { payload },
        }),
      ),
  });
}
