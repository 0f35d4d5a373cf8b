import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { BodyOf, Held, Link, Place } from '../custody/link.ts';

/*
 * Who answers for a consignment, from the links that name it. A claim is a link by which it changes hands; each is made under
 * the epoch after the one before. Where two hubs made one under the same epoch (one of them was wrong, and could not know) the
 * rank of the claim decides, everywhere alike; the other stays in the history, refused.
 */

export type Custodian =
  | { readonly is: 'hub'; readonly hub: string }
  | { readonly is: 'run'; readonly run: string; readonly manifest: string; readonly dueAt: EpochMs }
  | { readonly is: 'person'; readonly to: BodyOf<'handed-over'>['to'] }
  /** A case was closed in which it was given up. */
  | { readonly is: 'nobody'; readonly case: string };

export interface Consignment {
  readonly id: string;
  readonly custodian: Custodian;
  readonly epoch: number;
  /** Where it is to be collected now: the sender's hub, once it goes back. */
  readonly to: string;
  readonly from?: string;
  readonly returning?: BodyOf<'returning'>['why'];
  readonly tracking?: string;
  readonly size?: BodyOf<'dropped-off'>['size'];
  readonly premises: boolean;
  /** Within the hub that answers for it. */
  readonly place?: Place;
  /** Lies there for whoever collects it. */
  readonly ready: boolean;
  /** Of the last change, as far as a sensor or a member of staff saw it. */
  readonly sure: boolean;
  readonly since: EpochMs;
  /** The winning claim. */
  readonly claim: Link;
}

export interface Step {
  readonly link: Link;
  readonly epoch: number;
  /** Why it does not count: another claim won its epoch, or whoever wrote it did not answer for the consignment. */
  readonly refused: boolean;
}

interface Entry {
  readonly link: Link;
  readonly epoch: number;
  /** How strong a claim is against another of its epoch; 0: it is none. */
  readonly rank: number;
}

/** Of claims of one epoch: who holds it in hand beats who read a whole bag, which beats who only sent or never sent it. */
const RANK: Readonly<Partial<Record<Link['body']['do'], number>>> = {
  'case-closed': 70,
  'handed-over': 60,
  found: 50,
  arrived: 40,
  departed: 20,
  unsealed: 10,
  'dropped-off': 5,
};

/** What a link says of each consignment that it names. */
export function heldBy({ body }: Link): readonly Held[] {
  switch (body.do) {
    case 'dropped-off':
    case 'placed':
    case 'found':
    case 'returning':
    case 'handed-over':
      return [body.item];
    case 'bag-sealed':
    case 'bag-unsealed':
    case 'unsealed':
    case 'departed':
    case 'claim-refused':
      return body.items;
    case 'arrived':
      return body.bags.flatMap(({ items }) => items);
    case 'counted':
      return body.found;
    case 'case-closed':
      return body.lost;
    case 'sealed':
      return body.signed.contents.bags.flatMap(({ items }) => items.map(([id, epoch]) => ({ id, epoch: epoch - 1 })));
    case 'case-opened':
    case 'box-opened':
      return [];
  }
}

/** The consignments that a link is about, also those of which it only says that something is wrong. */
export function namedBy(link: Link): readonly string[] {
  const { body } = link;
  const inCases = 'cases' in body ? body.cases.flatMap(({ items }) => items) : [];
  return [...new Set([...heldBy(link).map(({ id }) => id), ...inCases])];
}

export interface Reading {
  readonly state?: Consignment;
  /** In the order in which they count. */
  readonly steps: readonly Step[];
}

/**
 * Reads a consignment from links in any order; the answer depends on nothing but which links there are.
 * @param links at least all that name it
 */
