import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import { epochMs, ok } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { printerView, supplyAlert } from './supplies.ts';

const ready = { state: 'ready' as const, since: epochMs(0) };
const status = fc.record({
  state: fc.constantFrom('idle' as const, 'processing' as const, 'stopped' as const),
  acceptingJobs: fc.boolean(),
  reasons: fc.array(
    fc.constantFrom('media-empty', 'media-low', 'toner-low', 'toner-empty', 'media-jam', 'none', 'something-else'),
  ),
  printerUuid: fc.constant('u'),
  upTimeSeconds: fc.nat(),
  mediaReady: fc.constantFrom([], ['iso_a4_210x297mm'], ['na_letter_8.5x11in']),
  formats: fc.constant([]),
  sides: fc.constant([]),
  markers: fc.array(fc.record({ name: fc.string(), level: fc.integer({ min: -3, max: 100 }) })),
}) satisfies fc.Arbitrary<PrinterStatus>;
const paper = fc.option(fc.record({ filled: fc.nat(500), used: fc.nat(600), lowAt: fc.nat(100) }), { nil: undefined });

it('never calls a printer ready that has no paper or toner, and gives a code for what a person must do', () => {
  fc.assert(
    fc.property(status, paper, (said, count) => {
      const view = printerView('p', ready, ok(said), count);
      if (view.paper === 'empty' || view.toner === 'empty') expect(view.state).toBe('attention');
      expect(view.state === 'attention').toBe(view.code !== undefined);
      if (said.reasons.includes('media-empty')) expect(view.state).toBe('attention');
      const low = [view.paper, view.toner].some((state) => state === 'low' || state === 'empty');
      expect(supplyAlert(view) !== undefined).toBe(low);
    }),
  );
});

it('says of a printer that was not asked yet that it is busy, not broken', () => {
  expect(printerView('p', ready, undefined, undefined)).toMatchObject({ state: 'busy', paper: 'unknown' });
  expect(printerView('p', { ...ready, state: 'down' }, undefined, undefined)).toMatchObject({ state: 'down' });
});
