import type { Clock, DurationMs, RandomBytes, Result } from '../../base/index.ts';
import { err, ms, ok, seconds, uuidv7 } from '../../base/index.ts';
import type { LinkFailure } from '../../link/index.ts';
import type { Ask, Method } from './messages.ts';
import { LONGEST_DETAIL, MESSAGE_LIMIT, answerSchema, askSchema } from './messages.ts';

/**
 * Sends one message towards the other end; it may be lost, come twice, or overtake another. False: there is no pipe at the
 * moment, and nothing was sent.
 */
export type SendMessage = (payload: Uint8Array) => boolean;

/** The end that asks: an agent. */
export interface Asker {
  /**
   * Asks and waits for the answer. Errors: `E-SYNC-0101` (retry) no pipe,
   * `E-SYNC-0102` (retry) no answer in time, `E-SYNC-0105` (reject) the question is
   * larger than a message may be, or what the other end said.
   */
  ask(
    method: Method,
    params: Readonly<Record<string, unknown>>,
    options: AskOptions,
  ): Promise<Result<unknown, LinkFailure>>;
  /** Takes a message that came. What answers nothing that is waited for is ignored. */
  receive(payload: Uint8Array): void;
  /** The pipe broke: everything that waits fails at once (`E-SYNC-0101`). */
  cut(): void;
}

export interface AskOptions {
  readonly signal: AbortSignal;
  /** How long the other end may take; 10 s by default. */
  readonly within?: DurationMs;
}

/** A question whose answer takes longer than asked for is given up a little later: the way takes time, too. */
const GRACE = seconds(2);

export function createAsker(deps: {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly send: SendMessage;
}): Asker {
  const { clock } = deps;
  const waiting = new Map<string, (result: Result<unknown, LinkFailure>) => void>();
  return {
    ask: (method, params, { signal, within = seconds(10) }) => {
      const id = uuidv7(clock.now(), deps.random);
      const payload = Buffer.from(JSON.stringify({ id, method, params, within } satisfies Ask));
      if (payload.length > MESSAGE_LIMIT) {
        return Promise.resolve(err<LinkFailure>({ code: 'E-SYNC-0105', class: 'reject', detail: method }));
      }
      if (signal.aborted) return Promise.resolve(err<LinkFailure>(noAnswer(method)));
      return new Promise((resolve) => {
        const settle = (result: Result<unknown, LinkFailure>): void => {
          cancel();
          signal.removeEventListener('abort', abort);
          waiting.delete(id);
          resolve(result);
        };
        const abort = (): void => {
          settle(err(noAnswer(method)));
        };
        const cancel = clock.after(ms(within + GRACE), abort);
        signal.addEventListener('abort', abort, { once: true });
        waiting.set(id, settle);
        if (!deps.send(payload)) settle(err({ code: 'E-SYNC-0101', class: 'retry', detail: method }));
      });
    },
    receive: (payload) => {
      const parsed = answerSchema.safeParse(parseJson(payload));
      if (!parsed.success) return;
      const { id, value, error } = parsed.data;
      const settle = waiting.get(id);
      if (!settle) return;
      settle(error ? err(toFailure(error)) : ok(value));
    },
    cut: () => {
      for (const settle of [...waiting.values()]) settle(err({ code: 'E-SYNC-0101', class: 'retry' }));
    },
  };
}

const noAnswer = (method: string): LinkFailure => ({ code: 'E-SYNC-0102', class: 'retry', detail: method });

function toFailure(error: NonNullable<ReturnType<typeof answerSchema.parse>['error']>): LinkFailure {
  const { detail, retryAfter, ...rest } = error;
  return {
    ...rest,
    ...(detail !== undefined && { detail }),
    ...(retryAfter !== undefined && { retryAfter: ms(retryAfter) }),
  };
}

/** What a method does for the one who asks, whose name the broker vouches for. */
export type MethodHandler = (
  params: Readonly<Record<string, unknown>>,
  context: { readonly from: string; readonly within: DurationMs; readonly signal: AbortSignal },
) => Promise<Result<unknown, LinkFailure>> | Result<unknown, LinkFailure>;

/** The end that answers: the hub. */
export interface Answerer {
  /** Takes a question. What is no question is ignored. */
  receive(from: string, payload: Uint8Array): void;
  /** Nobody there any more: what it asked is not worth answering. */
  gone(from: string): void;
  close(): void;
}

/** Questions of one asker that may be open at once; more are refused with "retry". */
const OPEN_LIMIT = 16;

export function createAnswerer(deps: {
  readonly methods: Partial<Readonly<Record<Method, MethodHandler>>>;
  readonly send: (to: string, payload: Uint8Array) => void;
  readonly fault: (error: unknown) => void;
}): Answerer {
  const open = new Map<string, Set<AbortController>>();
  const end = (from: string): void => {
    for (const controller of open.get(from) ?? []) controller.abort();
    open.delete(from);
  };
  const answer = async (from: string, { id, method, params, within }: Ask): Promise<void> => {
    const mine = open.get(from) ?? new Set();
    open.set(from, mine);
    const reply = (result: Result<unknown, LinkFailure>): void => {
      deps.send(from, encodeAnswer(id, result));
    };
    const handler = deps.methods[method];
    if (!handler) {
      reply(err({ code: 'E-SYNC-0110', class: 'reject', detail: method }));
      return;
    }
    if (mine.size >= OPEN_LIMIT) {
      reply(err({ code: 'E-SYNC-0103', class: 'retry', detail: 'too many questions at once' }));
      return;
    }
    const controller = new AbortController();
    mine.add(controller);
    try {
      const result = await handler(params, { from, within: ms(within), signal: controller.signal });
      if (!controller.signal.aborted) reply(result);
    } catch (error) {
      deps.fault(error);
      reply(err({ code: 'E-SYNC-0401', class: 'retry', detail: method }));
    } finally {
      mine.delete(controller);
      // Who went away and came back has another set by now.
      if (mine.size === 0 && open.get(from) === mine) open.delete(from);
    }
  };
  return {
    receive: (from, payload) => {
      const parsed = askSchema.safeParse(parseJson(payload));
      if (parsed.success) void answer(from, parsed.data);
    },
    gone: end,
    close: () => {
      for (const from of [...open.keys()]) end(from);
    },
  };
}

function encodeAnswer(id: string, result: Result<unknown, LinkFailure>): Uint8Array {
  const payload = Buffer.from(
    JSON.stringify(result.ok ? { id, value: result.value } : { id, error: brief(result.error) }),
  );
  if (payload.length <= MESSAGE_LIMIT) return payload;
  return Buffer.from(
    JSON.stringify({ id, error: { code: 'E-SYNC-0105', class: 'retry', detail: 'answer too large' } }),
  );
}

const brief = ({ detail, ...failure }: LinkFailure): LinkFailure =>
  detail === undefined ? failure : { ...failure, detail: detail.slice(0, LONGEST_DETAIL) };

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
}
