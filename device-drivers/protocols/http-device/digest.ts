import { createHash } from 'node:crypto';
import { type RandomBytes, type Result, failure, ok } from '@hallhub/sync/base';

export interface DigestChallenge {
  readonly realm: string;
  readonly nonce: string;
  readonly opaque?: string;
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly qop: boolean;
}

/** A `WWW-Authenticate` header, RFC 7616. Errors: `E-DEV-0203` where it asks for what is not Digest or not spoken here. */
export function readChallenge(header: string | undefined): Result<DigestChallenge> {
  const found = /\bDigest\s+(.*)$/is.exec(header ?? '')?.[1];
  if (found === undefined) return failure('E-DEV-0203', 'it does not ask for Digest authentication');
  const fields = new Map(
    [...found.slice(0, 4_096).matchAll(/(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)].map((match) => [
      (match[1] ?? '').toLowerCase(),
      match[2] ?? match[3] ?? '',
    ]),
  );
  const realm = fields.get('realm');
  const nonce = fields.get('nonce');
  const algorithm = (fields.get('algorithm') ?? 'MD5').toUpperCase();
  const qop = fields.get('qop');
  const offers = qop?.split(',').map((word) => word.trim());
  if (realm === undefined || nonce === undefined || (algorithm !== 'MD5' && algorithm !== 'SHA-256'))
    return failure('E-DEV-0203', 'a challenge that is not understood');
  if (offers && !offers.includes('auth')) return failure('E-DEV-0203', 'a challenge without qop auth');
  const opaque = fields.get('opaque');
  return ok({ realm, nonce, algorithm, qop: offers !== undefined, ...(opaque !== undefined && { opaque }) });
}

/** The `Authorization` header for one request. @param uri the request target as it stands in the request line */
export function answerChallenge(
  { realm, nonce, opaque, algorithm, qop }: DigestChallenge,
  { user, password }: { readonly user: string; readonly password: string },
  request: { readonly method: string; readonly uri: string },
  use: { readonly count: number; readonly cnonce: string },
): string {
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const count = use.count.toString(16).padStart(8, '0');
  const secret = hash(`${user}:${realm}:${password}`);
  const asked = hash(`${request.method}:${request.uri}`);
  const response = hash([secret, nonce, ...(qop ? [count, use.cnonce, 'auth'] : []), asked].join(':'));
  const fields = [
    `username="${user}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${request.uri}"`,
    `response="${response}"`,
    `algorithm=${algorithm}`,
    ...(qop ? ['qop=auth', `nc=${count}`, `cnonce="${use.cnonce}"`] : []),
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
  ];
  return `Digest ${fields.join(', ')}`;
}

export const clientNonce = (random: RandomBytes): string => Buffer.from(random(8)).toString('hex');
