import { z } from 'zod';
import { manifestSchema } from './manifest.ts';

/*
 * The custody chain. Every hub writes links of its own, each bound to the one before by its hash and signed; links are never
 * changed and never taken back. What is known of a consignment, a bag or a run is computed from the links that name it, in
 * whatever order they came (`rules/consignment.ts`, `rules/journey.ts`, `rules/cases.ts`). Nothing in it says who a person outside is.
 */

const id = z.string().min(1).max(96);
const hub = z.string().min(1).max(63);
const epoch = z.int().min(1).max(1_000_000_000);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const words = z.string().max(300);

/** A consignment, and the custody epoch under which the link speaks of it. */
const held = z.strictObject({ id, epoch });
export type Held = z.output<typeof held>;

const placeSchema = z.discriminatedUnion('at', [
  z.strictObject({ at: z.literal('compartment'), cabinet: id, compartment: id }),
  /** Behind a drop slot, with others. */
  z.strictObject({ at: z.literal('bin'), cabinet: id }),
  z.strictObject({ at: z.literal('desk') }),
  z.strictObject({ at: z.literal('bag'), bag: id }),
]);
export type Place = z.output<typeof placeSchema>;

export const CASE_KINDS = [
  'short',
  'over',
  'damaged',
  'seal-mismatch',
  'misrouted',
  'conflicting-claim',
  'overdue',
] as const;

/** Something that is not as it should be; whoever closes it says why. Its id is that of its link and a number. */
const openedCase = z.strictObject({
  kind: z.enum(CASE_KINDS),
  items: z.array(id).max(2_000),
  manifest: sha256.exactOptional(),
  bag: id.exactOptional(),
  /** What was read, where something else was to be. */
  read: z.string().max(96).exactOptional(),
});
export type OpenedCase = z.output<typeof openedCase>;

export const bodySchema = z.discriminatedUnion('do', [
  /** The hub answers for it from now on. */
  z.strictObject({
    do: z.literal('dropped-off'),
    item: held,
    to: hub,
    size: z.enum(['small', 'medium', 'large']),
    /** SHA-256 of the code with which everybody may follow it who has it. */
    tracking: sha256,
    /** Without a request of the hall. */
    premises: z.boolean(),
    place: placeSchema,
    sure: z.boolean(),
  }),
  z.strictObject({ do: z.literal('placed'), item: held, place: placeSchema, ready: z.boolean(), sure: z.boolean() }),
  z.strictObject({ do: z.literal('bag-sealed'), bag: id, seal: id, to: hub, items: z.array(held).max(500) }),
  z.strictObject({ do: z.literal('bag-unsealed'), bag: id, seal: id, reason: words, items: z.array(held).max(500) }),
  /** The box is closed: what is in it is frozen. The hub still answers for it. */
  z.strictObject({ do: z.literal('sealed'), manifest: sha256, signed: manifestSchema }),
  /** Opened again before it left: the manifest is void, and its epoch used up. */
  z.strictObject({
    do: z.literal('unsealed'),
    manifest: sha256,
    reason: words,
    bags: z.array(id).max(200),
    items: z.array(held).max(2_000),
  }),
  /** The run answers for what is in the box. */
  z.strictObject({
    do: z.literal('departed'),
    manifest: sha256,
    run: id,
    dueAt: z.int(),
    bags: z.array(id).max(200),
    items: z.array(held).max(2_000),
  }),
  /** The hub answers for the bags that were there. The manifest came with them where its own hub could not be heard. */
  z.strictObject({
    do: z.literal('arrived'),
    manifest: sha256,
    presented: manifestSchema.exactOptional(),
    seal: id,
    bags: z.array(z.strictObject({ bag: id, seal: id, items: z.array(held).max(500) })).max(200),
    cases: z.array(openedCase).max(500),
  }),
  /** A bag was opened by two people and counted. */
  z.strictObject({
    do: z.literal('counted'),
    manifest: sha256,
    bag: id,
    seal: id,
    found: z.array(held).max(500),
    cases: z.array(openedCase).max(500),
  }),
  /** Somebody holds it in their hand here, whatever the chain says: the hub answers for it. */
  z.strictObject({
    do: z.literal('found'),
    item: held,
    cases: z.array(openedCase).max(8),
  }),
  /** It goes back to where it came from. */
  z.strictObject({
    do: z.literal('returning'),
    item: held,
    why: z.enum(['expired', 'rejected', 'refused', 'withdrawn']),
    note: words.exactOptional(),
  }),
  z.strictObject({
    do: z.literal('handed-over'),
    item: held,
    to: z.enum(['recipient', 'delegate', 'sender', 'desk']),
    sure: z.boolean(),
  }),
  z.strictObject({ do: z.literal('case-opened'), cases: z.array(openedCase).max(8), note: words }),
  z.strictObject({
    do: z.literal('case-closed'),
    case: id,
    reason: words.min(1),
    /** `lost`: nobody answers for these any more. */
    lost: z.array(held).max(2_000),
  }),
  /** A claim that came too late: a higher epoch is known. It changes nothing, and is not forgotten. */
  z.strictObject({
    do: z.literal('claim-refused'),
    manifest: sha256.exactOptional(),
    items: z.array(held).max(2_000),
    cases: z.array(openedCase).max(8),
  }),
  /** The box on the bus was opened by its own clock and code; told when it could be. */
  z.strictObject({ do: z.literal('box-opened'), run: id, box: id, stop: hub, accepted: z.boolean() }),
]);
export type Body = z.output<typeof bodySchema>;
export type BodyOf<D extends Body['do']> = Extract<Body, { do: D }>;

/** What a hub signs. */
export const linkSchema = z.strictObject({
  v: z.literal(1),
  hub,
  /** A hub that was put back to an older state begins anew under a higher one. */
  incarnation: z.int().min(1),
  seq: z.int().min(1),
  previous: sha256,
  at: z.int(),
  /** Of whoever ordered it: sent twice, it is one link. */
  order: z.string().min(1).max(200),
  /** `staff:…`, `cabinet:…`, `box:…`, `hub`. */
  by: z.string().min(1).max(128),
  /** When it was done, where that is not when it was heard of: a courier in a tunnel. */
  doneAt: z.int().exactOptional(),
  witness: z.string().min(1).max(128).exactOptional(),
  /** SHA-256 of a picture that is kept apart. */
  photo: sha256.exactOptional(),
  body: bodySchema,
});
export type Link = z.output<typeof linkSchema>;

/** A link as it is kept and sent. */
export const signedLinkSchema = z.strictObject({
  link: linkSchema,
  hash: sha256,
  keyId: z.string().min(1).max(64),
  signature: z.string().max(128),
});
export type SignedLink = z.output<typeof signedLinkSchema>;

/** How a link is named elsewhere: `hub/incarnation/seq`. */
export const nameOf = ({ hub: writer, incarnation, seq }: Pick<Link, 'hub' | 'incarnation' | 'seq'>): string =>
  `${writer}/${incarnation}/${seq}`;
