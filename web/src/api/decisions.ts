// Decision tables as grids: read from their DMN, changed within it, tried on values, compared.
import { useMutation, useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Table = Schemas['TableView'];
export type Rule = Schemas['TableRuleView'];
export type Trial = Schemas['TrialView'];

export function useTables(path: string, text: string) {
  return useQuery({
    queryKey: ['design', 'tables', path, text],
    queryFn: ({ signal }) =>
      answerOf(api.POST('/api/v1/design/decisions/tables', { body: { text, changes: [] }, signal })),
    placeholderData: (before) => before,
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

export const useChangeRules = () =>
  useMutation({
    mutationFn: ({ text, name, rules }: { text: string; name: string; rules: Rule[] }) =>
      answerOf(api.POST('/api/v1/design/decisions/tables', { body: { text, changes: [{ name, rules }] } })),
  });

export const useTrial = () =>
  useMutation({
    mutationFn: (body: Schemas['WishedTrial']) => answerOf(api.POST('/api/v1/design/decisions/trial', { body })),
  });

export function useComparison(before: string | null, after: string) {
  return useQuery({
    queryKey: ['design', 'comparison', before, after],
    enabled: before !== null,
    queryFn: async ({ signal }) =>
      (
        await answerOf(
          api.POST('/api/v1/design/decisions/comparison', { body: { old: before ?? '', new: after }, signal }),
        )
      ).items,
  });
}
