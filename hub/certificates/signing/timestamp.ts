import { HttpTimestampAuthority } from '@libpdf/core';
import { createHash } from 'node:crypto';
import { failure, ok } from '@hallhub/sync/base';
import type { TimestampAuthority } from './cms.ts';

/** A time-stamp authority over HTTP (RFC 3161, 3.4). */
export function httpTimestamps(url: string, timeoutMs = 5_000): TimestampAuthority {
  const authority = new HttpTimestampAuthority(url, { timeout: timeoutMs });
  return {
    stamp: async (data) => {
      try {
        return ok(await authority.timestamp(Uint8Array.from(createHash('sha256').update(data).digest()), 'SHA-256'));
      } catch (error) {
        return failure('E-CERT-0502', error instanceof Error ? error.name : 'no answer');
      }
    },
  };
}
