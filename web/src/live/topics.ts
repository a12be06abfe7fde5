// What changes when the hub says that something has changed: topic of a fact → first words of query keys.
// The query keys of every area begin with one of these words.
import type { QueryClient } from '@tanstack/react-query';

const KEYS: Readonly<Record<string, readonly string[]>> = {
  systems: ['systems', 'overview'],
  effects: ['effects', 'unknown', 'parked', 'trace', 'instances', 'systems'],
  'dead-letters': ['dead-letters', 'overview', 'trace', 'systems'],
  instances: ['instances', 'trace', 'overview'],
  incidents: ['instances', 'trace', 'overview'],
  tasks: ['tasks', 'overview', 'trace'],
  alerts: ['alerts'],
  events: ['events', 'trace'],
  documents: ['trace', 'board'],
  releases: ['systems', 'releases', 'processes'],
};

export function refresh(queries: QueryClient, topics: Iterable<string>): void {
  const words = new Set<string>();
  for (const topic of topics) for (const word of KEYS[topic] ?? [topic]) words.add(word);
  void queries.invalidateQueries({ predicate: (query) => words.has(String(query.queryKey[0])) });
}

export function refreshAll(queries: QueryClient): void {
  void queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
}
