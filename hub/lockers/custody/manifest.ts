import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import { fromBase45, toBase45 } from '../../gates/qr/index.ts';
import type { Signer, Trusted } from './signing.ts';
import { canonical, digest } from './signing.ts';

const id = z.string().min(1).max(96);
const hub = z.string().min(1).max(63);

const contents = z.strictObject({
  v: z.literal(1),
  run: id,
  box: id,
  seal: id,
  from: hub,
  to: hub,
  at: z.int(),
  by: z.string().min(1).max(128),
  bags: z
    .array(
      z.strictObject({
        bag: id,
        seal: id,
        /** Each with the epoch under which the run will hold it. Whoever takes it from the run does so with the next. */
        items: z.array(z.tuple([id, z.int().min(1)])).max(500),
      }),
    )
    .min(1)
    .max(200),
});
export type ManifestContents = z.output<typeof contents>;

/** What is in a sealed box, signed by the hub that sealed it. Whoever holds it can take the box without hearing that hub. */
export const manifestSchema = z.strictObject({
  contents,
  keyId: z.string().min(1).max(64),
  signature: z.string().max(128),
});
export type Manifest = z.output<typeof manifestSchema>;

/** The name of a manifest: the hash of its contents. */
export const hashOf = (manifest: Pick<Manifest, 'contents'>): string => digest(canonical(manifest.contents));

export function signManifest(what: ManifestContents, signer: Signer): Manifest {
  return { contents: what, ...signer.sign(canonical(what)) };
}

/** Errors: `E-CUST-0301` it is not one, or was not signed by the hub that it says it comes from. */
export function readManifest(raw: unknown, trusted: Trusted): Result<Manifest> {
  const parsed = manifestSchema.safeParse(raw);
  if (!parsed.success) return failure('E-CUST-0301');
  const { contents: what, keyId, signature } = parsed.data;
  return trusted(what.from, canonical(what), { keyId, signature })
    ? ok(parsed.data)
    : failure('E-CUST-0301', what.from);
}

const PREFIX = 'HM1:';
/** Far more than any box holds: what unpacks to more is no manifest. */
const MOST_BYTES = 200_000;

/** For a QR code in its alphanumeric mode. */
export const manifestText = (manifest: Manifest): string =>
  PREFIX + toBase45(deflateRawSync(Buffer.from(JSON.stringify(manifest)), { level: 9 }));

/** What a scanner read, not yet believed; undefined: no manifest. */
export function parseManifestText(text: string): unknown {
  if (!text.startsWith(PREFIX)) return undefined;
  const packed = fromBase45(text.slice(PREFIX.length));
  if (!packed) return undefined;
  try {
    return JSON.parse(inflateRawSync(packed, { maxOutputLength: MOST_BYTES }).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
