// What one may begin by filling in a form.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Offer = Schemas['RequestOfferView'];

export const useOffers = () =>
  useQuery({
    queryKey: ['offers'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/requests', { signal }))).items,
  });

export const useOffer = (process: string) =>
  useQuery({
    queryKey: ['offers', process],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/requests/{process_id}', { params: { path: { process_id: process } }, signal })),
  });

export function useRequest(process: string) {
  const queries = useQueryClient();
  return useMutation({
    // The same filled-in form is begun once, however often the button is pressed or the network repeats it.
    mutationFn: ({ variables, key }: { variables: Record<string, unknown>; key: string }) =>
      answerOf(
        api.POST('/api/v1/requests/{process_id}', {
          params: { path: { process_id: process } },
          headers: { 'Idempotency-Key': key },
          body: { variables },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['inbox'] }),
  });
}
