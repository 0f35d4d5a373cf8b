import type { DurationMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Rate } from '../rate.ts';

/** What goes out at once: one message or several in one. */
export interface Outgoing {
  readonly id: string;
  /** Whom: an account of the service, an address; empty for a group's robot. */
  readonly to: string;
  readonly title: string;
  readonly text: string;
}

/** Where messages go. One send may carry several messages. */
export interface Channel {
  readonly rate: Rate;
  /** Longest text, in bytes of UTF-8. */
  readonly limit: number;
  /** A group reads it: no names of persons. */
  readonly group: boolean;
  /** Errors: `E-NOTE-0101` to `E-NOTE-0103`, which are tried again, and `E-NOTE-0105`, which is not. */
  send(message: Outgoing): Promise<Result<void>>;
}

/** Sends one HTTP request; passed in so that a test can stand in for the network, and nothing else. */
export type HttpSend = (url: string, init: RequestInit) => Promise<Response>;

const TIMEOUT: DurationMs = 10_000 as DurationMs;
/** An answer is a line of JSON; more is not read. */
const MOST_ANSWER = 64 * 1024;

/** Asks a JSON service. Errors: `E-NOTE-0101` no answer, `E-NOTE-0102` an answer of another kind, `E-NOTE-0103` HTTP 429. */
export async function askJson(
  send: HttpSend,
  url: string,
  init: {
    readonly method: 'GET' | 'POST';
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<Result<Readonly<Record<string, unknown>>>> {
  let response: Response;
  let text: string;
  try {
    response = await send(url, {
      method: init.method,
      headers: { 'content-type': 'application/json; charset=utf-8', ...init.headers },
      ...(init.body !== undefined && { body: JSON.stringify(init.body) }),
      signal: AbortSignal.timeout(TIMEOUT),
      redirect: 'error',
    });
    text = (await response.text()).slice(0, MOST_ANSWER);
  } catch (error) {
    return failure('E-NOTE-0101', error instanceof Error ? error.name : 'error');
  }
  if (response.status === 429) return failure('E-NOTE-0103', 'HTTP 429');
  if (response.status >= 500) return failure('E-NOTE-0101', `HTTP ${response.status}`);
  if (!response.ok) return failure('E-NOTE-0102', `HTTP ${response.status}`);
  try {
    const answer: unknown = JSON.parse(text === '' ? '{}' : text);
    return typeof answer === 'object' && answer !== null ? ok(answer as Readonly<Record<string, unknown>>) : ok({});
  } catch {
    return failure('E-NOTE-0102', 'the answer is no JSON');
  }
}

/** `errcode` of WeCom and DingTalk: HTTP 200 with anything but 0 is an error. */
export function errcodeOf(answer: Readonly<Record<string, unknown>>, tooOften: readonly number[]): Result<void> {
  const { errcode } = answer;
  if (errcode === 0) return ok();
  const detail = `errcode ${typeof errcode === 'number' ? errcode : 'missing'}`;
  return failure(typeof errcode === 'number' && tooOften.includes(errcode) ? 'E-NOTE-0103' : 'E-NOTE-0102', detail);
}
