import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { BundleKeys } from '@hallhub/firmware-profiles/bundle';
import type { ProfileKeys } from './contract.ts';

/*
 * Whose bundles of profiles an agent believes.
 *
 * It learns the first keys with its credentials, in a box that only its own key opens. Later ones come down its feed, over a
 * broker that need not be the hub's own: whoever can write there must not be able to add a key of theirs, or the signature of
 * a bundle would say no more than that the broker delivered it. So a set of keys carries a code (HMAC-SHA-256) under the secret
 * that hub and agent share since the enrolment, which no broker has ever seen. The code covers the agent's name, so that no
 * set is good for another one, and when the set was issued: an older set is not taken after a newer one, or a key that was
 * withdrawn could be brought back by repeating what was once true. A set that an earlier enrolment left behind does not hold
 * under the new secret and counts for nothing. Taking a record back is not a set of keys and changes nothing.
 */

const PURPOSE = 'hallhub profile keys';

/** A set of keys as the hub tells it to one agent. `issuedAt` rises with every change of the set. */
export function issueKeySet(
  secret: Uint8Array,
  agent: string,
  set: { readonly issuedAt: number; readonly keys: BundleKeys },
): ProfileKeys {
  return { issuedAt: set.issuedAt, keys: { ...set.keys }, code: codeOf(secret, agent, set).toString('base64') };
}

/** Whether the hub has issued this set to this agent. */
export function isIssued(secret: Uint8Array, agent: string, { code, ...set }: ProfileKeys): boolean {
  const given = Buffer.from(code, 'base64');
  const right = codeOf(secret, agent, set);
  return given.length === right.length && timingSafeEqual(given, right);
}

function codeOf(secret: Uint8Array, agent: string, { issuedAt, keys }: Omit<ProfileKeys, 'code'>): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', PURPOSE, 32));
  const entries = Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', key)
    .update(JSON.stringify([agent, issuedAt, entries]))
    .digest();
}
