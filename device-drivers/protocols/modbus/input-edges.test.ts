import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type EpochMs, type MonoMs, ms } from '@hallhub/sync/base';
import { baseline, sampleInput } from './input-edges.ts';

it('tells exactly the changes that last, each once and with the moment it began', () => {
  const debounce = ms(30);
  // Runs of equal samples, 10 ms apart, beginning with an open contact.
  const runs = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(runs, (lengths) => {
      const samples = lengths.flatMap((length, index) => new Array<boolean>(length).fill(index % 2 === 1));
      let state = baseline({ active: false, mono: 0 as MonoMs, at: 0 as EpochMs });
      const changes: (readonly [boolean, number])[] = [];
      samples.forEach((active, index) => {
        const time = index * 10;
        const next = sampleInput(state, { active, mono: time as MonoMs, at: time as EpochMs }, debounce);
        state = next.state;
        if (next.changed !== undefined) changes.push([next.state.active, next.changed]);
      });

      // The same, told from the runs: a level counts once its run is more than three samples long.
      const expected: (readonly [boolean, number])[] = [];
      let level = false;
      let start = 0;
      lengths.forEach((length, index) => {
        const active = index % 2 === 1;
        if (length > 3 && active !== level) {
          level = active;
          expected.push([active, start * 10]);
        }
        start += length;
      });
      expect(changes).toEqual(expected);
    }),
  );
});
