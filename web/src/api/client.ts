// The one place that speaks HTTP. Errors are RFC 9457 problem details where the hub gives them.
const TOKEN = 'lineshaft.token';

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (value: string) => sessionStorage.setItem(TOKEN, value),
  clear: () => sessionStorage.removeItem(TOKEN),
};

// `answers` are statuses whose body is an answer too, e.g. 503 of a hub that says what is down.
export async function get(path: string, signal?: AbortSignal, answers: number[] = []): Promise<unknown> {
  const headers: Record<string, string> = {
    Accept: 'application/json',
    'Accept-Language': document.documentElement.lang,
  };
  const known = token.get();
  if (known) headers.Authorization = `Bearer ${known}`;
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { headers, credentials: 'same-origin', signal: signal ?? null });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    throw new ApiError(0, '');
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok && !(body !== null && answers.includes(response.status))) {
    const problem = asRecord(body);
    throw new ApiError(response.status, asText(problem.detail) ?? asText(problem.title) ?? '', asText(problem.code));
  }
  // A server that does not know the API answers with a page.
  if (body === null) throw new ApiError(404, '');
  return body;
}

// What comes from outside is read field by field; a missing one is absent, never a crash.
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
