import { defineKinds } from '../kind.ts';
import { certificate } from './certificate.ts';
import { visitorAccess } from './visitor-access.ts';

/** Every request kind of the contract, in the order in which the documents list them. */
export const allRequestKinds = [visitorAccess, certificate] as const;

/** Reads changes of the hall's feed. */
export const requestKinds = defineKinds(allRequestKinds);

type ReadingOf<R> = R extends { read(change: never): infer T } ? T : never;
/** An approved or withdrawn request as a projection gets it: narrow on `op`, then on `kind`. */
export type RequestChange = Extract<ReadingOf<typeof requestKinds>, { status: 'accepted' }>['change'];
