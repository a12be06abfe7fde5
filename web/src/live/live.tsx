// Live updates: the hub says what has changed, the queries of it are asked again. Never the only source:
// after a gap, and where there is no SharedWorker, everything on the screen is asked again.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';

import type { FromWorker } from './sse.worker';
import { refresh, refreshAll } from './topics';

export type LiveState = 'live' | 'polling' | 'off';

const POLL_MS = 10_000;
const GATHER_MS = 400;
const Live = createContext<LiveState>('polling');
export const useLive = () => useContext(Live);

/** `who` names the signed-in person: another one gets a stream of their own. */
export function LiveProvider({ who, children }: { who: string; children: ReactNode }) {
  const queries = useQueryClient();
  const [state, setState] = useState<LiveState>('SharedWorker' in window ? 'off' : 'polling');

  useEffect(() => {
    if (!('SharedWorker' in window)) return;
    const topics = new Set<string>();
    let all = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const gather = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (all) refreshAll(queries);
        else refresh(queries, topics);
        topics.clear();
        all = false;
      }, GATHER_MS);
    };
    const connect = () => {
      const worker = new SharedWorker(new URL('./sse.worker.ts', import.meta.url), {
        type: 'module',
        name: `lineshaft-live-${who}`,
      });
      worker.port.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind === 'state') setState(data.open ? 'live' : 'off');
        else if (data.kind === 'resync') all = true;
        else for (const fact of data.facts) topics.add(fact.topic);
        if (data.kind !== 'state') gather();
      };
      return worker;
    };
    let worker = connect();
    const bye = () => worker.port.postMessage('bye');
    const back = (event: PageTransitionEvent) => {
      if (event.persisted) worker = connect();
    };
    addEventListener('pagehide', bye);
    addEventListener('pageshow', back);
    return () => {
      bye();
      worker.port.close();
      clearTimeout(timer);
      removeEventListener('pagehide', bye);
      removeEventListener('pageshow', back);
    };
  }, [queries, who]);

  useEffect(() => {
    if (state === 'live') return;
    const timer = setInterval(() => refreshAll(queries), POLL_MS);
    return () => clearInterval(timer);
  }, [queries, state]);

  return <Live value={state}>{children}</Live>;
}
