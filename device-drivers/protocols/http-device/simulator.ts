import { createHash } from 'node:crypto';
import type { DeviceReply, DeviceRequest } from '../../transports/index.ts';

const NONCE_USES = 20;
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

/** A simulated device's side of Digest authentication, with a nonce that it changes; undefined: who asks is who they say. */
export function createDigestGuard({
  user,
  password,
}: {
  readonly user: string;
  readonly password: string;
}): (request: DeviceRequest) => DeviceReply | undefined {
  let [nonces, uses] = [1, 0];
  return ({ method, target, headers }) => {
    const given = headers['authorization'] ?? '';
    const field = (name: string): string => new RegExp(`${name}="?([^",]+)"?`).exec(given)?.[1] ?? '';
    uses += 1;
    if (uses > NONCE_USES) {
      nonces += 1;
      uses = 0;
    }
    const secret = md5(`${user}:device:${password}`);
    const asked = md5(`${method}:${target}`);
    const expected = md5([secret, `nonce${nonces}`, field('nc'), field('cnonce'), 'auth', asked].join(':'));
    if (given.startsWith('Digest ') && field('uri') === target && field('response') === expected) return undefined;
    const challenge = `Digest realm="device", nonce="nonce${nonces}", qop="auth", algorithm=MD5`;
    return { status: 401, headers: { 'www-authenticate': challenge } };
  };
}
