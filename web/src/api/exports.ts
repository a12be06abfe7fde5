// Lists as files.
import { api } from './client';
import { handOver } from './files';

export type ExportedList = 'instances' | 'orders' | 'tasks' | 'dead-letters' | 'effects' | 'audit';

/** Fetches a list as a file and hands it to the browser; says whether it is only a part of the list. */
export async function fileOf(list: ExportedList, query: Record<string, string | undefined>): Promise<{ isPart: boolean }> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value));
  const headers = await handOver(api.GET(`/api/v1/exports/${list}`, { params: { query: given }, parseAs: 'blob' }), list);
  return { isPart: headers.has('X-Next-Cursor') };
}
