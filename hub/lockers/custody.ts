import type { EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Chain, Linked, Order } from './chain.ts';
import type { Body, BodyOf, Link, Place } from './custody/link.ts';
import type { Manifest } from './custody/manifest.ts';
import { hashOf, signManifest } from './custody/manifest.ts';
import type { Signer } from './custody/signing.ts';
import type { ScannedBag } from './rules/carrying.ts';
import { arrive, count, depart, sealBag, sealBox, unsealBag, unsealBox } from './rules/carrying.ts';
import { isHeldBy } from './rules/consignment.ts';
import { closeCase, dropOff, find, handOver, placeAt, reclaim, sendBack } from './rules/holding.ts';
import type { Readings } from './store/readings.ts';

/**
 * What can be done with consignments, bags and boxes: each order becomes one link of the chain, or is refused and changes nothing.
 * An order that comes again gets the link that it made the first time.
 */
export interface Custody {
  dropOff(what: Parameters<typeof dropOff>[1], order: Order): Result<Link>;
  place(what: { id: string; place: Place; ready: boolean; sure: boolean }, order: Order): Result<Link>;
  handOver(what: Parameters<typeof handOver>[1], order: Order): Result<Link>;
  sendBack(what: Parameters<typeof sendBack>[1], order: Order): Result<Link>;
  find(id: string, order: Order): Result<Link>;
  sealBag(what: Parameters<typeof sealBag>[1], order: Order): Result<Link>;
  unsealBag(what: Parameters<typeof unsealBag>[1], order: Order): Result<Link>;
  /** Errors: as `sealBox`; `E-CUST-0410` the box stands here sealed already. */
  sealBox(
    what: { run: string; box: string; seal: string; to: string; bags: readonly ScannedBag[] },
    order: Order,
  ): Result<Manifest>;
  unsealBox(what: Parameters<typeof unsealBox>[1], order: Order): Result<Link>;
  depart(what: Parameters<typeof depart>[1], order: Order): Result<Link>;
  /** `signed` is believed: whoever calls has checked its signature. */
  arrive(what: { signed: Manifest; seal: string; bags: readonly ScannedBag[] }, order: Order): Result<Link>;
  count(what: Parameters<typeof count>[1], order: Order): Result<Link>;
  openCase(
    what: { kind: 'damaged' | 'over' | 'short'; items: readonly string[]; note: string },
    order: Order,
  ): Result<Link>;
  closeCase(what: { id: string; reason: string; lost: readonly string[] }, order: Order): Result<Link>;
  /** What a box on a bus told when it could. */
  boxOpened(what: Omit<BodyOf<'box-opened'>, 'do'>, order: Order): Result<Link>;
  /** Opens a case for every run that should have arrived; returns how many are new. */
  overdue(now: EpochMs): number;
  /** After links of others: what this hub holds in hand it claims anew, what it lost opens a case. Joins the transaction. */
  heard(what: Linked): void;
}

