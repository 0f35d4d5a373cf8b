import fc from 'fast-check';
import { expect, it } from 'vitest';
import { propertyRuns } from '../../sync/testing/crash.ts';
import { readCases } from './rules/cases.ts';
import type { Step } from './testing/city.ts';
import { HUBS, openCity } from './testing/city.ts';
import { makeKeys } from './testing/campus.ts';

const keys = makeKeys(HUBS);
const hub = fc.nat(2);
const any = fc.nat(30);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('drop' as const), hub, to: hub }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ do: fc.constant('pack' as const), hub, to: hub },
      slip: fc.oneof(
        { weight: 4, arbitrary: fc.constant('none' as const) },
        { weight: 1, arbitrary: fc.constantFrom('left-out' as const, 'stowaway' as const) },
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('send' as const), hub, to: hub, resealed: fc.boolean() }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      ...{ do: fc.constant('take' as const), hub, box: any },
      right: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      forgotten: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('count' as const), hub, bag: any }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('shelves' as const), hub }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('collect' as const), hub, item: any }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('close' as const), hub, which: any }) },
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ do: fc.constant('hear' as const), hub, from: hub },
      ...{ most: fc.integer({ min: 1, max: 12 }), again: fc.boolean() },
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('box-told' as const), hub }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('die' as const), hub }) },
);

it('has exactly one custodian for everything at every moment, and loses nothing', { timeout: 300_000 }, () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 70, size: 'max' }), (steps) => {
      const city = openCity(keys);
      const { hubs, really } = city;
      try {
        for (const one of steps) {
          city.run(one);
          for (const id of really.keys()) {
            const forwards = city.truth(id, false);
            // The same links, in whatever order they are read, say the same.
            expect(city.truth(id, true)).toEqual(forwards);
            expect(forwards?.custodian).toBeDefined();
            const believers = city.believers(id);
            // Two hubs that believe that they hold it are possible only where one has found what should not be there.
            if (believers.length > 1) expect(city.hasCase(id)).toBe(true);
          }
        }
        city.endOfDay();
        const [first] = hubs;
        for (const one of hubs) expect(one.chain.heads()).toEqual(first?.chain.heads());
        for (const one of hubs) {
          expect(one.chain.verify().ok).toBe(true);
          // What is kept for lists is what a reading of the whole chain says.
          const read = readCases(one.store.after(0, 100_000).map(({ link }) => link));
          for (const { id, closed } of read)
            expect(one.readings.case(id)?.closed !== undefined).toBe(closed !== undefined);
        }
        for (const [id, where] of really) {
          const custodians = hubs.map((one) => one.chain.known.item(id)?.custodian);
          for (const custodian of custodians) expect(custodian).toEqual(custodians[0]);
          const [custodian] = custodians;
          if (where === 'gone') expect(custodian).toEqual({ is: 'person', to: 'recipient' });
          else if (!where.startsWith('bag:')) expect([id, custodian]).toEqual([id, { is: 'hub', hub: where }]);
          else expect(custodian?.is).toBe('hub');
        }
      } finally {
        for (const { db } of hubs) db.close();
      }
    }),
    { numRuns: propertyRuns(40) },
  );
});
