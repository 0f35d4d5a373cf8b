import type { z } from 'zod';
import type { Clock, Code, DurationMs, EpochMs, RandomBytes, Result } from '../../base/index.ts';
import { epochMs, err, ok } from '../../base/index.ts';
import { createVerifier, headers, mediaTypes, problemSchema, whereWrong } from '../../contract/index.ts';
import type { PinnedKey, Problem } from '../../contract/index.ts';
import type { LinkFailure, LinkFailureClass } from '../../link/index.ts';
import { retryAfter } from './transfer.ts';
import type { Transfer, TransferResponse } from './transfer.ts';

export interface ExchangeOptions {
  readonly base: URL;
  readonly token: string;
  readonly hub: string;
  readonly epoch: number;
  readonly keys: readonly PinnedKey[];
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly transfer: Transfer;
  readonly timeout: DurationMs;
  readonly maxBytes: number;
}

export interface Ask<T> {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Below the base address, for example `v1/feed`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: { readonly mediaType: string; readonly bytes: Uint8Array };
  readonly schema: z.ZodType<T>;
  /** Time that the hall may take by agreement (long-poll), on top of the timeout. */
  readonly patience?: DurationMs;
  readonly signal: AbortSignal;
}

export interface Answer<T> {
  readonly value: T;
  /** The hall's time, from the signed body. */
  readonly hallTime: EpochMs;
}

interface Signed {
  readonly nonce: string;
  readonly hub: string;
  readonly issuedAt: string;
}

/** One signed question and answer of the contract; everything that is not exactly that becomes a classified failure. */
export type Exchange = <T extends Signed>(ask: Ask<T>) => Promise<Result<Answer<T>, LinkFailure>>;

export function createExchange(options: ExchangeOptions): Exchange {
  const { base, hub, clock, random, transfer } = options;
  const verify = createVerifier(options.keys);

  return async <T extends Signed>(ask: Ask<T>): Promise<Result<Answer<T>, LinkFailure>> => {
    const nonce = Buffer.from(random(18)).toString('base64url');
    const url = new URL(ask.path, base);
    for (const [name, value] of Object.entries(ask.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const sent = await transfer.send({
      method: ask.method,
      url,
      headers: {
        authorization: `Bearer ${options.token}`,
        accept: `${mediaTypes.json}, ${mediaTypes.problem}`,
        [headers.hub]: hub,
        [headers.epoch]: String(options.epoch),
        [headers.nonce]: nonce,
        ...(ask.body ? { 'content-type': ask.body.mediaType } : {}),
      },
      ...(ask.body ? { body: ask.body.bytes } : {}),
      timeout: (options.timeout + (ask.patience ?? 0)) as DurationMs,
      maxBytes: options.maxBytes,
      signal: ask.signal,
    });
    if (!sent.ok) return err({ ...sent.error, class: 'retry' });
    const response = sent.value;
    const signatureHeader = response.headers[headers.signature];
    const signed = verify(response.body, Array.isArray(signatureHeader) ? signatureHeader[0] : signatureHeader);
    if (response.status < 200 || response.status > 299) {
      return err(classify(response, signed ? readProblem(response, nonce, hub) : undefined, clock));
    }
    const type = response.headers['content-type'] ?? '';
    if (!type.startsWith(mediaTypes.json)) return refuse('E-SYNC-0104', 'retry', `content type ${type.slice(0, 60)}`);
    const json = parseJson(response.body);
    if (!json.ok) return refuse('E-SYNC-0104', 'retry', 'not JSON');
    if (!signed) return refuse('E-SYNC-0106', 'authentication', 'no valid signature by a pinned key');
    const parsed = ask.schema.safeParse(json.value);
    if (!parsed.success) return refuse('E-SYNC-0104', 'retry', whereWrong(parsed.error));
    const value = parsed.data;
    if (value.nonce !== nonce || value.hub !== hub) {
      return refuse('E-SYNC-0106', 'authentication', 'the answer belongs to another question');
    }
    return ok({ value, hallTime: epochMs(Date.parse(value.issuedAt)) });
  };
}

function refuse(code: Code, failureClass: LinkFailureClass, detail: string) {
  return err<LinkFailure>({ code, class: failureClass, detail });
}

function parseJson(body: Buffer): Result<unknown> {
  try {
    return ok(JSON.parse(body.toString()) as unknown);
  } catch {
    return err({ code: 'E-SYNC-0104' });
  }
}

/** A problem that is signed and meant for this question; only such a one may stop a hub or condemn an event. */
function readProblem(response: TransferResponse, nonce: string, hub: string): Problem | undefined {
  const json = parseJson(response.body);
  const parsed = problemSchema.safeParse(json.ok ? json.value : undefined);
  return parsed.success && parsed.data.nonce === nonce && parsed.data.hub === hub ? parsed.data : undefined;
}

const condemning: ReadonlySet<number> = new Set([400, 413, 415, 422]);

function classify(response: TransferResponse, problem: Problem | undefined, clock: Clock): LinkFailure {
  const { status } = response;
  const detail = `HTTP ${status}${problem ? ` ${problem.code.slice(0, 40)}` : ''}`;
  if (status === 401 || status === 403) return { code: 'E-SYNC-0107', class: 'authentication', detail };
  if (problem?.code === 'epoch-fenced') return { code: 'E-SYNC-0108', class: 'fenced', detail };
  if (problem?.code === 'must-refetch') return { code: 'E-SYNC-0109', class: 'must-refetch', detail };
  if (condemning.has(status)) return { code: 'E-SYNC-0110', class: problem ? 'reject' : 'retry', detail };
  const after = retryAfter(response.headers['retry-after'], clock);
  const busy = status >= 500 || status === 429 || status === 408;
  return {
    code: busy ? 'E-SYNC-0103' : 'E-SYNC-0104',
    class: 'retry',
    detail,
    ...(after === undefined ? {} : { retryAfter: after }),
  };
}