export function createCustody(deps: {
  readonly db: Db;
  readonly chain: Chain;
  readonly readings: Readings;
  readonly signer: Signer;
}): Custody {
  const { db, chain, readings } = deps;
  const { known, me } = chain;

  /** Decides and writes in one transaction. */
  const once = (order: Order, decide: () => Result<Body>): Result<Link> =>
    transact(db, () => {
      const before = chain.ordered(order.id);
      if (before) return ok(before);
      const decided = decide();
      return decided.ok ? ok(chain.append(order, decided.value)) : decided;
    });

  const arriveOnce: Custody['arrive'] = ({ signed, seal, bags }, order) =>
    transact(db, () => {
      const before = chain.ordered(order.id);
      if (before) return ok(before);
      const manifest = hashOf(signed);
      const decided = arrive(known, { manifest, signed, seal, bags });
      if (!decided.ok) return decided;
      const { body, late } = decided.value;
      const link = chain.append(order, body);
      if (late.length > 0)
        chain.append(
          { ...order, id: `${order.id}/late` },
          {
            ...{ do: 'claim-refused', manifest, items: [...late] },
            cases: [{ kind: 'conflicting-claim', manifest, items: late.map(({ id }) => id) }],
          },
        );
      return ok(link);
    });

  const countOnce: Custody['count'] = (what, order) =>
    transact(db, () => {
      const before = chain.ordered(order.id);
      if (before) return ok(before);
      const decided = count(known, what, order);
      if (!decided.ok) return decided;
      const link = chain.append(order, decided.value.body);
      for (const { item, misrouted } of decided.value.over)
        chain.append(
          { ...order, id: `${order.id}/over/${item.id}` },
          {
            ...{ do: 'found', item },
            cases: [
              { kind: misrouted ? 'misrouted' : 'over', items: [item.id], manifest: what.manifest, bag: what.bag },
            ],
          },
        );
      return ok(link);
    });

  /** Whether it came to light here, outside every order, and has not left since. */
  const foundHere = (id: string): boolean =>
    chain.item(id).steps.findLast(({ link }) => link.hub === me && !WITHIN.has(link.body.do))?.link.body.do === 'found';

  return {
    dropOff: (what, order) => once(order, () => dropOff(known, what)),
    place: (what, order) => once(order, () => placeAt(known, what)),
    handOver: (what, order) => once(order, () => handOver(known, what)),
    sendBack: (what, order) => once(order, () => sendBack(known, what)),
    find: (id, order) => once(order, () => find(known, id)),
    sealBag: (what, order) => once(order, () => sealBag(known, what)),
    unsealBag: (what, order) => once(order, () => unsealBag(known, what, order)),
    sealBox: (what, order) => {
      const sealed = once(order, () => {
        if (readings.boxed(me, what.box)) return failure('E-CUST-0410', what.box);
        const contents = sealBox(known, { ...what, by: order.by });
        if (!contents.ok) return contents;
        const signed = signManifest(contents.value, deps.signer);
        return ok({ do: 'sealed', manifest: hashOf(signed), signed });
      });
      if (!sealed.ok) return sealed;
      const { body } = sealed.value;
      return body.do === 'sealed' ? ok(body.signed) : failure('E-CUST-0411', order.id);
    },
    unsealBox: (what, order) => once(order, () => unsealBox(known, what, order)),
    depart: (what, order) => once(order, () => depart(known, what)),
    arrive: arriveOnce,
    count: countOnce,
    openCase: ({ kind, items, note }, order) =>
      once(order, () => {
        const unknown = items.find((id) => !known.item(id));
        if (unknown !== undefined) return failure('E-CUST-0101', unknown);
        return ok({ do: 'case-opened', cases: [{ kind, items: [...items] }], note });
      }),
    closeCase: (what, order) => once(order, () => closeCase(known, what, readings.case(what.id))),
    boxOpened: (what, order) => once(order, () => ok({ do: 'box-opened', ...what })),
    overdue: (now) =>
      readings.overdue(now).filter(({ manifest, from, to, run }) => {
        if (from !== me && to !== me) return false;
        const id = `overdue/${manifest}`;
        if (chain.ordered(id)) return false;
        const items = chain.journey(manifest)?.contents.bags.flatMap((bag) => bag.items.map(([item]) => item)) ?? [];
        chain.append(
          { id, by: 'hub' },
          { do: 'case-opened', cases: [{ kind: 'overdue', manifest, items }], note: run },
        );
        return true;
      }).length,
    heard: ({ link, own, items }) => {
      if (own) return;
      for (const { id, before, after } of items) {
        if (!before || !after || !isHeldBy(before, me) || isHeldBy(after, me)) continue;
        const name = `${link.hub}/${link.incarnation}/${link.seq}/${id}`;
        const again = reclaim(known, id, foundHere(id));
        if (again !== undefined && again !== 'conflict') chain.append({ id: `reclaim/${name}`, by: 'hub' }, again.body);
        else
          chain.append(
            { id: `conflict/${name}`, by: 'hub' },
            {
              ...{ do: 'claim-refused', items: [{ id, epoch: before.epoch }] },
              cases: [{ kind: 'conflicting-claim', items: [id] }],
            },
          );
      }
    },
  };
}

/** What happens to a consignment without its changing hands. */
const WITHIN: ReadonlySet<Body['do']> = new Set(['placed', 'returning', 'claim-refused', 'case-opened']);
