import { epochMs, iso } from '@hallhub/sync/base';
import {
  deliveryArrived,
  deliveryCollected,
  deliveryDeparted,
  deliveryDiscrepancy,
  deliveryDroppedOff,
  deliveryLost,
  deliveryReady,
  deliveryReturned,
} from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Linked } from './chain.ts';
import { nameOf } from './custody/link.ts';
import type { Case } from './rules/cases.ts';
import { casesOf } from './rules/cases.ts';
import type { Consignment } from './rules/consignment.ts';
import type { ConsignmentRow } from './store/consignments.ts';

/** What the hall hears of a link, in the transaction in which it was written. */
export function tellHall(
  { link, hash, own, items }: Linked,
  deps: {
    readonly me: string;
    readonly outbox: Pick<Outbox, 'append'>;
    readonly consignment: (id: string) => ConsignmentRow | undefined;
    readonly case: (id: string) => Case | undefined;
  },
): void {
  const { body } = link;
  const at = iso(epochMs(link.doneAt ?? link.at));
  const proof = `${nameOf(link)}:${hash}`;
  for (const { id, after } of items) {
    const row = deps.consignment(id);
    // What the hall has never heard of it hears of from the hub where it began, and in order.
    const began = row?.revision === 0;
    if (!row || !after || (began ? row.from !== deps.me : !own)) continue;
    const step = {
      ...{ revision: row.revision, at, consignment: id, hub: link.hub },
      ...{ custodyEpoch: Math.max(1, after.epoch), link: proof },
    };
    tellOne(deps.outbox, step, link, row, after);
    for (const one of casesOf(link))
      if (one.items.includes(id)) {
        const data = { ...step, case: one.id, kind: one.kind, state: 'open' as const };
        deps.outbox.append({ type: deliveryDiscrepancy, subject: id, data });
      }
  }
  if (body.do !== 'case-closed') return;
  const closed = deps.case(body.case);
  for (const id of closed?.items ?? []) {
    const row = deps.consignment(id);
    if (!row || !closed || (row.revision === 0 ? row.from !== deps.me : !own)) continue;
    const lost = body.lost.find((held) => held.id === id);
    const step = { revision: row.revision, at, consignment: id, hub: link.hub, link: proof };
    const custodyEpoch = lost?.epoch ?? 1;
    const data = { ...step, custodyEpoch, case: closed.id, kind: closed.kind, state: 'closed' as const };
    deps.outbox.append({ type: deliveryDiscrepancy, subject: id, data });
    if (lost) deps.outbox.append({ type: deliveryLost, subject: id, data: { ...step, custodyEpoch, case: closed.id } });
  }
}

type Step = Readonly<{
  revision: number;
  at: string;
  consignment: string;
  hub: string;
  custodyEpoch: number;
  link: string;
}>;

function tellOne(
  outbox: Pick<Outbox, 'append'>,
  step: Step,
  { body, at }: Linked['link'],
  row: ConsignmentRow,
  after: Consignment,
): void {
  const subject = step.consignment;
  const { place } = after;
  const cabinet = place?.at === 'compartment' || place?.at === 'bin' ? { cabinet: place.cabinet } : {};
  switch (body.do) {
    case 'dropped-off':
      outbox.append({ type: deliveryDroppedOff, subject, data: { ...step, ...cabinet } });
      return;
    case 'departed':
      outbox.append({
        type: deliveryDeparted,
        subject,
        data: { ...step, run: body.run, to: row.to, manifestSha256: body.manifest },
      });
      return;
    case 'arrived':
      // Named only because it has not come: its case says so.
      if (body.bags.some(({ items }) => items.some(({ id }) => id === subject)))
        outbox.append({ type: deliveryArrived, subject, data: step });
      return;
    case 'found':
      outbox.append({ type: deliveryArrived, subject, data: step });
      return;
    case 'placed':
      if (body.ready) {
        const until = iso(epochMs(at + row.keepDays * 86_400_000));
        outbox.append({ type: deliveryReady, subject, data: { ...step, ...cabinet, until } });
      }
      return;
    case 'returning':
      outbox.append({
        type: deliveryReturned,
        subject,
        data: { ...step, why: body.why, ...(body.note !== undefined && { note: body.note.slice(0, 200) }) },
      });
      return;
    case 'handed-over':
      outbox.append({ type: deliveryCollected, subject, data: { ...step, by: body.to, sure: body.sure } });
      return;
    default:
      return;
  }
}
