// Where each role starts: those who ask for one document at the search, those who watch the whole at the map.
import type { Me } from '../api/session';

export function homeOf(me: Me): string {
  return me.rights.includes('work') && !me.rights.includes('operate') ? '/trace' : '/';
}
