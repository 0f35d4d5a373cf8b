import type { ServiceView } from '../../../queue/contract.ts';

/*
 * What a phone shows of the tree of services: all at once, under its headings, since a phone scrolls. Pure.
 */

export interface Group {
  /** Absent: services without a heading. */
  readonly heading?: ServiceView;
  readonly services: readonly ServiceView[];
}

/** Services that tickets are given for, in the tree's order; each under the heading it stands below, however deep. */
export function groupsOf(all: readonly ServiceView[]): readonly Group[] {
  const childrenOf = (parent: string | undefined): readonly ServiceView[] =>
    all.filter((service) => service.parent === parent);
  const isLeaf = ({ id }: ServiceView): boolean => childrenOf(id).length === 0;
  const below = (heading: ServiceView | undefined): readonly Group[] => {
    const children = childrenOf(heading?.id);
    const leaves = children.filter(isLeaf);
    return [
      ...(leaves.length > 0 ? [{ ...(heading && { heading }), services: leaves }] : []),
      ...children.filter((child) => !isLeaf(child)).flatMap(below),
    ];
  };
  return below(undefined);
}

/** The door's code: in what the QR code of the board opened, before or behind the `#`. */
export const doorOf = (search: string, hash: string): string | undefined =>
  new URLSearchParams(search).get('door') ?? new URLSearchParams(hash.replace(/^#/, '')).get('door') ?? undefined;
