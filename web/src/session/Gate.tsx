// In front of all pages: whoever is not signed in is asked to; whoever is gets the shell and live updates.
import { Skeleton } from 'antd';
import { lazy, Suspense, useEffect } from 'react';
import { useQueryClient } from '@tanstack/react-query';

import { ApiError } from '../api/client';
import { useSession } from '../api/session';
import { LiveProvider } from '../live/live';
import { Shell } from '../shell/Shell';
import { Trouble } from '../widgets/Trouble';

// Forms weigh something: whoever is signed in already does without them here.
const PasswordPage = lazy(async () => ({ default: (await import('./PasswordPage')).PasswordPage }));
const SignInPage = lazy(async () => ({ default: (await import('./SignInPage')).SignInPage }));

export function Gate() {
  const session = useSession();
  const queries = useQueryClient();
  useEffect(
    () =>
      // An answer of 401 anywhere: the session has ended, so ask who is signed in.
      queries.getQueryCache().subscribe(({ query }) => {
        const { error } = query.state;
        if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== 'session') {
          void queries.invalidateQueries({ queryKey: ['session'] });
        }
      }),
    [queries],
  );
  if (session.isPending) return <Skeleton active className="padded" />;
  if (!session.data) {
    return (
      <div className="alone">
        {session.error && <Trouble error={session.error} retry={() => void session.refetch()} />}
      </div>
    );
  }
  if (!session.data.me || session.data.me.must === 'password') {
    return (
      <Suspense fallback={<Skeleton active className="padded" />}>
        {session.data.me ? <PasswordPage /> : <SignInPage session={session.data} />}
      </Suspense>
    );
  }
  return (
    <LiveProvider who={session.data.me.name}>
      <Shell session={session.data} me={session.data.me} />
    </LiveProvider>
  );
}
