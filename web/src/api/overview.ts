// The figures of the whole hub.
import { useQuery } from '@tanstack/react-query';

import { answerOf, api } from './client';

export function useOverview() {
  return useQuery({
    queryKey: ['overview'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/overview', { signal })),
  });
}
