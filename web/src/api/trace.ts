// The search for any number, and the trail of one.
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';

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

/** A link by which the customer of an order sees it, without an account. */
export function useTrackingLink() {
  return useMutation({
    mutationFn: (number: string) => answerOf(api.POST('/api/v1/tracking-links', { body: { number, days: 30 } })),
  });
}
