import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Body, Link, SignedLink } from './custody/link.ts';
import { nameOf, signedLinkSchema } from './custody/link.ts';
import type { Manifest } from './custody/manifest.ts';
import { hashOf, readManifest } from './custody/manifest.ts';
import type { Signer, Trusted } from './custody/signing.ts';
import { canonical, digest } from './custody/signing.ts';
import { casesOf } from './rules/cases.ts';
import type { Consignment, Reading } from './rules/consignment.ts';
import { namedBy, readConsignment } from './rules/consignment.ts';
import type { Bag, Journey } from './rules/journey.ts';
import { carriersOf, readBag, readJourney } from './rules/journey.ts';
import type { Knowledge } from './rules/knowledge.ts';
import type { ChainStore, Position, Subject } from './store/chain.ts';
import type { Readings } from './store/readings.ts';

/** Who ordered something, and what it is called: sent twice, it is done once. */
export interface Order {
  readonly id: string;
  readonly by: string;
  readonly witness?: string;
  readonly photo?: string;
  /** When it was done, where that is earlier than now. */
  readonly doneAt?: number;
}

/** A link that has come to count here, with what it changed. */
export interface Linked {
  readonly link: Link;
  readonly hash: string;
  readonly own: boolean;
  readonly items: readonly {
    readonly id: string;
    readonly before: Consignment | undefined;
    readonly after: Consignment | undefined;
  }[];
}

/** The chain as this hub knows it: its own links, and those of its peers. */
export interface Chain {
  readonly me: string;
  readonly known: Knowledge;
  /** Adds a link of this hub; joins the caller's transaction. */
  append(order: Order, body: Body): Link;
  /** What an order came to when it was first given. */
  ordered(order: string): Link | undefined;
  /**
   * Takes links of others in, each once, in any number and however late. Errors: `E-CUST-0601` one was not signed by its hub or
   * is no link, `E-CUST-0602` one before it is missing: nothing was taken from there on.
   */
  ingest(raw: readonly unknown[]): Result<{ readonly taken: number }>;
  item(id: string): Reading;
  /** Links that name a consignment, as they were signed: for whoever wants to check them. */
  proof(id: string): readonly SignedLink[];
  journey(manifest: string): Journey | undefined;
  /** The manifest itself, as it was signed, by its name. */
  manifest(name: string): Manifest | undefined;
  heads(): readonly Position[];
  /** Walks every writer's links. Errors: `E-CUST-0603` with the name of the first that does not fit. */
  verify(): Result<{ readonly links: number }>;
}

export const GENESIS = '0'.repeat(64);