export function readConsignment(id: string, links: Iterable<Link>): Reading {
  const entries: Entry[] = [];
  for (const link of links) {
    const epochs = heldBy(link).filter((held) => held.id === id);
    for (const { epoch } of epochs) entries.push({ link, epoch, rank: rankOf(link) });
  }
  entries.sort(inOrder);
  let state: Consignment | undefined;
  const steps: Step[] = [];
  const won = new Set<number>();
  for (const { link, epoch, rank } of entries) {
    const counts = rank > 0 ? !won.has(epoch) : speaksFor(state, link, epoch);
    if (rank > 0) won.add(epoch);
    if (counts) state = afterLink(id, state, link, epoch);
    steps.push({ link, epoch, refused: !counts });
  }
  return { ...(state && { state }), steps };
}

const rankOf = (link: Link): number => {
  const rank = RANK[link.body.do] ?? 0;
  const { body } = link;
  // The hub to which the manifest goes, before one to which it does not.
  return body.do === 'arrived' && body.cases.some(({ kind }) => kind === 'misrouted') ? rank - 5 : rank;
};

/** By epoch; in it the strongest claim first, then what was said under it, each hub in its own order. */
function inOrder(a: Entry, b: Entry): number {
  return (
    a.epoch - b.epoch ||
    b.rank - a.rank ||
    compare(a.link.hub, b.link.hub) ||
    a.link.incarnation - b.link.incarnation ||
    a.link.seq - b.link.seq
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const speaksFor = (state: Consignment | undefined, { hub, body }: Link, epoch: number): boolean =>
  state?.epoch === epoch && state.custodian.is === 'hub' && state.custodian.hub === hub && body.do !== 'claim-refused';

function afterLink(id: string, before: Consignment | undefined, link: Link, epoch: number): Consignment {
  const { body } = link;
  const claimed = (custodian: Custodian): Consignment => ({
    ...(before ? withoutPlace(before) : { id, to: link.hub, premises: false }),
    ...{ custodian, epoch, ready: false, sure: true, since: epochMs(link.at), claim: link },
  });
  const here = (place: Place): Consignment => ({ ...claimed({ is: 'hub', hub: link.hub }), place });
  switch (body.do) {
    case 'dropped-off':
      return {
        ...here(body.place),
        ...{ to: body.to, from: link.hub, size: body.size, tracking: body.tracking },
        ...{ premises: body.premises, sure: body.sure },
      };
    case 'departed':
      return claimed({ is: 'run', run: body.run, manifest: body.manifest, dueAt: epochMs(body.dueAt) });
    case 'arrived': {
      const bag = body.bags.find(({ items }) => items.some((held) => held.id === id))?.bag;
      const taken = here(bag === undefined ? { at: 'desk' } : { at: 'bag', bag });
      const { from, to } = body.presented?.contents ?? {};
      return before ? taken : { ...taken, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
    }
    case 'unsealed':
      return here(before?.place ?? { at: 'desk' });
    case 'found':
      return here({ at: 'desk' });
    case 'handed-over':
      return { ...claimed({ is: 'person', to: body.to }), sure: body.sure };
    case 'case-closed':
      return claimed({ is: 'nobody', case: body.case });
    case 'placed':
      return { ...known(before), place: body.place, ready: body.ready, sure: body.sure, since: epochMs(link.at) };
    case 'counted':
    case 'bag-unsealed':
      return { ...known(before), place: { at: 'desk' }, ready: false, sure: true, since: epochMs(link.at) };
    case 'returning': {
      const state = known(before);
      return { ...state, to: state.from ?? state.to, returning: body.why, ready: false };
    }
    case 'bag-sealed':
    case 'sealed':
    case 'case-opened':
    case 'claim-refused':
    case 'box-opened':
      return known(before);
  }
}

function withoutPlace({ place: _place, ...rest }: Consignment): Omit<Consignment, 'place'> {
  return rest;
}

function known(state: Consignment | undefined): Consignment {
  if (!state) throw new Error('a link that is no claim counted before any claim');
  return state;
}

/** Whether its trail has ended. */
export const isOver = ({ custodian }: Pick<Consignment, 'custodian'>): boolean =>
  custodian.is === 'person' || custodian.is === 'nobody';

export const isHeldBy = ({ custodian }: Pick<Consignment, 'custodian'>, hub: string): boolean =>
  custodian.is === 'hub' && custodian.hub === hub;
