// GET /health and GET /systems, as the status page reads them.
import { useQuery } from '@tanstack/react-query';

import { asNumber, asRecord, asText, get } from './client';

export const STATES = ['ok', 'slow', 'degraded', 'paused', 'down', 'unknown'] as const;
export type State = (typeof STATES)[number];

export interface Health {
  state: State;
  version: string | undefined;
  store: string | undefined;
}

export interface System {
  name: string;
  title: { zh: string; en: string };
  connector: string | undefined;
  state: State;
  reason: { zh: string; en: string } | undefined;
  waiting: number | undefined;
  unknown: number | undefined;
  parked: number | undefined;
  dead: number | undefined;
  oldestAt: string | undefined;
}

const REFRESH_MS = 5_000;

function stateOf(value: unknown): State {
  const word = asText(value);
  return STATES.find((state) => state === word) ?? (word === 'up' ? 'ok' : 'unknown');
}

function readHealth(body: unknown): Health {
  const fields = asRecord(body);
  return {
    state: stateOf(fields.status),
    version: asText(fields.version),
    store: asText(fields.store),
  };
}

function readSystems(body: unknown): System[] {
  const items = Array.isArray(body) ? body : asRecord(body).items;
  return (Array.isArray(items) ? items : []).map((item: unknown) => {
    const fields = asRecord(item);
    const name = asText(fields.name) ?? asText(fields.id) ?? '';
    const title = asRecord(fields.title);
    const problem = asRecord(fields.problem);
    const said = asText(fields.reason) ?? '';
    const reason = { zh: asText(problem.zh) ?? said, en: asText(problem.en) ?? said };
    return {
      name,
      title: { zh: asText(title.zh) ?? name, en: asText(title.en) ?? name },
      connector: asText(fields.connector),
      state: stateOf(fields.state ?? fields.status),
      reason: reason.zh || reason.en ? reason : undefined,
      waiting: asNumber(fields.waiting),
      unknown: asNumber(fields.unknown),
      parked: asNumber(fields.parked),
      dead: asNumber(fields.dead),
      oldestAt: asText(fields.oldest_at),
    };
  });
}

export function useHealth() {
  return useQuery({
    queryKey: ['health'],
    queryFn: async ({ signal }) => readHealth(await get('/health', signal, [503])),
    refetchInterval: REFRESH_MS,
  });
}

export function useSystems() {
  return useQuery({
    queryKey: ['systems'],
    queryFn: async ({ signal }) => readSystems(await get('/systems', signal)),
    refetchInterval: REFRESH_MS,
  });
}
