// What did not happen in time, and what is expected to.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Alert = Schemas['AlertView'];
export type Expectation = Schemas['ExpectationView'];

export function useAlerts(state?: 'open' | 'closed') {
  return useInfiniteQuery({
    queryKey: ['alerts', state],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET('/api/v1/alerts', {
          params: { query: { limit: 100, ...(state ? { state } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? null,
    refetchInterval: 10_000,
  });
}

export function useExpectations() {
  return useQuery({
    queryKey: ['alerts', 'expectations'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/expectations', { signal }))).items,
    refetchInterval: 10_000,
  });
}
