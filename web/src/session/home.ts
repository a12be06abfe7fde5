// Where each role starts: those who ask for one document at the search, those who watch the whole at the map.
import type { Me } from '../api/session';

/** Rights of those who watch the whole, whatever else they may do. */
const WATCHING = ['operate', 'kpis.set'] as const;

export function homeOf(me: Me): string {
  const isWatching = WATCHING.some((each) => me.rights.includes(each));
  return me.rights.includes('work') && !isWatching ? '/trace' : '/';
}
