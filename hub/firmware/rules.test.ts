import type { Receipt } from '@hallhub/device-drivers/kit';
import type { Code, EpochMs } from '@hallhub/sync/base';
import { epochMs, failure, minutes, ok, plus, seconds } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Plan } from './plan.ts';
import { isOpen, planSchema, reachOf } from './plan.ts';
import type { Rollout, RolloutEffect, RolloutInput, Seen } from './rules.ts';
import { advance, isEnd, isInFlight, isOver, isVersion, newTarget } from './rules.ts';

const T0 = epochMs(1_767_225_600_000);
const NEW = '2.0.0';

function rolloutOf(count: number, plan: Partial<Plan> = {}): Rollout {
  return {
    state: 'running',
    version: NEW,
    plan: { ...planSchema.parse({}), ...plan },
    stage: 0,
    stageOpensAt: T0,
    forgiven: 0,
    targets: Array.from({ length: count }, (_, index) => newTarget(`device-${index}`, T0)),
  };
}
const receipt = (confirmation: 'acknowledged' | 'observed', at: EpochMs): Receipt =>
  ok({ commandId: 'c', confirmation, at });

/** A roll-out with devices that behave as the script says; time is counted in minutes at most. */
class World {
  rollout: Rollout;
  now = T0;
  readonly orders: string[] = [];
  readonly open: RolloutEffect[] = [];
  constructor(rollout: Rollout) {
    this.rollout = rollout;
  }
  feed(input: RolloutInput): void {
    const { rollout, effects } = advance(this.rollout, input, this.now);
    this.rollout = rollout;
    for (const effect of effects) {
      if (effect.type === 'order') this.orders.push(effect.deviceId);
      this.open.push(effect);
    }
  }
  tick(after = seconds(20)): void {
    this.now = plus(this.now, after);
    this.feed({ type: 'tick', minute: 0 });
  }
  seen(deviceId: string, seen: Seen): void {
    this.feed({ type: 'seen', deviceId, seen, minute: 0 });
  }
  states(): readonly string[] {
    return this.rollout.targets.map(({ state }) => state);
  }
  target(index = 0) {
    const target = this.rollout.targets[index];
    if (!target) throw new Error('no such target');
    return target;
  }
}
const old: Seen = { answered: true, version: '1.0.0', busy: false, fed: true };
const fresh: Seen = { answered: true, version: NEW, busy: false, fed: true };
const gone: Seen = { answered: false };

describe('a plan', () => {
  it('reaches further with every stage and ends with everything', () => {
    const plan = { stages: [{ devices: 1 }, { percent: 10 }] };
    expect([0, 1, 2].map((stage) => reachOf(plan, stage, 30))).toEqual([1, 3, 30]);
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ devices: fc.integer({ min: 1, max: 50 }) }),
            fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
          ),
          { maxLength: 8 },
        ),
        fc.integer({ min: 1, max: 200 }),
        (stages, total) => {
          const reaches = Array.from({ length: stages.length + 1 }, (_, stage) => reachOf({ stages }, stage, total));
          expect(reaches).toEqual([...reaches].sort((a, b) => a - b));
          expect(reaches.at(-1)).toBe(total);
          expect(reaches[0]).toBeGreaterThan(0);
        },
      ),
    );
  });

  it('knows a window over midnight', () => {
    const night = { window: { from: 1_380, to: 300 } };
    expect([1_379, 1_380, 0, 299, 300].map((minute) => isOpen(night, minute))).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(isOpen({}, 700)).toBe(true);
  });
});

describe('a version', () => {
  it('is the same with a leading v or a variant, and not where it only begins alike', () => {
    expect(isVersion('13.1.0(tasmota)', '13.1.0')).toBe(true);
    expect(isVersion('v2.0.0', '2.0.0')).toBe(true);
    expect(isVersion('2.0.01', '2.0.0')).toBe(false);
    expect(isVersion('2.0.0-beta', '2.0.0')).toBe(false);
  });
});

