import { type Clock, type DurationMs, type Failure, type Result, failure, ok, seconds } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../kit/index.ts';

export interface HttpTransportOptions {
  readonly url: string;
  readonly clock: Clock;
  /** From the request's first byte to the answer's last; 10 s by default. */
  readonly timeout?: DurationMs;
}

/** An answer longer than this is cut off, and the line is down. */
const LONGEST_ANSWER = 1_048_576;

/**
 * Bytes as POSTs, one after the other; an answer's body is what the device says. There is no connection: opening succeeds
 * whether anybody is there, and a request that fails is the break.
 */
export function createHttpTransport({ url, clock, timeout = seconds(10) }: HttpTransportOptions): Transport {
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);
  /** Ends every request of one opening. */
  let current: AbortController | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const post = async (bytes: Uint8Array<ArrayBuffer>, life: AbortController): Promise<Result<void>> => {
    if (life.signal.aborted) return failure('E-DEV-0103', url);
    const limit = new AbortController();
    const cancel = clock.after(timeout, () => {
      limit.abort(new Error(`no answer within ${timeout} ms`));
    });
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: bytes,
        headers: { 'content-type': 'application/octet-stream' },
        redirect: 'error',
        signal: AbortSignal.any([life.signal, limit.signal]),
      });
      const body = await bodyOf(response);
      if (!response.ok) throw new Error(`status ${response.status}`);
      if (current === life && body.length > 0) data.emit(body);
      return ok();
    } catch (error) {
      const why: Failure = { code: 'E-DEV-0103', detail: `${url}: ${text(error)}` };
      // Closed on purpose: nobody is told.
      if (current === life) {
        current = undefined;
        life.abort();
        down.emit(why);
      }
      return { ok: false, error: why };
    } finally {
      cancel();
    }
  };

  return {
    name: url,
    open: () => {
      current ??= new AbortController();
      return Promise.resolve(ok());
    },
    write: (bytes) => {
      const life = current;
      if (!life) return Promise.resolve(failure('E-DEV-0102', url));
      const copy = bytes.slice();
      const written = turn.then(() => post(copy, life));
      turn = written;
      return written;
    },
    close: async (how) => {
      const life = current;
      current = undefined;
      if (how === 'drop') life?.abort();
      else await turn;
      life?.abort();
      await turn;
    },
    onData: data.on,
    onDown: down.on,
  };
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (!body) return new Uint8Array();
  for await (const piece of body) {
    length += piece.length;
    if (length > LONGEST_ANSWER) throw new Error(`an answer of more than ${LONGEST_ANSWER} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function text(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
