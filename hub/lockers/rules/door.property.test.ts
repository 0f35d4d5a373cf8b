import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EpochMs, epochMs, ms, plus } from '@hallhub/sync/base';
import {
  DOOR_TIMES,
  type Door,
  type DoorEffect,
  type DoorInput,
  type DoorMake,
  NEW_DOOR,
  dueAt,
  isFree,
  stepDoor,
} from './door.ts';

const make: fc.Arbitrary<DoorMake> = fc.record({ contacts: fc.boolean(), items: fc.boolean() });
const said = fc.option(fc.boolean(), { nil: undefined });
type Happening =
  | { readonly kind: 'order'; readonly purpose: 'deposit' | 'collect' | 'service'; readonly lives: number }
  | { readonly kind: 'due' }
  | { readonly kind: 'input'; readonly input: DoorInput };

/** Orders are numbered as they come, and answers and pulses are about one of the last. */
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constant('order' as const),
    purpose: fc.constantFrom('deposit' as const, 'collect' as const, 'service' as const),
    lives: fc.nat(20_000),
  }),
  fc.constant({ kind: 'due' as const }),
  fc
    .oneof(
      fc.tuple(said, said).map(([open, occupied]): DoorInput => ({
        type: 'seen',
        ...(open !== undefined && { open }),
        ...(occupied !== undefined && { occupied }),
      })),
      fc
        .tuple(
          fc.integer({ min: 1, max: 2 }),
          fc.constantFrom('taken' as const, 'refused' as const, 'unknown' as const),
        )
        .map(([attempt, result]): DoorInput => ({ type: 'pulse', order: 'latest', attempt, result })),
      fc
        .constantFrom('done' as const, 'cancel' as const, 'again' as const)
        .map((answer): DoorInput => ({ type: 'answer', order: 'latest', answer })),
      fc.constantFrom<DoorInput>({ type: 'restart' }, { type: 'checked' }, { type: 'time' }),
    )
    .map((input) => ({ kind: 'input' as const, input })),
);
const life = fc.array(fc.tuple(fc.nat(8_000), happening), { maxLength: 60 });

interface Moment {
  readonly now: EpochMs;
  readonly before: Door;
  readonly input: DoorInput;
  readonly door: Door;
  readonly effects: readonly DoorEffect[];
}

function live(doorMake: DoorMake, happenings: readonly (readonly [number, Happening])[]): readonly Moment[] {
  const rules = { make: doorMake, times: DOOR_TIMES };
  const moments: Moment[] = [];
  let now = epochMs(1_000_000);
  let door = NEW_DOOR;
  let orders = 0;
  const latest = (): string => ('order' in door.stage ? door.stage.order.id : `o-${orders}`);
  for (const [after, what] of happenings) {
    now = plus(now, ms(after));
    let input: DoorInput = { type: 'time' };
    if (what.kind === 'order') {
      orders += 1;
      input = {
        type: 'order',
        order: { id: `o-${orders}`, purpose: what.purpose, expiresAt: plus(now, ms(what.lives)) },
      };
    } else if (what.kind === 'due') now = epochMs(Math.max(now, dueAt(door, DOOR_TIMES) ?? now));
    else input = 'order' in what.input ? ({ ...what.input, order: latest() } as DoorInput) : what.input;
    const step = stepDoor(door, input, now, rules);
    moments.push({ now, before: door, input, ...step });
    door = step.door;
  }
  return moments;
}

const pulsesOf = (moments: readonly Moment[]) =>
  moments.flatMap((moment) =>
    moment.effects.flatMap((effect) => (effect.do === 'pulse' ? [{ ...effect, moment }] : [])),
  );

