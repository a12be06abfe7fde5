// Who is signed in, and how one may sign in.
import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { answerOf, api, setCsrf, type Schemas } from './client';

export type Session = Schemas['SessionView'];
export type Me = Schemas['MeView'];
/** An action of the hub's matrix: `letters.repair`, `people.manage` … */
export type Right = string;
export type SignInBody = Partial<Schemas['SignIn']>;

const KEY = ['session'] as const;

export function useSession() {
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => {
      const session = await answerOf(api.GET('/api/v1/session', { signal }));
      setCsrf(session.csrf ?? '');
      return session;
    },
    staleTime: 60_000,
  });
}

/** Who is signed in; only below the sign-in gate. */
export function useMe(): Me {
  const { data } = useSession();
  if (!data?.me) throw new Error('Expected somebody to be signed in.');
  return data.me;
}

export function useMay(right: Right): boolean {
  return useSession().data?.me?.rights.includes(right) ?? false;
}

/** Nothing that somebody else has seen stays. */
function change(queries: QueryClient, session: Session): void {
  queries.setQueryData(KEY, session);
  queries.removeQueries({ predicate: (query) => query.queryKey[0] !== KEY[0] });
}

export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: SignInBody) => answerOf(api.POST('/api/v1/session', { body })),
    onSuccess: (session) => {
      setCsrf(session.csrf ?? '');
      change(queries, session);
    },
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answerOf(api.DELETE('/api/v1/session')),
    onSuccess: (session) => {
      setCsrf('');
      change(queries, session);
    },
  });
}
