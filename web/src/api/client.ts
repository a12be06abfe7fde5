// The one place that speaks HTTP. Requests and answers have the types of the hub's own description
// (schema.d.ts, generated); errors are RFC 9457 problem details.
import createClient from 'openapi-fetch';

import type { components, paths } from './schema';

export type Schemas = components['schemas'];

export class ApiError extends Error {
  constructor(
    /** 0: no answer at all. */
    readonly status: number,
    message: string,
    readonly code?: string,
    readonly hint?: string,
    readonly requestId?: string,
  ) {
    super(message);
  }

  /** Nobody answered, or somebody on the way did. */
  get isAway(): boolean {
    return [0, 502, 504].includes(this.status);
  }
}

// Shown with every write, so that no other site can make a signed-in browser write (see api/session.ts).
let csrf = '';
export function setCsrf(value: string): void {
  csrf = value;
}

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

export const api = createClient<paths>({
  baseUrl: '/',
  credentials: 'same-origin',
  headers: { Accept: 'application/json' },
});

api.use({
  onRequest({ request }) {
    request.headers.set('Accept-Language', document.documentElement.lang);
    if (WRITES.has(request.method) && csrf) request.headers.set('X-CSRF-Token', csrf);
    return request;
  },
});

interface Asked<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Returns what was asked for, or throws an ApiError that a person can read. */
export async function answerOf<T>(asking: Promise<Asked<T>>): Promise<T> {
  let asked: Asked<T>;
  try {
    asked = await asking;
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem;
    throw new ApiError(0, '');
  }
  const { data, error, response } = asked;
  if (!response.ok) {
    const said = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
    throw new ApiError(
      response.status,
      textOf(said.detail) ?? textOf(said.title) ?? '',
      textOf(said.code),
      textOf(said.hint),
      textOf(said.request_id) ?? response.headers.get('X-Request-Id') ?? undefined,
    );
  }
  return data as T;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