export function createChain(deps: {
  readonly db: Db;
  readonly clock: Pick<Clock, 'now'>;
  readonly me: string;
  readonly incarnation: number;
  readonly signer: Signer;
  readonly trusted: Trusted;
  readonly store: ChainStore;
  readonly readings: Readings;
  /** In the transaction of the link. */
  readonly linked: (what: Linked) => void;
  /** A hub wrote two links under one number. */
  readonly forked: (hub: string) => void;
}): Chain {
  const { db, clock, me, incarnation, store, readings } = deps;

  const item = (id: string): Reading => readConsignment(id, store.naming('item', id));
  const bag = (id: string): Bag =>
    readBag(
      id,
      store.naming('bag', id).filter(({ hub }) => hub === me),
    );
  const journey = (manifest: string): Journey | undefined => readJourney(manifest, store.naming('manifest', manifest));
  const stateOf = (id: string): Consignment | undefined => item(id).state;
  const known: Knowledge = {
    me,
    get now() {
      return clock.now();
    },
    item: stateOf,
    casesOf: readings.casesOf,
    bag,
    inBag: (id) =>
      readings.inBag(me, id).flatMap((inside) => {
        const state = stateOf(inside);
        return state ? [state] : [];
      }),
    journey,
  };

  const subjectsOf = (link: Link): (readonly [Subject, string])[] => {
    const { bags, manifest } = carriersOf(link);
    return [
      ...namedBy(link).map((id) => ['item', id] as const),
      ...[...new Set(bags)].map((id) => ['bag', id] as const),
      ...(manifest === undefined ? [] : [['manifest', manifest] as const]),
    ];
  };

  /** What is read from the chain follows every link. */
  const readAgain = (link: Link, items: readonly string[]): void => {
    for (const id of items) {
      const state = stateOf(id);
      if (state) readings.putItem(state);
    }
    const { manifest } = carriersOf(link);
    const trip = manifest === undefined ? undefined : journey(manifest);
    if (trip) readings.putJourney(trip);
    const end = { at: clock.now(), by: link.by, hub: link.hub };
    for (const one of casesOf(link)) {
      const isHere = one.kind === 'overdue' && one.manifest !== undefined && journey(one.manifest)?.arrived;
      readings.putCase(isHere ? { ...one, closed: { ...end, reason: 'arrived' } } : one);
    }
    if (link.body.do === 'case-closed') {
      const one = readings.case(link.body.case);
      if (one && !one.closed) readings.putCase({ ...one, closed: { ...end, reason: link.body.reason } });
    }
    if (link.body.do === 'arrived')
      for (const one of readings.openCases())
        if (one.kind === 'overdue' && one.manifest === link.body.manifest)
          readings.putCase({ ...one, closed: { ...end, reason: 'arrived' } });
  };

  const add = (signed: SignedLink, own: boolean): void => {
    const { link, hash } = signed;
    const ids = namedBy(link);
    const before = ids.map(stateOf);
    store.add(signed, subjectsOf(link), clock.now());
    readAgain(link, ids);
    deps.linked({
      ...{ link, hash, own },
      items: ids.map((id, index) => ({ id, before: before[index], after: stateOf(id) })),
    });
  };

  const append: Chain['append'] = ({ id, by, witness, photo, doneAt }, body) => {
    const head = store.head(me, incarnation);
    const link: Link = {
      ...{ v: 1, hub: me, incarnation, seq: (head?.seq ?? 0) + 1, previous: head?.hash ?? GENESIS },
      ...{ at: clock.now(), order: id, by },
      ...(doneAt !== undefined && { doneAt }),
      ...(witness !== undefined && { witness }),
      ...(photo !== undefined && { photo }),
      body,
    };
    const bytes = canonical(link);
    add({ link, hash: digest(bytes), ...deps.signer.sign(bytes) }, true);
    return link;
  };

  const check = (raw: unknown): Result<SignedLink> => {
    const parsed = signedLinkSchema.safeParse(raw);
    if (!parsed.success) return failure('E-CUST-0601');
    const { link, hash, keyId, signature } = parsed.data;
    const bytes = canonical(link);
    if (digest(bytes) !== hash || !deps.trusted(link.hub, bytes, { keyId, signature }))
      return failure('E-CUST-0601', nameOf(link));
    const shown =
      link.body.do === 'sealed' ? link.body.signed : 'presented' in link.body ? link.body.presented : undefined;
    if (shown) {
      const manifest = readManifest(shown, deps.trusted);
      if (!manifest.ok || !('manifest' in link.body) || hashOf(shown) !== link.body.manifest)
        return failure('E-CUST-0601', nameOf(link));
    }
    return ok(parsed.data);
  };

  /** Whether it was new. */
  const takeIn = (raw: unknown): Result<boolean> => {
    const checked = check(raw);
    if (!checked.ok) return checked;
    const { link, hash } = checked.value;
    const known = store.at(link.hub, link.incarnation, link.seq);
    if (known) {
      if (known.hash === hash) return ok(false);
      store.addFork(checked.value, clock.now());
      deps.forked(link.hub);
      return ok(false);
    }
    const head = store.head(link.hub, link.incarnation);
    if (link.seq !== (head?.seq ?? 0) + 1) return failure('E-CUST-0602', nameOf(link));
    if (link.previous !== (head?.hash ?? GENESIS)) return failure('E-CUST-0601', nameOf(link));
    add(checked.value, false);
    return ok(true);
  };

  return {
    ...{ me, known, item, journey },
    append: (order, body) => transact(db, () => append(order, body)),
    ordered: (order) => store.ordered(me, order)?.link,
    ingest: (raw) =>
      transact(db, () => {
        let taken = 0;
        for (const one of raw) {
          const result = takeIn(one);
          if (!result.ok) return result;
          if (result.value) taken += 1;
        }
        return ok({ taken });
      }),
    manifest: (name) => {
      for (const { body } of store.naming('manifest', name)) {
        if (body.do === 'sealed') return body.signed;
        if (body.do === 'arrived' && body.presented) return body.presented;
      }
      return undefined;
    },
    proof: (id) => store.signedNaming('item', id),
    heads: store.heads,
    verify: () => {
      let links = 0;
      for (const { hub, incarnation: which, seq } of store.heads()) {
        let previous = GENESIS;
        for (let at = 1; at <= seq; at++) {
          const signed = store.at(hub, which, at);
          const fits = signed && check(signed).ok && signed.link.previous === previous;
          if (!fits) return failure('E-CUST-0603', nameOf({ hub, incarnation: which, seq: at }));
          previous = signed.hash;
          links += 1;
        }
      }
      return ok({ links });
    },
  };
}
