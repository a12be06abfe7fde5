// Key figures: as they stand, the records behind each, and their targets.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Kpi = Schemas['KpiView'];
export type KpiRow = Schemas['KpiRowView'];

const EVERY_MS = 10_000;

export function useKpis() {
  return useQuery({
    queryKey: ['board', 'kpis'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/kpis', { signal }))).items,
    refetchInterval: EVERY_MS,
  });
}

export function useKpi(name: string) {
  return useQuery({
    queryKey: ['board', 'kpis', name],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/kpis/{name}', { params: { path: { name } }, signal })),
    refetchInterval: EVERY_MS,
  });
}

function useChanged<B, A>(change: (body: B) => Promise<A>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['board', 'kpis'] }),
  });
}

/** Changes the target alone; the rest of the figure stays as it was read. */
export const useSetKpiTarget = (kpi: Kpi) =>
  useChanged((target: number) =>
    answerOf(
      api.PUT('/api/v1/kpis/{name}', {
        params: { path: { name: kpi.name } },
        body: { definition: { ...kpi.definition, target }, version: kpi.version },
      }),
    ),
  );

export const useResetKpi = (kpi: Kpi) =>
  useChanged(() => answerOf(api.DELETE('/api/v1/kpis/{name}', { params: { path: { name: kpi.name } } })));
