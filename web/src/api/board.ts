// The figures of all orders, and the orders behind each of them.
import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Board = Schemas['Board'];
export type BoardStage = Schemas['BoardStage'];
export type BoardOrder = Schemas['BoardOrder'];
export type Money = Schemas['Money'];
export const FIGURES = ['open', 'late', 'refused', 'done', 'on_time', 'missed', 'without_amount'] as const;
export type Figure = (typeof FIGURES)[number];

/** Nobody has to press anything: a board is looked at from across the room. */
const EVERY_MS = 10_000;

export function useBoard() {
  return useQuery({
    queryKey: ['board', 'figures'],
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/board', { signal })),
    refetchInterval: EVERY_MS,
  });
}

export function useBoardOrders(figure: Figure, stage: string | undefined) {
  return useQuery({
    queryKey: ['board', 'orders', figure, stage],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/board/orders', { params: { query: { figure, stage: stage ?? null, limit: 200 } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  });
}
