import type { Answer } from './http.ts';
import { call } from './http.ts';

/** A name for one order. Not `crypto.randomUUID`: pages that come over plain HTTP, as phones' may, do not have it. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export interface Once {
  /** What is ordered has changed: the next order is another one. */
  renew(): void;
  order<T>(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer<T>>;
}

/** Orders that count once: the same key is sent again after an answer that was lost, and a new one only for a new order. */
export function useOnce(): Once {
  let key = newKey();
  return {
    renew: () => {
      key = newKey();
    },
    order: async <T>(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer<T>> => {
      const answer = await call<T>('POST', path, body, key, headers);
      // No answer at all: whether it was carried out is not known, so the same key asks again.
      if (answer.ok || answer.problem.status !== 0) key = newKey();
      return answer;
    },
  };
}
