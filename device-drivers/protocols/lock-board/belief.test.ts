import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs } from '@hallhub/sync/base';
import { type Belief, believe } from './belief.ts';

const seen = fc.option(fc.boolean(), { nil: undefined });

/** Every reading with the belief behind it, read at 0, 1, 2, … */
function follow(readings: readonly (boolean | undefined)[], needed: number) {
  let belief: Belief = {};
  return readings.map((value, index) => {
    const sight = believe(belief, value, { at: epochMs(index), readings: needed });
    belief = sight.belief;
    return { ...sight, seen: value };
  });
}

describe('a contact', () => {
  it('is believed when its last readings agree, and only then does a belief change', () => {
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (readings, needed) => {
        const steps = follow(readings, needed);
        for (const [index, step] of steps.entries()) {
          const last = readings.slice(Math.max(0, index + 1 - needed), index + 1);
          const agree = last.length === needed && last.every((value) => value === step.seen);
          if (step.seen !== undefined && agree) expect(step.belief.value).toBe(step.seen);
          const before = steps[index - 1]?.belief.value;
          if (step.belief.value !== before && step.belief.value !== undefined) expect(agree).toBe(true);
          expect(step.changed !== undefined).toBe(step.belief.value !== undefined && step.belief.value !== before);
        }
      }),
    );
  });

  it('that says nothing is not known', () => {
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 10 }), (readings) => {
        expect(follow([...readings, undefined], 2).at(-1)?.belief).toEqual({});
      }),
    );
  });

  it('changed when it was first read otherwise', () => {
    expect(follow([false, false, true, true], 2).at(-1)).toMatchObject({ belief: { value: true }, changed: 2 });
    expect(follow([false, false, true, false, true, true], 2).at(-1)).toMatchObject({ changed: 4 });
  });
});
