// Mappings as tables: read, changed, tried on records, compared, taken through Excel.
import { useMutation, useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';
import { base64Of, handOver } from './files';

export type MappingSheets = Schemas['MappingSheetsView'];
export type Sheets = MappingSheets['sheets'];
export type CellFault = Schemas['MappingCellFaultView'];
export type Sample = Schemas['SampleView'];
export type MappingTrial = Schemas['MappingTrialView'];
export type MappingOffers = Schemas['MappingOffersView'];
export type SourceField = Schemas['SourceFieldView'];

export const readSheets = (path: string, text: string, sheets?: Sheets) =>
  answerOf(api.POST('/api/v1/design/mappings/table', { body: { file: { path, text }, sheets: sheets ?? null } }));

export function useSamples(path: string, text: string, maySee: boolean) {
  return useQuery({
    queryKey: ['design', 'mapping-samples', path],
    enabled: maySee,
    queryFn: async ({ signal }) =>
      (await answerOf(api.POST('/api/v1/design/mappings/samples', { body: { file: { path, text } }, signal }))).items,
    retry: false,
    staleTime: 30_000,
  });
}

export function useMappingTrial(path: string, text: string, sample: Pick<Sample, 'record' | 'parameters'> | undefined) {
  return useQuery({
    queryKey: ['design', 'mapping-trial', path, text, sample],
    enabled: sample !== undefined,
    queryFn: ({ signal }) =>
      answerOf(
        api.POST('/api/v1/design/mappings/trial', {
          body: { file: { path, text }, record: sample?.record, parameters: sample?.parameters ?? {} },
          signal,
        }),
      ),
    placeholderData: (before) => before,
    retry: false,
    staleTime: Infinity,
  });
}

export function useMappingOffers(path: string, text: string, record: unknown) {
  return useQuery({
    queryKey: ['design', 'mapping-offers', path, text, record],
    queryFn: ({ signal }) =>
      answerOf(api.POST('/api/v1/design/mappings/offers', { body: { file: { path, text }, record }, signal })),
    placeholderData: (before) => before,
    retry: false,
    staleTime: Infinity,
  });
}

export function useMappingComparison(before: string | null, after: string) {
  return useQuery({
    queryKey: ['design', 'mapping-comparison', before, after],
    enabled: before !== null,
    queryFn: async ({ signal }) =>
      (
        await answerOf(
          api.POST('/api/v1/design/mappings/comparison', { body: { old: before ?? '', new: after }, signal }),
        )
      ).items,
    retry: false,
  });
}

export const useToWorkbook = () =>
  useMutation({
    mutationFn: ({ path, text }: { path: string; text: string }) =>
      handOver(
        api.POST('/api/v1/design/mappings/workbook', { body: { file: { path, text } }, parseAs: 'blob' }),
        path.replace(/^.*\/|\.yaml$/g, '') + '.xlsx',
      ),
  });

export const useFromWorkbook = () =>
  useMutation({
    mutationFn: async ({ path, file }: { path: string; file: Blob }) =>
      answerOf(
        api.POST('/api/v1/design/mappings/from-workbook', { body: { path, content: await base64Of(file) } }),
      ),
  });
