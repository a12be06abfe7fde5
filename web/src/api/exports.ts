// Lists as files.
import { answerOf, api } from './client';

export type ExportedList = 'instances' | 'orders' | 'tasks' | 'dead-letters' | 'effects' | 'audit';

/** Fetches a list as a file and hands it to the browser; says whether it is only a part of the list. */
export async function fileOf(list: ExportedList, query: Record<string, string | undefined>): Promise<{ isPart: boolean }> {
  const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value));
  let headers = new Headers();
  const content = await answerOf<Blob>(
    api.GET(`/api/v1/exports/${list}`, { params: { query: given }, parseAs: 'blob' }).then((asked) => {
      headers = asked.response.headers;
      return asked;
    }),
  );
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = /filename="([^"]+)"/.exec(headers.get('Content-Disposition') ?? '')?.[1] ?? list;
  link.click();
  URL.revokeObjectURL(link.href);
  return { isPart: headers.has('X-Next-Cursor') };
}