describe('whatever happens to a door', () => {
  const holds = (check: (moments: readonly Moment[], doorMake: DoorMake) => void): void => {
    fc.assert(
      fc.property(make, life, (doorMake, happenings) => {
        check(live(doorMake, happenings), doorMake);
      }),
      { numRuns: 1_000 },
    );
  };

  it('a pulse leaves only for an order that is live, twice at the most each time it was wanted', () => {
    holds((moments) => {
      const pulses = pulsesOf(moments);
      for (const { moment, expiresAt } of pulses) expect(moment.now).toBeLessThan(expiresAt);
      for (const id of new Set(pulses.map(({ order }) => order))) {
        const attempts = pulses
          .filter(({ order }) => order === id)
          .map(({ attempt }) => attempt)
          .join('');
        // Wanted once, and once more by whoever stands before it.
        expect(attempts).toMatch(/^12?(12?)?$/);
        const wanted = moments.filter(
          ({ input }) =>
            (input.type === 'order' && input.order.id === id) || (input.type === 'answer' && input.answer === 'again'),
        );
        expect(wanted.length).toBeGreaterThanOrEqual(attempts.split('1').length - 1);
      }
    });
  });

  it('a second pulse follows only on a contact that shows the door shut, or on one that was certainly not given', () => {
    holds((moments) => {
      for (const { attempt, moment } of pulsesOf(moments)) {
        if (attempt !== 2) continue;
        const refused = moment.input.type === 'pulse' && moment.input.result === 'refused';
        expect(refused || moment.before.open === false).toBe(true);
      }
    });
  });

  it('nothing is pulsed by what was ordered before a restart', () => {
    holds((moments) => {
      let before = new Set<string>();
      let given = new Set<string>();
      for (const { input, effects } of moments) {
        if (input.type === 'order') given.add(input.order.id);
        if (input.type === 'restart') [before, given] = [new Set([...before, ...given]), new Set()];
        for (const effect of effects) if (effect.do === 'pulse') expect(before.has(effect.order)).toBe(false);
      }
    });
  });

  it('an order ends once, and whatever is not under way has ended', () => {
    holds((moments) => {
      const ended = moments.flatMap(({ effects }) =>
        effects.flatMap((effect) => (effect.do === 'end' ? [effect.order] : [])),
      );
      expect(new Set(ended).size).toBe(ended.length);
      const given = moments.flatMap(({ input }) => (input.type === 'order' ? [input.order.id] : []));
      const stage = moments.at(-1)?.door.stage;
      const underWay = stage && 'order' in stage ? [stage.order.id] : [];
      expect([...ended, ...underWay].toSorted()).toEqual(given.toSorted());
    });
  });

  it('a door that opens with nobody allowed to raises an alarm, and nobody gets it until staff have looked', () => {
    holds((moments, doorMake) => {
      for (const { before, input, door, effects } of moments) {
        const springs = input.type === 'seen' && input.open === true && before.open === false;
        const allowed = before.stage.at === 'opening' || before.stage.at === 'open';
        if (!springs || allowed) continue;
        expect(effects).toContainEqual({ do: 'alarm', why: 'opened-without-order' });
        expect(door.hold).toBeDefined();
        expect(isFree(door, doorMake)).toBe(false);
      }
    });
  });

  it('nobody is given a door that is open, unread, held or in use, and what is held only staff set free', () => {
    holds((moments, doorMake) => {
      for (const { before, input, door } of moments) {
        if (isFree(door, doorMake)) {
          expect([door.stage.at, door.hold]).toEqual(['resting', undefined]);
          if (doorMake.contacts) expect(door.open).toBe(false);
        }
        if (before.hold !== undefined && door.hold === undefined) expect(input.type).toBe('checked');
      }
    });
  });

  it('is over some day: with time alone every order ends', () => {
    holds((moments, doorMake) => {
      const last = moments.at(-1);
      if (!last) return;
      let [door, now] = [last.door, last.now];
      for (let turn = 0; turn < 5; turn += 1) {
        const due = dueAt(door, DOOR_TIMES);
        if (due === undefined || door.stage.at === 'open') return;
        now = epochMs(Math.max(now, due));
        door = stepDoor(door, { type: 'time' }, now, { make: doorMake, times: DOOR_TIMES }).door;
      }
      expect(['resting', 'unread', 'open']).toContain(door.stage.at);
    });
  });
});
