import { type KeyObject, createPublicKey, sign, verify } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { type ProfileCatalogue, type ProfileFiles, catalogueOf } from '../schema/index.ts';

/** What a bundle holds once it is believed. */
export interface ProfileBundle {
  readonly version: string;
  /** Milliseconds since 1970-01-01T00:00Z. */
  readonly createdAt: number;
  readonly keyId: string;
  readonly files: ProfileFiles;
}

/** Ed25519 public keys (32 bytes raw, base64) by key id. */
export type BundleKeys = Readonly<Record<string, string>>;

const VERSION = /^[0-9A-Za-z][0-9A-Za-z.-]{0,63}$/;
/** A bundle that claims to be larger than this unpacked is not unpacked. */
const MOST_BYTES = 8 * 1024 * 1024;

const envelope = z.strictObject({ keyId: z.string().max(64), signature: z.base64(), content: z.base64() });
const content = z.strictObject({
  version: z.string().regex(VERSION),
  createdAt: z.number(),
  files: z.record(z.string().regex(/^([a-z0-9-]+\/)+[a-z0-9-]+(\.vectors)?\.json$/), z.string()),
});

/**
 * A bundle of profiles: gzip over JSON `{version, createdAt, files}`, and an Ed25519 signature over those packed bytes.
 * @throws {RangeError} when `version` is no version.
 */
export function createBundle(options: {
  readonly version: string;
  readonly createdAt: number;
  readonly files: ProfileFiles;
  readonly keyId: string;
  readonly privateKey: KeyObject;
}): Uint8Array {
  const { version, createdAt, files, keyId, privateKey } = options;
  if (!VERSION.test(version)) throw new RangeError(`${version} is no version`);
  const packed = gzipSync(JSON.stringify({ version, createdAt, files: Object.fromEntries(files) }), { level: 9 });
  const signature = sign(null, packed, privateKey);
  return Buffer.from(
    JSON.stringify({ keyId, signature: signature.toString('base64'), content: packed.toString('base64') }),
  );
}

/**
 * Opens a bundle that one of the keys has signed. Nothing of it is unpacked before its signature holds.
 * Errors: `E-PROFILE-0201` no bundle, `E-PROFILE-0202` unknown key or wrong signature, and those of `catalogueOf`.
 */
export function openBundle(bytes: Uint8Array, keys: BundleKeys): Result<ProfileBundle> {
  const sealed = envelope.safeParse(parseJson(Buffer.from(bytes)));
  if (!sealed.success) return failure('E-PROFILE-0201');
  const { keyId, signature } = sealed.data;
  const key = Object.hasOwn(keys, keyId) ? publicKeyOf(keys[keyId] ?? '') : undefined;
  const packed = Buffer.from(sealed.data.content, 'base64');
  if (!key || !verify(null, packed, key, Buffer.from(signature, 'base64'))) return failure('E-PROFILE-0202', keyId);
  const inner = content.safeParse(parseJson(unpacked(packed)));
  if (!inner.success) return failure('E-PROFILE-0201', 'signed, and not what a bundle holds');
  const files = new Map(Object.entries(inner.data.files));
  const catalogue = catalogueOf(files);
  if (!catalogue.ok) return catalogue;
  return ok({ version: inner.data.version, createdAt: inner.data.createdAt, keyId, files });
}

/** The profiles of a bundle over those that are there without it: what the bundle does not name stays. */
export function overlaid(
  below: ProfileFiles,
  bundle: Pick<ProfileBundle, 'files'> | undefined,
): Result<ProfileCatalogue> {
  return catalogueOf(bundle ? new Map([...below, ...bundle.files]) : below);
}

function publicKeyOf(raw: string): KeyObject | undefined {
  try {
    return createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw, 'base64').toString('base64url') },
      format: 'jwk',
    });
  } catch {
    return undefined;
  }
}

function unpacked(packed: Buffer): Buffer {
  try {
    return gunzipSync(packed, { maxOutputLength: MOST_BYTES });
  } catch {
    return Buffer.alloc(0);
  }
}

function parseJson(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    return undefined;
  }
}
