import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, ms, plus } from '@hallhub/sync/base';
import { NEW_SLOT, SLOT_TIMES, type Slot, type SlotEffect, type SlotInput, slotDueAt, stepSlot } from './slot.ts';

const START = epochMs(1_000_000);
const scan = (form: string, allowed = true): SlotInput => ({ type: 'scan', form, allowed });
const OPEN: SlotInput = { type: 'gate', open: true };
const SHUT: SlotInput = { type: 'gate', open: false };
const ITEM: SlotInput = { type: 'item' };
const TIME: SlotInput = { type: 'time' };
const FULL: SlotInput = { type: 'full', full: true };

function words(effect: SlotEffect): string {
  switch (effect.do) {
    case 'refuse':
      return `refuse ${effect.form} ${effect.why}`;
    case 'end':
      return `${effect.form} ${effect.outcome}`;
    case 'alert-staff':
      return `alert ${effect.why}`;
    case 'open-gate':
      return `open ${effect.form}`;
    case 'photo':
      return 'photo';
    case 'close-gate':
      return 'close';
  }
}

/** A slot whose gate was seen shut, and what is told to it after so many milliseconds each. */
function play(script: readonly (readonly [number, SlotInput])[]): {
  readonly slot: Slot;
  readonly told: readonly string[];
} {
  let [slot, now] = [stepSlot(NEW_SLOT, SHUT, START, SLOT_TIMES).slot, START];
  const told: string[] = [];
  for (const [after, input] of script) {
    now = plus(now, ms(after));
    const step = stepSlot(slot, input, now, SLOT_TIMES);
    slot = step.slot;
    told.push(...step.effects.map(words));
  }
  return { slot, told };
}

describe('a drop slot', () => {
  it.each<readonly [string, readonly (readonly [number, SlotInput])[], readonly string[], string | undefined]>([
    [
      'takes a bag',
      [
        [0, scan('a')],
        [500, OPEN],
        [9_000, ITEM],
        [900, SHUT],
      ],
      ['open a', 'photo', 'close', 'a accepted'],
      undefined,
    ],
    [
      'shuts when nothing comes',
      [
        [0, scan('a')],
        [500, OPEN],
        [30_000, SHUT],
      ],
      ['open a', 'a timeout'],
      undefined,
    ],
    [
      'has not accepted what lies in an open gate',
      [
        [0, scan('a')],
        [500, OPEN],
        [9_000, ITEM],
        [3_000, TIME],
      ],
      ['open a', 'photo', 'close', 'a unclear', 'alert jam'],
      'jam',
    ],
    [
      'is told to shut, and jams when it does not',
      [
        [0, scan('a')],
        [500, OPEN],
        [33_000, TIME],
        [3_000, TIME],
      ],
      ['open a', 'close', 'a unclear', 'alert jam'],
      'jam',
    ],
    [
      'that does not open is out of use',
      [
        [0, scan('a')],
        [3_000, TIME],
        [10, scan('b')],
      ],
      ['open a', 'a not-opened', 'alert did-not-open', 'refuse b out-of-use'],
      'did-not-open',
    ],
    [
      'takes one bag for one form',
      [
        [0, scan('a')],
        [500, OPEN],
        [100, ITEM],
        [100, ITEM],
      ],
      ['open a', 'photo', 'close', 'a unclear', 'alert two-items'],
      'two-items',
    ],
    [
      'is busy for another form, and deaf to the same',
      [
        [0, scan('a')],
        [10, scan('a')],
        [10, scan('b')],
      ],
      ['open a', 'refuse b busy'],
      undefined,
    ],
    ['stays shut for what may not be dropped', [[0, scan('a', false)]], ['refuse a not-allowed'], undefined],
    [
      'stays shut when it is full, and says so once',
      [
        [0, FULL],
        [10, FULL],
        [10, scan('a')],
      ],
      ['alert full', 'refuse a full'],
      undefined,
    ],
    [
      'notices what nobody scanned',
      [
        [0, ITEM],
        [10, scan('a')],
      ],
      ['alert item-without-form', 'refuse a out-of-use'],
      'item-without-form',
    ],
    ['notices a gate that nobody opened', [[0, OPEN]], ['alert open-without-form'], 'open-without-form'],
    [
      'does not go on where it was when the power comes back',
      [
        [0, scan('a')],
        [500, OPEN],
        [10, { type: 'restart' }],
        [10, SHUT],
        [10, scan('b')],
      ],
      ['open a', 'a unclear', 'alert interrupted', 'refuse b out-of-use'],
      'interrupted',
    ],
    [
      'is used again when staff have looked',
      [
        [0, scan('a')],
        [3_000, TIME],
        [10, { type: 'cleared' }],
        [10, SHUT],
        [10, scan('b')],
      ],
      ['open a', 'a not-opened', 'alert did-not-open', 'open b'],
      undefined,
    ],
  ])('%s', (_what, script, told, trouble) => {
    const outcome = play(script);
    expect(outcome.told).toEqual(told);
    expect(outcome.slot.trouble).toBe(trouble);
  });

  const input: fc.Arbitrary<SlotInput> = fc.oneof(
    fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()).map(([form, allowed]) => scan(form, allowed)),
    fc.boolean().map((open): SlotInput => ({ type: 'gate', open })),
    fc.boolean().map((full): SlotInput => ({ type: 'full', full })),
    fc.constantFrom<SlotInput>(ITEM, TIME, { type: 'restart' }, { type: 'cleared' }),
  );

  it('ends every form that it opened for once, and accepts none of which it saw nothing fall', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20_000), input), { maxLength: 60 }), (script) => {
        let [slot, now] = [NEW_SLOT, START];
        let open: string | undefined;
        let fell = 0;
        for (const [after, given] of script) {
          now = plus(now, ms(after));
          if (given.type === 'item') fell += 1;
          const step = stepSlot(slot, given, now, SLOT_TIMES);
          for (const effect of step.effects) {
            if (effect.do === 'open-gate') {
              expect([open, slot.stage.at, slot.trouble, slot.full]).toEqual([undefined, 'idle', undefined, false]);
              [open, fell] = [effect.form, 0];
            } else if (effect.do === 'end') {
              expect(effect.form).toBe(open);
              if (effect.outcome === 'accepted') expect([fell, given]).toEqual([1, SHUT]);
              open = undefined;
            }
          }
          slot = step.slot;
        }
        // With time alone it comes to an end.
        for (let turn = 0; turn < 3; turn += 1) {
          const due = slotDueAt(slot);
          if (due === undefined) break;
          slot = stepSlot(slot, TIME, epochMs(Math.max(due, now)), SLOT_TIMES).slot;
        }
        expect(slotDueAt(slot)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});
