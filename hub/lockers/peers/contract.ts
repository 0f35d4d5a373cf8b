import { z } from 'zod';
import { cardSchema } from '../consignments.ts';
import { canonical } from '../custody/signing.ts';

/*
 * What hubs say to each other: one question, signed by whoever asks, and one page of links, signed by whoever answers. A page
 * holds what the answering hub knows, also of others, in the order in which it learnt it: of three hubs two that cannot hear
 * each other are told by the third.
 */

export const PEER_PATH = '/peers/custody/links';
export const PAGE_MOST = 500;

const name = z.string().min(1).max(63);

export const questionSchema = z.object({
  type: z.literal('question'),
  from: name,
  to: name,
  /** New for every question; stands in the answer. */
  nonce: z.string().regex(/^[\w-]{16,64}$/),
  issuedAt: z.int(),
  after: z.int().min(0),
  /** Positions of another incarnation say nothing: a hub that was put back is read anew. */
  incarnation: z.int().min(0),
});
export type Question = z.output<typeof questionSchema>;

export const pageSchema = z.object({
  type: z.literal('page'),
  from: name,
  to: name,
  nonce: z.string(),
  issuedAt: z.int(),
  incarnation: z.int().min(1),
  /** Each checked by itself, by the key of the hub that wrote it. */
  links: z.array(z.unknown()).max(PAGE_MOST),
  /** Of consignments among them that go to the asker. */
  cards: z.array(cardSchema).max(PAGE_MOST),
  next: z.int().min(0),
  upToDate: z.boolean(),
});
export type Page = z.output<typeof pageSchema>;

export const signedSchema = z.object({ said: z.unknown(), keyId: z.string().max(64), signature: z.string().max(128) });
export const bytesOf = (said: unknown): Buffer => canonical(said);
