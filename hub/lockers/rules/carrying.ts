import type { EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { BodyOf, Held, OpenedCase } from '../custody/link.ts';
import type { Manifest, ManifestContents } from '../custody/manifest.ts';
import type { Consignment } from './consignment.ts';
import { isHeldBy } from './consignment.ts';
import { claimOf, heldAs } from './holding.ts';
import type { Knowledge } from './knowledge.ts';

/* Bags and boxes: sealing, the run, arriving and counting. What was scanned is compared with what is known at every step. */

export interface ScannedBag {
  readonly bag: string;
  readonly seal: string;
}

/** Who opens a seal, and who stands by. Errors: `E-CUST-0401` two different people open a seal. */
export const twoPeople = (by: string, witness: string | undefined): Result<void> =>
  witness !== undefined && witness !== by ? ok() : failure('E-CUST-0401');

const differs = (a: readonly string[], b: readonly string[]): readonly string[] => [
  ...a.filter((one) => !b.includes(one)),
  ...b.filter((one) => !a.includes(one)),
];

/**
 * Errors: `E-CUST-0106` it is sealed; `E-CUST-0402` it is empty; `E-CUST-0403` what was scanned is not what was put in (the ones
 * that differ are named); `E-CUST-0104` one of them goes elsewhere.
 */
export function sealBag(
  known: Knowledge,
  what: { readonly bag: string; readonly seal: string; readonly items: readonly string[] },
): Result<BodyOf<'bag-sealed'>> {
  if (known.bag(what.bag).is !== 'open') return failure('E-CUST-0106', what.bag);
  const inside = known.inBag(what.bag);
  const [first] = inside;
  if (!first) return failure('E-CUST-0402', what.bag);
  const wrong = differs(
    inside.map(({ id }) => id),
    what.items,
  );
  if (wrong.length > 0) return failure('E-CUST-0403', wrong.join(' '));
  // A consignment that was turned round after it was put in.
  const astray = inside.find(({ to }) => to !== first.to || to === known.me);
  if (astray) return failure('E-CUST-0104', astray.id);
  return ok({ do: 'bag-sealed', bag: what.bag, seal: what.seal, to: first.to, items: inside.map(heldAs) });
}

/** Errors: `E-CUST-0401` two people; `E-CUST-0404` it is not sealed, or in a box; `E-CUST-0405` another seal is on it. */
export function unsealBag(
  known: Knowledge,
  what: { readonly bag: string; readonly seal: string; readonly reason: string },
  people: { readonly by: string; readonly witness?: string },
): Result<BodyOf<'bag-unsealed'>> {
  const two = twoPeople(people.by, people.witness);
  if (!two.ok) return two;
  const bag = known.bag(what.bag);
  if (bag.is !== 'sealed') return failure('E-CUST-0404', what.bag);
  if (bag.seal !== what.seal) return failure('E-CUST-0405', what.seal);
  return ok({ do: 'bag-unsealed', ...what, items: known.inBag(what.bag).map(heldAs) });
}

/**
 * Freezes what is in a box. Errors: `E-CUST-0404` a bag is not sealed; `E-CUST-0405` with another seal; `E-CUST-0104` it goes
 * elsewhere than the run; `E-CUST-0402` there is none.
 */
export function sealBox(
  known: Knowledge,
  what: {
    readonly run: string;
    readonly box: string;
    readonly seal: string;
    readonly to: string;
    readonly bags: readonly ScannedBag[];
    readonly by: string;
  },
): Result<ManifestContents> {
  if (what.bags.length === 0) return failure('E-CUST-0402', what.box);
  const bags: ManifestContents['bags'] = [];
  for (const { bag, seal } of what.bags) {
    const state = known.bag(bag);
    if (state.is !== 'sealed') return failure('E-CUST-0404', bag);
    if (state.seal !== seal) return failure('E-CUST-0405', bag);
    if (state.to !== what.to) return failure('E-CUST-0104', bag);
    if (bags.some((one) => one.bag === bag)) return failure('E-CUST-0403', bag);
    const inside = known.inBag(bag);
    const astray = inside.find(({ to }) => to !== what.to);
    if (astray) return failure('E-CUST-0104', astray.id);
    bags.push({ bag, seal, items: inside.map(({ id, epoch }): [string, number] => [id, epoch + 1]) });
  }
  const { run, box, seal, to, by } = what;
  return ok({ v: 1, run, box, seal, from: known.me, to, at: known.now, by, bags });
}

/** Errors: `E-CUST-0401` two people; `E-CUST-0406` it is not a sealed box of this hub. */
export function unsealBox(
  known: Knowledge,
  what: { readonly manifest: string; readonly reason: string },
  people: { readonly by: string; readonly witness?: string },
): Result<BodyOf<'unsealed'>> {
  const two = twoPeople(people.by, people.witness);
  if (!two.ok) return two;
  const journey = known.journey(what.manifest);
  if (journey?.stage !== 'sealed' || journey.contents.from !== known.me) return failure('E-CUST-0406', what.manifest);
  return ok({ do: 'unsealed', ...what, ...loadOf(journey.contents) });
}

/**
 * From here on the run answers. Errors: `E-CUST-0406` it is not a sealed box of this hub; `E-CUST-0405` a seal differs;
 * `E-CUST-0403` the bags that were scanned are not those of the manifest; `E-CUST-0102` one of its consignments is not here.
 */
export function depart(
  known: Knowledge,
  what: {
    readonly manifest: string;
    readonly seal: string;
    readonly bags: readonly ScannedBag[];
    readonly dueAt: EpochMs;
  },
): Result<BodyOf<'departed'>> {
  const journey = known.journey(what.manifest);
  if (journey?.stage !== 'sealed' || journey.contents.from !== known.me) return failure('E-CUST-0406', what.manifest);
  const { contents } = journey;
  if (contents.seal !== what.seal) return failure('E-CUST-0405', what.seal);
  const wrong = differs(
    contents.bags.map(({ bag }) => bag),
    what.bags.map(({ bag }) => bag),
  );
  if (wrong.length > 0) return failure('E-CUST-0403', wrong.join(' '));
  const torn = what.bags.find(({ bag, seal }) => contents.bags.find((one) => one.bag === bag)?.seal !== seal);
  if (torn) return failure('E-CUST-0405', torn.bag);
  const load = loadOf(contents);
  for (const { id, epoch } of load.items) {
    const item = known.item(id);
    if (!item || !isHeldBy(item, known.me) || item.epoch !== epoch - 1) return failure('E-CUST-0102', id);
  }
  return ok({ do: 'departed', manifest: what.manifest, run: contents.run, dueAt: what.dueAt, ...load });
}

const loadOf = ({ bags }: ManifestContents): { bags: string[]; items: Held[] } => ({
  bags: bags.map(({ bag }) => bag),
  items: bags.flatMap(({ items }) => items.map(([id, epoch]) => ({ id, epoch }))),
});

/** What an arrival scan comes to: what the hub takes, and what it may not because somebody took it later. */
export interface Arrival {
  readonly body: BodyOf<'arrived'>;
  /** Of which a higher epoch is known. */
  readonly late: readonly Held[];
}

/**
 * The hub takes what is in the bags that are there. Whatever differs opens a case; nothing but a box that was taken already is
 * turned away, because it stands here. Errors: `E-CUST-0407` this box has been taken here before; `E-CUST-0408` the manifest is
 * void: the box was opened again before it left, and has another.
 */
export function arrive(
  known: Knowledge,
  what: {
    readonly manifest: string;
    readonly signed: Manifest;
    readonly seal: string;
    readonly bags: readonly ScannedBag[];
  },
): Result<Arrival> {
  const { contents } = what.signed;
  const journey = known.journey(what.manifest);
  if (journey?.arrived?.hub === known.me) return failure('E-CUST-0407', what.manifest);
  if (journey?.stage === 'void') return failure('E-CUST-0408', what.manifest);
  const { manifest } = what;
  const cases: OpenedCase[] = [];
  const late: Held[] = [];
  const all = contents.bags.flatMap(({ items }) => items.map(([id]) => id));
  if (contents.to !== known.me) cases.push({ kind: 'misrouted', manifest, items: all });
  if (contents.seal !== what.seal) cases.push({ kind: 'seal-mismatch', manifest, items: all, read: what.seal });
  const bags = contents.bags.flatMap((listed) => {
    const there = what.bags.find(({ bag }) => bag === listed.bag);
    const ids = listed.items.map(([id]) => id);
    if (!there) {
      // The run still answers for what has not come.
      cases.push({ kind: 'short', manifest, bag: listed.bag, items: ids });
      return [];
    }
    if (there.seal !== listed.seal)
      cases.push({ kind: 'seal-mismatch', manifest, bag: listed.bag, items: ids, read: there.seal });
    const items = listed.items.flatMap(([id, epoch]): Held[] => {
      const item = known.item(id);
      if (!item || item.epoch <= epoch) return [{ id, epoch: epoch + 1 }];
      late.push({ id, epoch: epoch + 1 });
      return [];
    });
    return [{ bag: listed.bag, seal: there.seal, items }];
  });
  for (const { bag, seal } of what.bags)
    if (!contents.bags.some((listed) => listed.bag === bag))
      cases.push({ kind: 'over', manifest, bag, items: [], read: seal });
  return ok({
    body: {
      ...{ do: 'arrived', manifest, seal: what.seal, bags, cases },
      ...(!journey && { presented: what.signed }),
    },
    late,
  });
}

/** What counting a bag comes to. */
export interface Count {
  readonly body: BodyOf<'counted'>;
  /** In the bag without standing on the manifest: each is found, by a link of its own. */
  readonly over: readonly { readonly item: Held; readonly misrouted: boolean }[];
}

/**
 * Two people opened a bag and scanned what is in it. Errors: `E-CUST-0401` two people; `E-CUST-0409` it did not arrive here or was
 * counted before.
 */
export function count(
  known: Knowledge,
  what: {
    readonly manifest: string;
    readonly bag: string;
    /** As read before it was opened. */
    readonly seal: string;
    readonly items: readonly string[];
    readonly damaged: readonly string[];
  },
  people: { readonly by: string; readonly witness?: string },
): Result<Count> {
  const two = twoPeople(people.by, people.witness);
  if (!two.ok) return two;
  const { manifest, bag, seal } = what;
  const state = known.bag(bag);
  const journey = known.journey(manifest);
  const listed = journey?.contents.bags.find((one) => one.bag === bag);
  if (state.is !== 'arrived' || state.manifest !== manifest || !listed || journey?.counted.includes(bag) === true)
    return failure('E-CUST-0409', bag);
  const cases: OpenedCase[] = [];
  // One that was right when the box came, and is another now.
  if (state.seal !== seal) {
    const items = listed.items.map(([id]) => id);
    cases.push({ kind: 'seal-mismatch', manifest, bag, items, read: seal });
  }
  const found: Held[] = [];
  const short: string[] = [];
  for (const [id] of listed.items) {
    const item = known.item(id);
    if (what.items.includes(id)) {
      if (item && isHeldBy(item, known.me)) found.push(heldAs(item));
    } else short.push(id);
  }
  if (short.length > 0) cases.push({ kind: 'short', manifest, bag, items: short });
  const damaged = what.damaged.filter((id) => what.items.includes(id));
  if (damaged.length > 0) cases.push({ kind: 'damaged', manifest, bag, items: damaged });
  // In this bag instead of another that came with it: it was taken with that one.
  const swapped = [...new Set(what.items)].flatMap((id) => {
    const item = known.item(id);
    const isListed = listed.items.some(([one]) => one === id);
    return !isListed && item && isHeldBy(item, known.me) ? [heldAs(item)] : [];
  });
  if (swapped.length > 0) {
    found.push(...swapped);
    cases.push({ kind: 'over', manifest, bag, items: swapped.map(({ id }) => id) });
  }
  const over = [...new Set(what.items)].flatMap((id) => {
    const item = known.item(id);
    if (item && isHeldBy(item, known.me)) return [];
    return [{ item: claimOf(item, id), misrouted: isAstray(item, known.me) }];
  });
  return ok({ body: { do: 'counted', manifest, bag, seal, found, cases }, over });
}

const isAstray = (item: Consignment | undefined, me: string): boolean => item !== undefined && item.to !== me;
