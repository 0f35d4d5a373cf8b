export interface Answer {
  readonly status: number;
  /** Parsed JSON, or undefined for an empty answer. */
  readonly body: unknown;
}

/** Talks to a hub's API as a page does: one cookie jar, the header that pages send. */
export interface HttpClient {
  /** @throws when there is no answer. */
  call(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Answer>;
  /** As `call`, for an answer that must be good. @throws on any status from 400 on. */
  ask<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** What it was given so far, for a browser that goes on in its place. */
  cookies(): readonly { readonly name: string; readonly value: string }[];
}

/** `url` is asked for every call, because a restarted hub has another port. */
export function httpClient(url: () => string): HttpClient {
  const cookies = new Map<string, string>();
  const call: HttpClient['call'] = async (method, path, body, headers) => {
    const response = await fetch(`${url()}${path}`, {
      method,
      headers: {
        'x-hallhub': '1',
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text || undefined };
  };
  return {
    call,
    cookies: () => [...cookies].map(([name, value]) => ({ name, value })),
    ask: async <T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> => {
      const answer = await call(method, path, body);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body as T;
    },
  };
}
