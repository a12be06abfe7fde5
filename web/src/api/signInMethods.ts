// How people may sign in, as it is configured.
import { useMutation, useQuery } from '@tanstack/react-query';

import { answerOf, api, type Schemas } from './client';

export type SignInMethod = Schemas['SignInMethodView'];

export function useSignInMethods() {
  return useQuery({
    queryKey: ['sign-in-methods'],
    queryFn: async ({ signal }) => (await answerOf(api.GET('/api/v1/sign-in-methods', { signal }))).items,
  });
}

export const useCheckSignIn = () =>
  useMutation({
    mutationFn: (name: string) =>
      answerOf(api.POST('/api/v1/sign-in-methods/{name}/check', { params: { path: { name } } })),
  });
