// What the hub is made of.
import { useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Part = Schemas['PartView'];

export function useLicences() {
  return useQuery({
    queryKey: ['licences'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/licences', { signal })),
    staleTime: Infinity,
  });
}
