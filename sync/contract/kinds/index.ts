import { defineKinds } from '../kind.ts';
import { appointment } from './appointment.ts';
import { block } from './block.ts';
import { certificate } from './certificate.ts';
import { documentDelivery } from './document-delivery.ts';
import { eventAccess } from './event-access.ts';
import { leave } from './leave.ts';
import { roster } from './roster.ts';
import { vehicleAccess } from './vehicle-access.ts';
import { visitorAccess } from './visitor-access.ts';

/** Every request kind of the contract, in the order in which the documents list them. */
export const allRequestKinds = [
  visitorAccess,
  vehicleAccess,
  eventAccess,
  roster,
  leave,
  block,
  certificate,
  appointment,
  documentDelivery,
] as const;

/** Reads changes of the hall's feed. */
export const requestKinds = defineKinds(allRequestKinds);

type ReadingOf<R> = R extends { read(change: never): infer T } ? T : never;
/** An approved or withdrawn request as a projection gets it: narrow on `op`, then on `kind`. */
export type RequestChange = Extract<ReadingOf<typeof requestKinds>, { status: 'accepted' }>['change'];
