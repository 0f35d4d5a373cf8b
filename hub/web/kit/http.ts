import { againWhenBusy } from './again.ts';
import type { Answer, Problem } from './answer.ts';
import type { Text } from './i18n.ts';
import { say } from './i18n.ts';

export type { Answer, Problem };

let catalogue: Readonly<Record<string, Text>> = {};

/** Loads the texts of all codes; pages show those, never the codes alone. */
export async function loadCatalogue(): Promise<void> {
  const answer = await call<Readonly<Record<string, Text>>>('GET', '/api/catalogue');
  if (answer.ok) catalogue = answer.value;
}

export function textOf(code: string): string {
  const text = catalogue[code];
  return text ? say(text) : code;
}

const UNREACHABLE: Problem = { status: 0, code: 'E-WEB-0101' };

/**
 * Calls the hub's API. Never throws: no answer at all is a problem like any other. `once` names a request that must count once;
 * `headers` are those that only some requests have; `until` breaks it off. What only reads is asked again where the hub had too much to answer: a page
 * that loads with many others behind one address must not stay empty.
 */
export async function call<T>(
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: unknown,
  once?: string,
  headers: Readonly<Record<string, string>> = {},
  until?: AbortSignal,
): Promise<Answer<T>> {
  const answer = () => ask<T>(method, path, body, once, headers, until);
  return method === 'GET' ? againWhenBusy(answer) : answer();
}

async function ask<T>(
  method: string,
  path: string,
  body: unknown,
  once: string | undefined,
  headers: Readonly<Record<string, string>>,
  until: AbortSignal | undefined,
): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: {
        'x-hallhub': '1',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(once !== undefined && { 'idempotency-key': once }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(until && { signal: until }),
    });
  } catch {
    return { ok: false, problem: UNREACHABLE };
  }
  let parsed: unknown;
  try {
    const text = await response.text();
    parsed = text === '' ? undefined : JSON.parse(text);
  } catch {
    // It broke off, or somebody on the way answered in the hub's place.
    return { ok: false, problem: UNREACHABLE };
  }
  return response.ok ? { ok: true, value: parsed as T } : { ok: false, problem: parsed as Problem };
}
