import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { Link, OpenedCase } from '../custody/link.ts';

/** Something that was not as it should be, and whether somebody has closed it. */
export interface Case extends OpenedCase {
  readonly id: string;
  /** Where it was noticed. */
  readonly hub: string;
  readonly openedAt: EpochMs;
  readonly openedBy: string;
  readonly note?: string;
  readonly closed?: { readonly at: EpochMs; readonly by: string; readonly hub: string; readonly reason: string };
}

/** Cases that a link opens; each is named after it. */
export function casesOf(link: Link): readonly Case[] {
  const { body } = link;
  if (!('cases' in body)) return [];
  return body.cases.map((opened, index) => ({
    ...opened,
    id: `${link.hub}-${link.incarnation}-${link.seq}-${index + 1}`,
    hub: link.hub,
    openedAt: epochMs(link.at),
    openedBy: link.by,
    ...(body.do === 'case-opened' && { note: body.note }),
  }));
}

/** Cases from links in any order. What has arrived is not overdue any more. */
export function readCases(links: Iterable<Link>): readonly Case[] {
  const all = [...links];
  const closed = new Map<string, NonNullable<Case['closed']>>();
  const arrived = new Map<string, NonNullable<Case['closed']>>();
  for (const { body, at, by, hub } of all.toSorted((a, b) => a.at - b.at)) {
    const end = { at: epochMs(at), by, hub };
    if (body.do === 'case-closed' && !closed.has(body.case)) closed.set(body.case, { ...end, reason: body.reason });
    if (body.do === 'arrived' && !arrived.has(body.manifest)) arrived.set(body.manifest, { ...end, reason: 'arrived' });
  }
  return all.flatMap(casesOf).map((one) => {
    const end =
      closed.get(one.id) ??
      (one.kind === 'overdue' && one.manifest !== undefined ? arrived.get(one.manifest) : undefined);
    return end ? { ...one, closed: end } : one;
  });
}

/** Whether a case keeps a consignment from being delivered. A late bus does not. */
export const blocks = ({ kind, items, closed }: Case, id: string): boolean =>
  closed === undefined && kind !== 'overdue' && items.includes(id);