describe('one device', () => {
  const begun = (seen: Seen = old, plan: Partial<Plan> = {}): World => {
    const world = new World(rolloutOf(1, plan));
    world.tick();
    world.seen('device-0', seen);
    return world;
  };

  it('that has the version already is not sent it', () => {
    const world = begun(fresh);
    expect(world.target()).toMatchObject({ state: 'skipped', code: 'E-FW-0301', tries: 0 });
    expect(world.orders).toEqual([]);
    expect(world.rollout.state).toBe('done');
  });

  it('that only took the image is done when it reports the version itself', () => {
    const world = begun();
    world.feed({ type: 'receipt', deviceId: 'device-0', nth: 1, receipt: receipt('acknowledged', world.now) });
    expect(world.target()).toMatchObject({ state: 'installing', from: '1.0.0' });
    world.seen('device-0', old);
    expect(world.target().state).toBe('installing');
    world.seen('device-0', fresh);
    expect(world.target()).toMatchObject({ state: 'done', from: '1.0.0', reported: NEW });
  });

  it('that still reports the old version when it should be back has failed', () => {
    const world = begun();
    world.feed({ type: 'receipt', deviceId: 'device-0', nth: 1, receipt: receipt('acknowledged', world.now) });
    world.now = plus(world.now, minutes(16));
    world.seen('device-0', old);
    expect(world.target()).toMatchObject({ state: 'failed', code: 'E-FW-0303' });
  });

  it('that goes dark after an update halts the roll-out, however many failures are allowed', () => {
    const world = new World(rolloutOf(3, { failuresAllowed: 100 }));
    world.tick();
    world.seen('device-0', old);
    world.feed({ type: 'receipt', deviceId: 'device-0', nth: 1, receipt: receipt('acknowledged', world.now) });
    world.now = plus(world.now, minutes(16));
    world.seen('device-0', gone);
    expect(world.target()).toMatchObject({ state: 'failed', code: 'E-FW-0304' });
    expect(world.rollout.state).toBe('halted');
    for (let i = 0; i < 200; i += 1) world.tick();
    expect(world.orders).toEqual(['device-0']);
    world.feed({ type: 'resume' });
    world.tick(minutes(30));
    expect(world.states()).toEqual(['failed', 'sending', 'sending']);
  });

  it('whose transfer broke is asked first and sent it again, so often and no more', () => {
    const world = begun(old, { maxTries: 2 });
    for (const nth of [1, 2]) {
      world.feed({ type: 'receipt', deviceId: 'device-0', nth, receipt: failure('E-DEV-0103') });
      world.seen('device-0', old);
    }
    expect(world.orders).toHaveLength(2);
    expect(world.target()).toMatchObject({ state: 'failed', code: 'E-DEV-0103', tries: 2 });
  });

  it('that fetches by itself is not ordered again while it may be at it unseen', () => {
    const url: Seen = { ...old, fed: false };
    const world = begun(url);
    world.feed({ type: 'restart' });
    world.seen('device-0', url);
    expect(world.orders).toHaveLength(1);
    world.now = plus(world.now, minutes(16));
    world.seen('device-0', url);
    expect(world.orders).toHaveLength(2);
  });

  it('is not ordered twice by an answer from before its order', () => {
    const world = begun();
    world.seen('device-0', old);
    world.seen('device-0', gone);
    expect(world.orders).toEqual(['device-0']);
    expect(world.target()).toMatchObject({ state: 'sending', tries: 1 });
  });

  it('that is out of service is skipped with the reason', () => {
    const world = new World(rolloutOf(1));
    world.tick();
    world.feed({ type: 'unfit', deviceId: 'device-0', code: 'E-DEV-0405' });
    expect(world.target()).toMatchObject({ state: 'skipped', code: 'E-DEV-0405' });
  });

  it('outside the window waits', () => {
    const world = new World(rolloutOf(1, { window: { from: 60, to: 120 } }));
    world.tick();
    expect(world.states()).toEqual(['waiting']);
    world.feed({ type: 'tick', minute: 60 });
    expect(world.states()).toEqual(['sending']);
    // It answered when the window had closed.
    world.feed({ type: 'seen', deviceId: 'device-0', seen: old, minute: 120 });
    expect(world.states()).toEqual(['waiting']);
    expect(world.orders).toEqual([]);
  });
});

describe('stages', () => {
  it('follow each other after the pause', () => {
    const world = new World(rolloutOf(20, { maxParallel: 50, pauseMs: 600_000 }));
    world.tick();
    expect(world.states().filter(isSending)).toHaveLength(1);
    world.seen('device-0', old);
    world.feed({ type: 'receipt', deviceId: 'device-0', nth: 1, receipt: receipt('observed', world.now) });
    world.tick(minutes(9));
    expect(world.states().filter(isSending)).toHaveLength(0);
    world.tick(minutes(2));
    expect(world.states().filter(isSending)).toHaveLength(1);
  });

  it('stop when more fail than is allowed', () => {
    const world = new World(rolloutOf(20, { stages: [], maxParallel: 3, failuresAllowed: 1 }));
    world.tick();
    for (const device of ['device-0', 'device-1']) {
      world.seen(device, old);
      world.feed({ type: 'receipt', deviceId: device, nth: 1, receipt: failure('E-DEV-0302') });
    }
    expect(world.rollout.state).toBe('halted');
  });
});
const isSending = (state: string): boolean => state === 'sending';

