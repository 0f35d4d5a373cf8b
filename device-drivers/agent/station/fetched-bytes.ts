import { createHash } from 'node:crypto';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';

/** In the place of bytes that are too long for a message: where to fetch them from the hub, once. */
const fetchedSchema = z.strictObject({
  $fetch: z.strictObject({
    token: z.string().min(16).max(64),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    size: z.int().min(0),
  }),
});

/** Errors: `E-AGENT-0106`, with how it failed. */
export type FetchBytes = (token: string, size: number) => Promise<Result<Uint8Array>>;

/** The arguments of a call, everything in them that was to be fetched in its place. Error: `E-AGENT-0106`; nothing was called then. */
export async function withFetched(
  args: readonly unknown[],
  fetchBytes: FetchBytes | undefined,
): Promise<Result<readonly unknown[]>> {
  const whole: unknown[] = [];
  for (const arg of args) {
    const parsed = fetchedSchema.safeParse(arg);
    if (!parsed.success) {
      whole.push(arg);
      continue;
    }
    if (!fetchBytes) return failure('E-AGENT-0106', 'nothing fetches here');
    const { token, size, sha256 } = parsed.data.$fetch;
    const bytes = await fetchBytes(token, size);
    if (!bytes.ok) return bytes;
    const digest = createHash('sha256').update(bytes.value).digest('hex');
    if (digest !== sha256) return failure('E-AGENT-0106', 'other bytes than were announced');
    whole.push(bytes.value);
  }
  return ok(whole);
}
