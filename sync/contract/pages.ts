import { z } from 'zod';
import { instant, sha256Hex } from './instant.ts';

/** A place in a feed. Opaque: kept and sent back, never read or compared. */
export const cursorSchema = z.string().min(1).max(512).meta({ id: 'Cursor' });

/**
 * What every signed answer says besides its content: the request's nonce (so that an old answer cannot be replayed), the
 * hub that it is for, and the hall's time.
 */
const signed = {
  nonce: z.string().max(128),
  hub: z.string().max(64),
  issuedAt: instant,
};

/** `changes` keeps raw values: one odd change must not make its whole page unreadable. */
const rawChanges = z.array(z.unknown()).meta({ id: 'Changes', items: { $ref: '#/components/schemas/Change' } });

export const feedPageSchema = z
  .object({
    ...signed,
    type: z.literal('feed'),
    changes: rawChanges,
    next: cursorSchema,
    upToDate: z.boolean().meta({ description: 'Nothing stood behind this page when it was read' }),
  })
  .meta({ id: 'FeedPage' });
export type FeedPage = z.infer<typeof feedPageSchema>;

export const revocationsPageSchema = feedPageSchema
  .extend({ type: z.literal('revocations') })
  .meta({ id: 'RevocationsPage' });
export type RevocationsPage = z.infer<typeof revocationsPageSchema>;

export const snapshotPageSchema = z
  .object({
    ...signed,
    type: z.literal('snapshot'),
    changes: rawChanges,
    asOf: instant.meta({
      description: 'Requests whose validity ended before this are not in the image; same on every page',
    }),
    next: z.string().max(512).nullable().meta({ description: 'Token of the next page; null on the last' }),
    cursor: cursorSchema.meta({ description: 'Where the feed goes on; taken before the first page was read' }),
    revocationsCursor: cursorSchema.meta({ description: 'The same for the fast lane' }),
  })
  .meta({ id: 'SnapshotPage' });
export type SnapshotPage = z.infer<typeof snapshotPageSchema>;

export const digestSchema = z
  .object({
    ...signed,
    type: z.literal('digest'),
    asOf: instant,
    buckets: z
      .array(z.union([sha256Hex, z.literal('')]))
      .length(256)
      .meta({
        description:
          'Bucket b holds the requests whose SHA-256 of the id starts with byte b. Its value is the SHA-256 over one line `id|revision\\n` for each request that is not revoked and valid beyond `asOf`, sorted by the UTF-8 bytes of the id; empty text for an empty bucket',
      }),
  })
  .meta({ id: 'Digest' });
export type Digest = z.infer<typeof digestSchema>;

export const bucketSchema = z
  .object({
    ...signed,
    type: z.literal('bucket'),
    asOf: instant,
    records: z.array(z.object({ id: z.string(), revision: z.int().min(1) })),
  })
  .meta({ id: 'Bucket' });
export type Bucket = z.infer<typeof bucketSchema>;

export const recordsSchema = z
  .object({
    ...signed,
    type: z.literal('records'),
    changes: rawChanges,
    absent: z.array(z.string()).meta({ description: 'Ids asked for that the hall does not hold' }),
  })
  .meta({ id: 'Records' });
export type Records = z.infer<typeof recordsSchema>;
