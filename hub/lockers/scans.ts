import type { EpochMs, Result } from '@hallhub/sync/base';
import { epochMs, failure, ms, ok, plus } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Order } from './chain.ts';
import type { Lockers } from './compose.ts';
import { trackingHash } from './consignments.ts';
import type { Scan, ScanAnswer } from './contract.ts';
import { nameOf } from './custody/link.ts';
import type { Link } from './custody/link.ts';
import type { Manifest } from './custody/manifest.ts';
import { hashOf, manifestText, parseManifestText, readManifest } from './custody/manifest.ts';
import { casesOf } from './rules/cases.ts';

const id = z.string().min(1).max(96);
const words = z.string().trim().min(1).max(300);
const bags = z.array(z.object({ bag: id, seal: id })).max(200);
const ids = z.array(id).max(500);
const place = z.discriminatedUnion('at', [
  z.object({ at: z.literal('compartment'), cabinet: id, compartment: id }),
  z.object({ at: z.literal('bin'), cabinet: id }),
  z.object({ at: z.literal('desk') }),
  z.object({ at: z.literal('bag'), bag: id }),
]);
const more = {
  witness: z.object({ login: z.string().max(64), password: z.string().max(200) }).exactOptional(),
  photo: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  doneAt: z.int().min(0).exactOptional(),
};
const scan = <const D extends Scan['do'], S extends z.ZodRawShape>(kind: D, shape: S) =>
  z.object({ do: z.literal(kind), ...shape, ...more });

/** `contract.ts`, `Scan`. */
export const scanSchema = z.discriminatedUnion('do', [
  scan('place', { item: id, place, ready: z.boolean() }),
  scan('hand-over', { item: id, to: z.enum(['recipient', 'delegate', 'sender', 'desk']) }),
  scan('drop-off', { item: id }),
  scan('send-back', { item: id, why: z.enum(['rejected', 'refused', 'withdrawn']), note: words.exactOptional() }),
  scan('find', { item: id }),
  scan('seal-bag', { bag: id, seal: id, items: ids }),
  scan('unseal-bag', { bag: id, seal: id, reason: words }),
  scan('seal-box', { run: id, box: id, seal: id, bags }),
  scan('unseal-box', { manifest: id, reason: words }),
  scan('depart', { manifest: id, seal: id, bags }),
  scan('arrive', { manifest: z.string().min(1).max(20_000), seal: id, bags }),
  scan('count', { manifest: id, bag: id, seal: id, items: ids, damaged: ids }),
  scan('open-case', { kind: z.enum(['damaged', 'over', 'short']), items: ids.min(1), note: words }),
]) satisfies z.ZodType<Scan>;

/** Does what somebody did with a scanner. @param at when the hub hears of it */
export function doScan(lockers: Lockers, what: Scan, order: Order, at: EpochMs): Result<ScanAnswer> {
  const done = perform(lockers, what, order, at);
  if (!done.ok) return done;
  const link = lockers.chain.ordered(order.id);
  if (!link) throw new Error('an order that was done left no link');
  const sealed = done.value;
  return ok({
    link: nameOf(link),
    cases: opened(lockers, link),
    ...(sealed && { manifest: hashOf(sealed), text: manifestText(sealed) }),
  });
}

const opened = ({ readings }: Lockers, link: Link): ScanAnswer['cases'] =>
  casesOf(link).map((one) => readings.case(one.id) ?? one);

function perform(lockers: Lockers, what: Scan, order: Order, at: EpochMs): Result<Manifest | undefined> {
  const { custody, chain } = lockers;
  const linked = (result: Result<Link>): Result<undefined> => (result.ok ? ok(undefined) : result);
  switch (what.do) {
    case 'place':
      return linked(placed(lockers, what, order));
    case 'hand-over':
      return linked(handedOver(lockers, what, order));
    case 'drop-off':
      return linked(droppedOff(lockers, what.item, order));
    case 'send-back': {
      const note = what.note === undefined ? {} : { note: what.note };
      return linked(custody.sendBack({ id: what.item, why: what.why, ...note }, order));
    }
    case 'find':
      return linked(custody.find(what.item, order));
    case 'seal-bag':
      return linked(custody.sealBag({ bag: what.bag, seal: what.seal, items: what.items }, order));
    case 'unseal-bag':
      return linked(custody.unsealBag({ bag: what.bag, seal: what.seal, reason: what.reason }, order));
    case 'seal-box': {
      const run = lockers.runs.get(what.run);
      if (!run.ok) return run;
      return custody.sealBox(
        { run: what.run, box: what.box, seal: what.seal, to: run.value.to, bags: what.bags },
        order,
      );
    }
    case 'unseal-box':
      return linked(custody.unsealBox({ manifest: what.manifest, reason: what.reason }, order));
    case 'depart': {
      const trip = chain.journey(what.manifest);
      const run = lockers.runs.get(trip?.contents.run ?? '');
      if (!run.ok) return run;
      // Late already when it leaves: then it may take as long as it always does.
      const takes = ms(run.value.arrivesAt - run.value.departsAt);
      const dueAt = epochMs(Math.max(run.value.arrivesAt, plus(at, takes)));
      return linked(custody.depart({ manifest: what.manifest, seal: what.seal, bags: what.bags, dueAt }, order));
    }
    case 'arrive': {
      const signed = manifestOf(lockers, what.manifest);
      return signed.ok
        ? linked(custody.arrive({ signed: signed.value, seal: what.seal, bags: what.bags }, order))
        : signed;
    }
    case 'count': {
      const { manifest, bag, seal, items, damaged } = what;
      return linked(custody.count({ manifest, bag, seal, items, damaged }, order));
    }
    case 'open-case':
      return linked(custody.openCase({ kind: what.kind, items: what.items, note: what.note }, order));
  }
}

/** By its name, or as it came with the box. Errors: `E-CUST-0302` unknown here, `E-CUST-0301` not signed by a campus known here. */
function manifestOf({ chain, trusted }: Lockers, said: string): Result<Manifest> {
  const known = chain.manifest(said);
  if (known) return ok(known);
  const parsed = parseManifestText(said);
  return parsed === undefined ? failure('E-CUST-0302') : readManifest(parsed, trusted);
}

function droppedOff({ rows, consignments, custody, chain }: Lockers, item: string, order: Order): Result<Link> {
  const row = rows.get(item);
  const people = row && consignments.people(row);
  if (!row || !people || row.revoked === 1 || row.from !== chain.me) return failure('E-CUST-0707', item);
  const tracking = trackingHash(people.tracking);
  const premises = row.revision === 0;
  const what = { id: item, to: row.to, size: row.size, tracking, premises, sure: true };
  return custody.dropOff({ ...what, place: { at: 'desk' } }, order);
}

function placed(lockers: Lockers, what: Extract<Scan, { do: 'place' }>, order: Order): Result<Link> {
  const { item, ready } = what;
  if (what.place.at !== 'compartment') {
    const done = lockers.custody.place({ id: item, place: what.place, ready, sure: true }, order);
    if (done.ok && !ready) lockers.cabinets.left(item);
    return done;
  }
  // Into a compartment: as if its door had told so, by the same order.
  const { cabinet, compartment } = what.place;
  return lockers.cabinets.store({ item, cabinet, compartment, sure: true }, order);
}

function handedOver(lockers: Lockers, what: Extract<Scan, { do: 'hand-over' }>, order: Order): Result<Link> {
  const done = lockers.custody.handOver({ id: what.item, to: what.to, sure: true }, order);
  if (done.ok) lockers.cabinets.left(what.item);
  return done;
}
