import { createHash } from 'node:crypto';
import type { Cancel, Clock, RandomBytes } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';

/** How an agent gets at bytes that are too long for a message. */
export interface HandoverOffer {
  readonly token: string;
  readonly sha256: string;
  readonly size: number;
}

/**
 * Bytes that wait, in memory only, for one agent to fetch them over HTTPS: once, soon, and with a token that only a message
 * to this agent names.
 */
export interface Handover {
  offer(agent: string, bytes: Uint8Array): HandoverOffer;
  /** The bytes, to whoever comes first with the right token; `delivered` is to be called when the last of them has gone out. */
  take(agent: string, token: string): { readonly bytes: Uint8Array; readonly delivered: () => void } | undefined;
  /** Nobody gets them any more. Whether all of them may have arrived somewhere. */
  close(token: string): 'never-whole' | 'maybe-whole';
}

const LIFE = minutes(2);

interface Waiting {
  readonly agent: string;
  bytes: Uint8Array | undefined;
  delivered: boolean;
  readonly forget: Cancel;
}

export function createHandover({ clock, random }: { readonly clock: Clock; readonly random: RandomBytes }): Handover {
  // By the token's hash: whoever reads this memory's keys cannot ask with them.
  const waiting = new Map<string, Waiting>();
  const keyOf = (token: string): string => createHash('sha256').update(token).digest('hex');
  return {
    offer: (agent, bytes) => {
      const token = Buffer.from(random(24)).toString('base64url');
      const entry: Waiting = {
        agent,
        bytes,
        delivered: false,
        forget: clock.after(LIFE, () => {
          entry.bytes = undefined;
        }),
      };
      waiting.set(keyOf(token), entry);
      return { token, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
    },
    take: (agent, token) => {
      const entry = waiting.get(keyOf(token));
      if (entry?.bytes === undefined || entry.agent !== agent) return undefined;
      const { bytes } = entry;
      entry.bytes = undefined;
      return {
        bytes,
        delivered: () => {
          entry.delivered = true;
        },
      };
    },
    close: (token) => {
      const key = keyOf(token);
      const entry = waiting.get(key);
      entry?.forget();
      waiting.delete(key);
      return entry?.delivered === true ? 'maybe-whole' : 'never-whole';
    },
  };
}
