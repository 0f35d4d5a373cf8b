import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock, DurationMs } from '../../base/index.ts';
import { minutes } from '../../base/index.ts';

export interface HintVerifierOptions {
  /** `whsec_` and base64 (Standard Webhooks 1.0); several while they rotate. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
  /** How far the sender's clock may be off. Default 5 min. */
  readonly tolerance?: DurationMs;
}

export type HintVerdict = 'accepted' | 'repeated' | 'refused';

/**
 * Checks a hint to "pull now" by Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`, HMAC-SHA256
 * over `id.timestamp.body`). A hint carries no data worth trusting: a good one wakes the replica, nothing more.
 */
export interface HintVerifier {
  verify(headers: Readonly<Record<string, string | string[] | undefined>>, body: Uint8Array): HintVerdict;
}

const remembered = 1_000;

/** @throws {TypeError} when a secret is not `whsec_` and at least 24 bytes of base64. */
export function createHintVerifier({ secrets, clock, tolerance = minutes(5) }: HintVerifierOptions): HintVerifier {
  const keys = secrets.map(parseSecret);
  const seen = new Set<string>();
  return {
    verify: (headers, body) => {
      const id = single(headers['webhook-id']);
      const timestamp = single(headers['webhook-timestamp']);
      const signatures = single(headers['webhook-signature']);
      if (!id || id.length > 256 || !/^\d{1,12}$/.test(timestamp) || !signatures) return 'refused';
      if (Math.abs(clock.now() - Number(timestamp) * 1_000) > tolerance) return 'refused';
      const expected = keys.map((key) => sign(key, id, timestamp, body));
      const good = signatures
        .split(' ')
        .slice(0, 10)
        .some((part) => expected.some((signature) => equal(part, `v1,${signature}`)));
      if (!good) return 'refused';
      if (seen.has(id)) return 'repeated';
      seen.add(id);
      for (const oldest of seen) {
        if (seen.size <= remembered) break;
        seen.delete(oldest);
      }
      return 'accepted';
    },
  };
}

export interface Hint {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a hall sends: the sending side, for a hall and for tests. */
export function signHint(secret: string, { id, at }: { readonly id: string; readonly at: number }): Hint {
  const body = Buffer.from(JSON.stringify({ type: 'hallhub.pull-now' }));
  const timestamp = String(Math.floor(at / 1_000));
  const signature = sign(parseSecret(secret), id, timestamp, body);
  return {
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  };
}

function sign(key: Buffer, id: string, timestamp: string, body: Uint8Array): string {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
}

function parseSecret(secret: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (!secret.startsWith('whsec_') || key.length < 24) {
    throw new TypeError('a webhook secret is whsec_ and at least 24 bytes of base64');
  }
  return key;
}

const single = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
