// What did not happen in time, what people do with it, its rules, and what is expected.
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Alert = Schemas['AlertView'];
export type AlertDetail = Schemas['AlertDetail'];
export type AlertFigures = Schemas['AlertFiguresView'];
export type AlertRule = Schemas['AlertRuleView'];
export type AlertRules = Schemas['AlertRulePage'];
export type Act = Schemas['WishedAct'];
export type Expectation = Schemas['ExpectationView'];

export function useAlerts(state?: 'open' | 'closed') {
  return useInfiniteQuery({
    queryKey: ['alerts', 'list', state],
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

export function useAlert(id: string) {
  return useQuery({
    queryKey: ['alerts', 'one', id],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/alerts/{alert_id}', { params: { path: { alert_id: id } }, signal })),
  });
}

export function useAlertFigures() {
  return useQuery({
    queryKey: ['alerts', 'figures'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/alert-figures', { params: { query: { days: 30 } }, signal })),
    refetchInterval: 30_000,
  });
}

export function useAlertRules() {
  return useQuery({
    queryKey: ['alerts', 'rules'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/alert-rules', { signal })),
  });
}

export function useRuleVersions(rule: string | undefined) {
  return useQuery({
    queryKey: ['alerts', 'versions', rule],
    enabled: rule !== undefined,
    queryFn: async ({ signal }) =>
      (await answerOf(api.GET('/api/v1/alert-rule-versions', { params: { query: { rule: rule ?? '' } }, signal })))
        .items,
  });
}

export function useExpectations() {
  return useQuery({
    queryKey: ['alerts', 'expectations'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/expectations', { signal }))).items,
    refetchInterval: 10_000,
  });
}

function useChange<B, A>(change: (body: B) => Promise<A>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['alerts'] }),
  });
}

export const useActOnAlerts = () =>
  useChange((body: Partial<Act> & Pick<Act, 'ids' | 'act'>) =>
    answerOf(api.POST('/api/v1/alert-acts', { body: { text: '', person: '', mute_s: 0, ...body } })),
  );

export const useSetTarget = () =>
  useChange((repair_s: number) => answerOf(api.PUT('/api/v1/alert-target', { body: { repair_s } })));

export interface WishedRule {
  rule: string;
  definition: Record<string, unknown>;
  version: number | null;
}

export const usePutRule = () =>
  useChange(({ rule, definition, version }: WishedRule) =>
    answerOf(
      api.PUT('/api/v1/alert-rules/{rule}', { params: { path: { rule } }, body: { definition, version } }),
    ),
  );

export const useResetRule = () =>
  useChange((rule: string) => answerOf(api.DELETE('/api/v1/alert-rules/{rule}', { params: { path: { rule } } })));

export const useMuteRule = () =>
  useChange((body: { rule: string; mute_s: number }) => answerOf(api.POST('/api/v1/alert-rule-mutes', { body })));
