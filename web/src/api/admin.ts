// What administrators keep: secrets by name, subscriptions with their deliveries, releases between environments.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Secret = Schemas['SecretView'];
export type Subscription = Schemas['SubscriptionView'];
export type Delivery = Schemas['DeliveryView'];
export type Release = Schemas['ReleaseView'];
export type Comparison = Schemas['ComparisonView'];
export type ReleaseExport = Schemas['ReleaseExport'];

function useChange<B, A>(key: string, change: (body: B) => Promise<A>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: [key] }),
  });
}

export function useSecrets() {
  return useQuery({
    queryKey: ['secrets'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/secrets', { signal }))).items,
  });
}

export const useSetSecret = () =>
  useChange('secrets', ({ name, value }: { name: string; value: string }) =>
    answerOf(api.PUT('/api/v1/secrets/{name}', { params: { path: { name } }, body: { value } })),
  );

export const useRemoveSecret = () =>
  useChange('secrets', (name: string) =>
    answerOf(api.DELETE('/api/v1/secrets/{name}', { params: { path: { name } } })),
  );

export const useReseal = () => useChange('secrets', () => answerOf(api.POST('/api/v1/secrets/reseal', {})));

export function useSubscriptions() {
  return useQuery({
    queryKey: ['subscriptions'],
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/api/v1/subscriptions', { params: { query: { limit: 500 } }, signal }))).items,
    refetchInterval: 10_000,
  });
}

export const useMakeSubscription = () =>
  useChange('subscriptions', (body: Schemas['WishedSubscription']) =>
    answerOf(api.POST('/api/v1/subscriptions', { body })),
  );

export const useChangeSubscription = () =>
  useChange(
    'subscriptions',
    ({ row, state, reason }: { row: Subscription; state: 'active' | 'paused'; reason: string }) =>
      answerOf(
        api.PUT('/api/v1/subscriptions/{subscription_id}', {
          params: { path: { subscription_id: row.id }, header: { 'if-match': row.etag } },
          body: { name: row.name, url: row.url, types: row.types, process_id: row.process_id, state, reason },
        }),
      ),
  );

export const useRenewSecret = () =>
  useChange('subscriptions', (id: string) =>
    answerOf(
      api.POST('/api/v1/subscriptions/{subscription_id}/secret', { params: { path: { subscription_id: id } } }),
    ),
  );

export const useEndSubscription = () =>
  useChange('subscriptions', (id: string) =>
    answerOf(api.DELETE('/api/v1/subscriptions/{subscription_id}', { params: { path: { subscription_id: id } } })),
  );

export type DeliveryState = 'waiting' | 'delivered' | 'failed';

export function useDeliveries(id: string, state?: DeliveryState) {
  return useInfiniteQuery({
    queryKey: ['subscriptions', id, 'deliveries', state],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      answerOf(
        api.GET('/api/v1/subscriptions/{subscription_id}/deliveries', {
          params: {
            path: { subscription_id: id },
            query: { limit: 50, ...(state ? { state } : {}), ...(pageParam ? { cursor: pageParam } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next ?? null,
    refetchInterval: 3_000,
  });
}

export const useRedeliver = () =>
  useChange('subscriptions', ({ subscription, delivery }: { subscription: string; delivery: string }) =>
    answerOf(
      api.POST('/api/v1/subscriptions/{subscription_id}/deliveries/{delivery_id}/redeliver', {
        params: { path: { subscription_id: subscription, delivery_id: delivery } },
      }),
    ),
  );

export function useRelease() {
  return useQuery({
    queryKey: ['releases'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/releases', { signal }))).items,
  });
}

export const useCompare = () =>
  useMutation({
    mutationFn: (release: ReleaseExport) =>
      answerOf(api.POST('/api/v1/releases/compare', { body: { export: release } })),
  });

export const useImport = () =>
  useChange('releases', (body: Schemas['Import']) => answerOf(api.POST('/api/v1/releases/import', { body })));
