// Reviews of processes: both views, comments, signatures.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type Review = Schemas['ReviewView'];
export type ReviewNode = Schemas['ReviewNodeView'];
export type Comment = Schemas['CommentView'];

const key = (process: string) => ['processes', 'review', process];

export const useReview = (process: string) =>
  useQuery({
    queryKey: key(process),
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/v1/processes/{process_id}/review', { params: { path: { process_id: process } }, signal })),
  });

function useReviewed<Wish>(process: string, mutationFn: (wish: Wish) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn, onSettled: () => queries.invalidateQueries({ queryKey: key(process) }) });
}

export const useComment = (process: string) =>
  useReviewed(process, (body: Schemas['CommentWish']) =>
    answerOf(api.POST('/api/v1/processes/{process_id}/comments', { params: { path: { process_id: process } }, body })),
  );

export const useCloseComment = (process: string) =>
  useReviewed(process, (comment: string) =>
    answerOf(
      api.POST('/api/v1/processes/{process_id}/comments/{comment_id}/close', {
        params: { path: { process_id: process, comment_id: comment } },
      }),
    ),
  );

export const useSign = (process: string) =>
  useReviewed(process, (body: Schemas['SignatureWish']) =>
    answerOf(api.POST('/api/v1/processes/{process_id}/signatures', { params: { path: { process_id: process } }, body })),
  );