describe('whatever happens in whichever order', () => {
  const codes: readonly Code[] = [
    'E-DEV-0103',
    'E-DEV-0202',
    'E-DEV-0203',
    'E-DEV-0206',
    'E-DEV-0208',
    'E-DEV-0302',
    'E-DEV-0405',
    'E-OSDP-0304',
  ];
  const deviceNumber = fc.integer({ min: 0, max: 5 });
  const event = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('tick' as const), after: fc.integer({ min: 1, max: 1_200_000 }) }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        device: deviceNumber,
        // What really became of an order whose receipt is lost.
        took: fc.boolean(),
        fed: fc.boolean(),
        how: fc.constantFrom('observed', 'acknowledged', 'gone', 'busy', 'old', ...codes),
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom({ do: 'restart' }, { do: 'pause' }, { do: 'resume' }, { do: 'cancel' }) },
  );

  it('no device is updated twice, the limit holds, nothing new is sent unless it runs, and all of it ends', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(event as fc.Arbitrary<Record<string, unknown>>, { maxLength: 120 }),
        (count, maxParallel, failuresAllowed, events) => {
          const world = new World(rolloutOf(count, { maxParallel, failuresAllowed, maxTries: 3, pauseMs: 60_000 }));
          const versions = new Map(world.rollout.targets.map(({ deviceId }) => [deviceId, '1.0.0']));
          const check = (input: RolloutInput): void => {
            const before = world.rollout;
            const sent = world.orders.length;
            world.feed(input);
            const after = world.rollout;
            expect(after.targets.filter(({ state }) => isInFlight(state)).length).toBeLessThanOrEqual(maxParallel);
            for (const [index, target] of before.targets.entries()) {
              // An end is an end.
              if (isEnd(target.state)) expect(after.targets[index]).toBe(target);
            }
            for (const device of world.orders.slice(sent)) {
              expect(before.state).toBe('running');
              expect(versions.get(device), `${device} has it already`).toBe('1.0.0');
            }
            for (const target of after.targets) expect(target.tries).toBeLessThanOrEqual(3);
          };
          const answer = (index: number, how: string, took: boolean, fed: boolean): void => {
            const target = world.rollout.targets[index];
            if (!target || !isInFlight(target.state)) return;
            const { deviceId, ordered, tries } = target;
            if (ordered) {
              if (how === 'observed' || how === 'acknowledged' || took) versions.set(deviceId, NEW);
              if (how === 'observed' || how === 'acknowledged')
                check({ type: 'receipt', deviceId, nth: tries, receipt: receipt(how, world.now) });
              else if (how.startsWith('E-'))
                check({ type: 'receipt', deviceId, nth: tries, receipt: failure(how as Code) });
              return;
            }
            const version = versions.get(deviceId) ?? '';
            const seen: Seen = how === 'gone' ? gone : { answered: true, version, busy: how === 'busy', fed };
            check({ type: 'seen', deviceId, seen, minute: 0 });
          };
          for (const one of events) {
            if (one['do'] === 'tick') {
              world.now = plus(world.now, one['after'] as ReturnType<typeof minutes>);
              check({ type: 'tick', minute: 0 });
            } else if (one['do'] === 'answer') {
              answer(one['device'] as number, one['how'] as string, one['took'] as boolean, one['fed'] as boolean);
            } else check({ type: one['do'] as 'restart' | 'pause' | 'resume' | 'cancel' });
          }
          // From here on devices answer and somebody goes on after every halt.
          for (let round = 0; round < 2_000 && !isOver(world.rollout); round += 1) {
            world.now = plus(world.now, minutes(1));
            if (round % 3 === 0) check({ type: 'resume' });
            check({ type: 'tick', minute: 0 });
            for (let index = 0; index < count; index += 1) answer(index, 'observed', true, true);
          }
          expect(world.rollout.targets.every(({ state }) => isEnd(state))).toBe(true);
          for (const { deviceId, state } of world.rollout.targets) {
            if (state === 'done') expect(versions.get(deviceId)).toBe(NEW);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('a cancelled roll-out sends nothing more and waits only for what is under way', () => {
    const world = new World(rolloutOf(4, { stages: [], maxParallel: 2 }));
    world.tick();
    world.seen('device-0', old);
    world.feed({ type: 'cancel' });
    expect(world.open.at(-1)).toEqual({ type: 'stop', deviceId: 'device-0' });
    expect(world.states()).toEqual(['sending', 'cancelled', 'cancelled', 'cancelled']);
    expect(isOver(world.rollout)).toBe(false);
    world.feed({ type: 'receipt', deviceId: 'device-0', nth: 1, receipt: failure('E-OSDP-0304') });
    expect(isOver(world.rollout)).toBe(true);
    expect(world.orders).toEqual(['device-0']);
  });
});
