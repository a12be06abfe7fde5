// How a connected system is reached, and first manifests of new ones.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type SystemSettings = Schemas['SystemSettingsView'];
export type Setting = Schemas['SettingView'];
export type SettingValue = string | number | boolean;

export function useSystemSettings(name: string, maySee: boolean) {
  return useQuery({
    queryKey: ['system-settings', name],
    enabled: maySee,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/systems/{name}/settings', { params: { path: { name } }, signal })),
  });
}

export function useKeepSettings(name: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (values: Record<string, SettingValue>) =>
      answerOf(api.PUT('/api/v1/systems/{name}/settings', { params: { path: { name } }, body: { values } })),
    onSuccess: (kept) => {
      queries.setQueryData(['system-settings', name], kept);
      void queries.invalidateQueries({ queryKey: ['systems'] });
    },
  });
}

export const useManifestDraft = () =>
  useMutation({
    mutationFn: (body: Schemas['Description']) => answerOf(api.POST('/api/v1/manifests/draft', { body })),
  });
