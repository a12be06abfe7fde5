// From where webhooks may come.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type HookRule = Schemas['HookAddressesView'];

export function useHookRules() {
  return useQuery({
    queryKey: ['hook-addresses'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/hook-addresses', { signal }))).items,
  });
}

function useChange<B, A>(change: (body: B) => Promise<A>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['hook-addresses'] }),
  });
}

export const usePutHookRule = () =>
  useChange(({ hook, addresses }: { hook: string; addresses: string[] }) =>
    answerOf(api.PUT('/api/v1/hook-addresses/{hook}', { params: { path: { hook } }, body: { addresses } })),
  );

export const useRemoveHookRule = () =>
  useChange((hook: string) =>
    answerOf(api.DELETE('/api/v1/hook-addresses/{hook}', { params: { path: { hook } } })),
  );
