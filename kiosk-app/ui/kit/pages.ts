import type { Settings } from './settings.ts';

/** How many entries a list shows at once: never more than six, fewer where type is large or room is small. */
export function entriesPerPage({ large, low }: Pick<Settings, 'large' | 'low'>): number {
  if (low) return large ? 2 : 3;
  return large ? 4 : 6;
}

/** The entries of one page, the page kept within what there is. */
export function pageOf<T>(
  all: readonly T[],
  page: number,
  size: number,
): { readonly entries: readonly T[]; readonly page: number; readonly pages: number } {
  const pages = Math.max(1, Math.ceil(all.length / size));
  const within = Math.min(Math.max(0, page), pages - 1);
  return { entries: all.slice(within * size, (within + 1) * size), page: within, pages };
}
