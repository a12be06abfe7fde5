// The search for any number, and the trail of one.
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Trail = Schemas['Trail'];
export type TrailDocument = Schemas['TrailDocument'];
export type Hit = Schemas['Hit'];

export function useSearch(text: string, limit = 50) {
  return useQuery({
    queryKey: ['trace', 'search', text, limit],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/search', { params: { query: { q: text, limit } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useTrail(number: string) {
  return useQuery({
    queryKey: ['trace', 'trail', number],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/trace/{number}', { params: { path: { number } }, signal })),
  });
}
