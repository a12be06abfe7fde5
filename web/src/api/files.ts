// Files that come from the hub and go to the person's disk.
import { answerOf } from './client';

/** Fetches a file and hands it to the browser; returns the answer's headers. */
export async function handOver(
  asking: Promise<{ data?: Blob; error?: unknown; response: Response }>,
  name: string,
): Promise<Headers> {
  let headers = new Headers();
  const content = await answerOf<Blob>(
    asking.then((asked) => {
      headers = asked.response.headers;
      return asked;
    }),
  );
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = /filename="([^"]+)"/.exec(headers.get('Content-Disposition') ?? '')?.[1] ?? name;
  link.click();
  URL.revokeObjectURL(link.href);
  return headers;
}

/** A file of the person's in base64. */
export function base64Of(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error ?? new Error());
    reader.readAsDataURL(file);
  });
}
