import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { BodyOf, Held, OpenedCase, Place } from '../custody/link.ts';
import { blocks } from './cases.ts';
import type { Consignment } from './consignment.ts';
import { isHeldBy, isOver } from './consignment.ts';
import type { Knowledge } from './knowledge.ts';

/* What may be done with a consignment that the hub holds, or that somebody holds in their hand here. */

export const heldAs = ({ id, epoch }: Pick<Consignment, 'id' | 'epoch'>): Held => ({ id, epoch });
/** As whoever takes it next holds it. */
export const heldNext = ({ id, epoch }: Pick<Consignment, 'id' | 'epoch'>): Held => ({ id, epoch: epoch + 1 });

/** A consignment that the hub answers for. Errors: `E-CUST-0101` unknown, `E-CUST-0102` somebody else answers for it. */
export function mine(known: Knowledge, id: string): Result<Consignment> {
  const item = known.item(id);
  if (!item) return failure('E-CUST-0101', id);
  return isHeldBy(item, known.me) ? ok(item) : failure('E-CUST-0102', id);
}

/** Errors: `E-CUST-0103` it was dropped off before. */
export function dropOff(
  known: Knowledge,
  what: Omit<BodyOf<'dropped-off'>, 'do' | 'item'> & { readonly id: string },
): Result<BodyOf<'dropped-off'>> {
  const { id, ...rest } = what;
  return known.item(id) ? failure('E-CUST-0103', id) : ok({ do: 'dropped-off', item: { id, epoch: 1 }, ...rest });
}

/**
 * Errors: as {@link mine}; `E-CUST-0104` it is to be collected at another hub, or the bag goes to another; `E-CUST-0105` a case
 * about it is open; `E-CUST-0106` the bag is sealed; `E-CUST-0109` it is in a sealed bag.
 */
export function placeAt(
  known: Knowledge,
  what: { readonly id: string; readonly place: Place; readonly ready: boolean; readonly sure: boolean },
): Result<BodyOf<'placed'>> {
  const item = mine(known, what.id);
  if (!item.ok) return item;
  const { value } = item;
  if (value.place?.at === 'bag' && known.bag(value.place.bag).is !== 'open') return failure('E-CUST-0109', what.id);
  if (what.ready) {
    if (value.to !== known.me) return failure('E-CUST-0104', value.to);
    if (known.casesOf(what.id).some((one) => blocks(one, what.id))) return failure('E-CUST-0105', what.id);
  }
  if (what.place.at === 'bag') {
    const { bag } = what.place;
    if (known.bag(bag).is !== 'open') return failure('E-CUST-0106', bag);
    // Whatever is in a bag goes to one hub, and that is looked at with every scan.
    if (value.to === known.me || known.inBag(bag).some(({ to }) => to !== value.to))
      return failure('E-CUST-0104', value.to);
  }
  return ok({ do: 'placed', item: heldAs(value), place: what.place, ready: what.ready, sure: what.sure });
}

/** Errors: as {@link mine}; `E-CUST-0104` it is not to be collected here; `E-CUST-0105` a case about it is open. */
export function handOver(
  known: Knowledge,
  what: { readonly id: string; readonly to: BodyOf<'handed-over'>['to']; readonly sure: boolean },
): Result<BodyOf<'handed-over'>> {
  const item = mine(known, what.id);
  if (!item.ok) return item;
  if (item.value.to !== known.me) return failure('E-CUST-0104', item.value.to);
  if (known.casesOf(what.id).some((one) => blocks(one, what.id))) return failure('E-CUST-0105', what.id);
  return ok({ do: 'handed-over', item: heldNext(item.value), to: what.to, sure: what.sure });
}

/** Errors: as {@link mine}; `E-CUST-0107` it is on its way back already; `E-CUST-0109` it is in a sealed bag. */
export function sendBack(
  known: Knowledge,
  what: { readonly id: string; readonly why: BodyOf<'returning'>['why']; readonly note?: string },
): Result<BodyOf<'returning'>> {
  const item = mine(known, what.id);
  if (!item.ok) return item;
  const { returning, place } = item.value;
  if (returning !== undefined) return failure('E-CUST-0107', what.id);
  if (place?.at === 'bag' && known.bag(place.bag).is !== 'open') return failure('E-CUST-0109', what.id);
  return ok({
    ...{ do: 'returning', item: heldAs(item.value), why: what.why },
    ...(what.note !== undefined && { note: what.note }),
  });
}

/**
 * Somebody holds it in their hand at this hub, and the chain says that it is elsewhere: the hub answers for it, and a case is
 * opened. Errors: `E-CUST-0108` it is held here, nothing is to be put right.
 */
export function find(known: Knowledge, id: string): Result<BodyOf<'found'>> {
  const item = known.item(id);
  if (item && isHeldBy(item, known.me)) return failure('E-CUST-0108', id);
  return ok({ do: 'found', item: claimOf(item, id), cases: [strayCase(known, id, item)] });
}

/** Under the next epoch after the highest that is known here: whoever knows of a higher one refuses it, and says so. */
export const claimOf = (item: Consignment | undefined, id: string): Held => (item ? heldNext(item) : { id, epoch: 1 });

const strayCase = (known: Knowledge, id: string, item: Consignment | undefined): OpenedCase => ({
  kind: item && !isOver(item) && item.to !== known.me ? 'misrouted' : 'over',
  items: [id],
});

/**
 * What the hub found and holds, and of which it has since heard that another hub's chain went further: it claims it anew.
 * Undefined: there is nothing to claim, or the other has it in hand as well (`conflict`).
 */
export function reclaim(
  known: Knowledge,
  id: string,
  foundHere: boolean,
): { readonly body: BodyOf<'found'> } | 'conflict' | undefined {
  const item = known.item(id);
  if (!foundHere || !item || isHeldBy(item, known.me) || isOver(item)) return undefined;
  // Only what came to light here in no order at all; what was sent on from here has left in order.
  if (item.claim.body.do === 'found') return 'conflict';
  return { body: { do: 'found', item: heldNext(item), cases: [] } };
}

/**
 * Errors: `E-CUST-0201` no such case; `E-CUST-0202` it is closed; `E-CUST-0203` another hub opened it; `E-CUST-0204` what is given
 * up as lost is not in it, or has been handed over.
 */
export function closeCase(
  known: Knowledge,
  what: { readonly id: string; readonly reason: string; readonly lost: readonly string[] },
  found: { readonly hub: string; readonly items: readonly string[]; readonly closed?: object } | undefined,
): Result<BodyOf<'case-closed'>> {
  if (!found) return failure('E-CUST-0201', what.id);
  if (found.closed) return failure('E-CUST-0202', what.id);
  if (found.hub !== known.me) return failure('E-CUST-0203', found.hub);
  const lost: Held[] = [];
  for (const id of what.lost) {
    const item = known.item(id);
    if (!item || !found.items.includes(id) || isOver(item)) return failure('E-CUST-0204', id);
    // What another hub holds is not lost.
    if (item.custodian.is === 'hub' && item.custodian.hub !== known.me) return failure('E-CUST-0204', id);
    lost.push(heldNext(item));
  }
  return ok({ do: 'case-closed', case: what.id, reason: what.reason, lost });
}
