import fc from 'fast-check';
import { expect, it } from 'vitest';
import { entriesPerPage, pageOf } from './pages.ts';

it('shows every entry on exactly one page, whatever page is asked for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(), { maxLength: 40 }),
      fc.boolean(),
      fc.boolean(),
      fc.integer(),
      (all, large, low, any) => {
        const size = entriesPerPage({ large, low });
        expect(size).toBeLessThanOrEqual(6);
        const { pages } = pageOf(all, 0, size);
        const shown = Array.from({ length: pages }, (_, page) => pageOf(all, page, size).entries);
        expect(shown.flat()).toEqual(all);
        for (const entries of shown) expect(entries.length).toBeLessThanOrEqual(size);
        expect(pageOf(all, any, size).page).toBeGreaterThanOrEqual(0);
        expect(pageOf(all, any, size).page).toBeLessThan(pages);
      },
    ),
  );
});
