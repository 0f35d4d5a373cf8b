import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { parseDuration } from './durations.ts';

export const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63');
export const label = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
export const port = z.int().min(0).max(65_535);

export const duration = z.string().transform((text, context): DurationMs => {
  const parsed = parseDuration(text);
  if (parsed === undefined) context.addIssue('a duration such as 700ms, 30s, 15min, 4h or 2d');
  return parsed ?? (0 as DurationMs);
});

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** An Ed25519 public key in base64, raw (32 bytes) or as SPKI (RFC 8410); raw afterwards. */
export const publicKey = z.string().transform((text, context): string => {
  const bytes = Buffer.from(text, 'base64');
  const raw = bytes.length === 44 && bytes.subarray(0, 12).equals(SPKI_PREFIX) ? bytes.subarray(12) : bytes;
  if (raw.length !== 32) context.addIssue('an Ed25519 public key in base64: 32 bytes raw, or SPKI');
  return raw.toString('base64');
});
