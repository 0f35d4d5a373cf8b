import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Switch } from '@hallhub/device-drivers/capabilities';
import type { Command, Receipt } from '@hallhub/device-drivers/kit';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { DurationMs, ManualClock } from '@hallhub/sync/base';
import { epochMs, hours, manualClock, minutes, ms, ok, plus, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { migrate, openDatabase, transact } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { auditSchema, createAudit } from '../../audit/index.ts';
import { createBehind } from '../behind.ts';
import { devicesSchema } from '../schema.ts';
import { createTestFleet } from '../testing/fleet.ts';
import { createTwin } from '../twin/twin.ts';
import type { Recording } from './journal.ts';
import type { Commands } from './service.ts';
import { createCommands } from './service.ts';
import { createCommandStore } from './store.ts';

const START = epochMs(Date.UTC(2026, 10, 22, 2));
const cleanUp: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanUp.splice(0)) clean();
});

/** A hub's commands over a file, which can be killed and started again over the same file. */
function setUp(clock: ManualClock = manualClock(START)) {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-commands-'));
  const open = () => {
    let alive = true;
    // The timers of a process that was killed never fire.
    const own = {
      ...clock,
      after: (delay: DurationMs, action: () => void) =>
        clock.after(delay, () => {
          if (alive) action();
        }),
    };
    const fleet = createTestFleet(own);
    const db = openDatabase({ file: join(folder, 'hub.db') });
    // What these tests are about is order, not the disk: a thousand runs need not wait for it.
    db.pragma('synchronous = OFF');
    migrate({ db, components: [auditSchema, devicesSchema] });
    const behind = createBehind({
      db,
      clock: own,
      onFault: (error) => {
        throw error;
      },
    });
    const twin = createTwin({ db });
    let inService = true;
    const commands = createCommands({
      db,
      host: fleet.host,
      clock: own,
      random: systemRandom,
      log: silentLog,
      audit: createAudit({ db, clock: own }),
      store: createCommandStore(db),
      twin,
      behind,
      inService: () => inService,
      digest: (text) => createHash('sha256').update(text).digest(),
    });
    commands.start();
    return {
      db,
      fleet,
      commands,
      twin,
      behind,
      die: () => {
        alive = false;
        db.close();
      },
      outOfService: () => {
        inService = false;
        commands.refuseWaiting('relay');
      },
    };
  };
  let hub = open();
  cleanUp.push(() => {
    hub.commands.stop();
    hub.db.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    clock,
    get hub() {
      return hub;
    },
    /** The process is gone without a word; another one opens the file. What waited to be written is lost. */
    kill: () => {
      hub.die();
      hub = open();
    },
  };
}

const acknowledged = (command: Command): Receipt =>
  ok({ commandId: command.id, confirmation: 'acknowledged', at: command.issuedAt });
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

const ask = (commands: Commands, key: string, on = true, lifetime = seconds(10), confirmed = true) =>
  commands.submit(
    { deviceId: 'relay', capability: 'switch', name: 'set', args: { channel: 0, on }, lifetime, confirmed },
    { actor: 'staff:1', key },
  );
const direct = (
  commands: Commands,
  command: Partial<Command> & { readonly id: string },
  clock: ManualClock,
  recording: Recording = 'before',
) => {
  const relay = commands.fleet(recording).capability('relay', 'switch') as Switch;
  return relay.set({
    name: 'set',
    args: { channel: 1, on: true },
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), seconds(2)),
    issuedBy: 'schedule:1',
    ...command,
  } as Parameters<Switch['set']>[0]);
};
const states = (commands: Commands, id: string): readonly string[] =>
  unwrap(commands.get(id)).steps.map(({ state }) => state);

describe('a command of a domain', () => {
  test('is on record as sent before it reaches the device, and its receipt after', async () => {
    const { hub, clock } = setUp();
    const receipt = direct(hub.commands, { id: 'c1' }, clock);
    expect(hub.fleet.reached).toHaveLength(1);
    expect(hub.db.prepare('SELECT state FROM device_command').pluck().get()).toBe('sent');
    hub.fleet.answer(acknowledged);
    expect(await receipt).toMatchObject({ ok: true });
    expect(states(hub.commands, 'c1')).toEqual(['queued', 'sent', 'acknowledged']);
    expect(unwrap(hub.commands.get('c1'))).toMatchObject({ issuedBy: 'schedule:1', args: { channel: 1, on: true } });
  });

  test('given again with its id, it is told how the first one ended and reaches nobody', async () => {
    const { hub, clock } = setUp();
    const first = direct(hub.commands, { id: 'c1' }, clock);
    const meanwhile = direct(hub.commands, { id: 'c1' }, clock);
    hub.fleet.answer(acknowledged);
    await first;
    hub.behind.flush();
    const after = await direct(hub.commands, { id: 'c1' }, clock);
    expect([await meanwhile, after].map((receipt) => receipt.ok && receipt.value.confirmation)).toEqual([
      'acknowledged',
      'acknowledged',
    ]);
    expect(hub.fleet.reached).toHaveLength(1);
  });

  test('that cannot be put on record is not sent', async () => {
    const { hub, clock } = setUp();
    hub.db.pragma('query_only = ON');
    expect(await direct(hub.commands, { id: 'c1' }, clock)).toMatchObject({ error: { code: 'E-DEV-0409' } });
    expect(hub.fleet.reached).toEqual([]);
    hub.db.pragma('query_only = OFF');
  });

  test('recorded behind, it leaves at once and is on record a moment later', async () => {
    const { hub, clock } = setUp();
    const relay = hub.commands.fleet('behind').capability('relay', 'switch') as Switch;
    const order = { id: 'c1', name: 'set' as const, args: { channel: 0, on: true }, issuedBy: 'request:1' };
    void relay.set({ ...order, issuedAt: clock.now(), expiresAt: plus(clock.now(), seconds(2)) });
    expect(hub.fleet.reached).toHaveLength(1);
    expect(hub.db.prepare('SELECT count(*) FROM device_command').pluck().get()).toBe(0);
    hub.fleet.answer(acknowledged);
    await settle();
    clock.advance(ms(500));
    expect(hub.db.prepare('SELECT state FROM device_command').pluck().get()).toBe('acknowledged');
  });

  test.each(['before', 'behind'] as const)(
    'given inside a transaction (%s) leaves when that is committed',
    async (how) => {
      const { hub, clock } = setUp();
      transact(hub.db, () => {
        void direct(hub.commands, { id: 'c1' }, clock, how);
        expect(hub.fleet.reached).toEqual([]);
      });
      expect(hub.fleet.reached).toHaveLength(1);
      expect(states(hub.commands, 'c1')).toEqual(['queued', 'sent']);
      hub.fleet.answer(acknowledged);
      await settle();
      expect(states(hub.commands, 'c1')).toEqual(['queued', 'sent', 'acknowledged']);
    },
  );

  test.each(['before', 'behind'] as const)('given inside a transaction (%s) that fails never leaves', async (how) => {
    const { hub, clock } = setUp();
    let given: Promise<Receipt> | undefined;
    expect(() =>
      transact(hub.db, () => {
        given = direct(hub.commands, { id: 'c1' }, clock, how);
        throw new Error('rolled back');
      }),
    ).toThrow('rolled back');
    expect(await given).toMatchObject({ error: { code: 'E-DEV-0409' } });
    await clock.advanceAsync(minutes(1));
    expect(hub.fleet.reached).toEqual([]);
    expect(hub.commands.get('c1').ok).toBe(false);
  });

  test('that wait for a device leave after the commit of the news that it is there', () => {
    const { hub } = setUp();
    hub.fleet.health('down');
    unwrap(ask(hub.commands, 'k1'));
    expect(() =>
      transact(hub.db, () => {
        hub.fleet.health('ready');
        throw new Error('rolled back');
      }),
    ).toThrow('rolled back');
    expect(hub.fleet.reached).toEqual([]);
    transact(hub.db, () => {
      hub.fleet.health('ready');
      expect(hub.fleet.reached).toEqual([]);
    });
    expect(hub.fleet.reached).toHaveLength(1);
  });

  test('for a device out of service is refused and on record', async () => {
    const { hub, clock } = setUp();
    hub.outOfService();
    expect(await direct(hub.commands, { id: 'c1' }, clock)).toMatchObject({ error: { code: 'E-DEV-0405' } });
    expect(states(hub.commands, 'c1')).toEqual(['queued', 'failed']);
    expect(hub.fleet.reached).toEqual([]);
  });

  test('keeps free texts and bytes out of the record', async () => {
    const { hub, clock } = setUp();
    void direct(hub.commands, { id: 'c1', args: { channel: 0, on: true, visitor: '张三' } }, clock);
    hub.fleet.answer(acknowledged);
    await settle();
    expect(JSON.stringify(unwrap(hub.commands.get('c1')))).not.toContain('张三');
  });
});

describe('a command given by hand', () => {
  test('waits for its device and leaves when it is back', () => {
    const { hub } = setUp();
    hub.fleet.health('down');
    const { id } = unwrap(ask(hub.commands, 'k1'));
    expect(hub.fleet.reached).toEqual([]);
    hub.fleet.health('ready');
    expect(hub.fleet.reached).toHaveLength(1);
    expect(states(hub.commands, id)).toEqual(['queued', 'sent']);
  });

  test('asked twice with one key is one command; another command under that key is refused', () => {
    const { hub } = setUp();
    const first = unwrap(ask(hub.commands, 'k1'));
    expect(unwrap(ask(hub.commands, 'k1')).id).toBe(first.id);
    expect(ask(hub.commands, 'k1', false)).toMatchObject({ error: { code: 'E-DEV-0408' } });
    expect(hub.fleet.reached).toHaveLength(1);
  });

  test('that moves something needs a confirmation', () => {
    const { hub } = setUp();
    expect(ask(hub.commands, 'k1', true, seconds(10), false)).toMatchObject({ error: { code: 'E-DEV-0407' } });
  });

  test('can be cancelled while it waits, and not any more when it has left', () => {
    const { hub } = setUp();
    hub.fleet.health('down');
    const waiting = unwrap(ask(hub.commands, 'k1'));
    expect(unwrap(hub.commands.cancel(waiting.id, 'staff:1')).state).toBe('cancelled');
    hub.fleet.health('ready');
    expect(hub.fleet.reached).toEqual([]);
    const sent = unwrap(ask(hub.commands, 'k2'));
    expect(hub.commands.cancel(sent.id, 'staff:1')).toMatchObject({ error: { code: 'E-DEV-0422' } });
  });

  test('gives way to a newer one for the same state: only the latest is sent', () => {
    const { hub } = setUp();
    hub.fleet.health('down');
    const older = unwrap(ask(hub.commands, 'k1', true));
    unwrap(ask(hub.commands, 'k2', false));
    hub.fleet.health('ready');
    expect(hub.fleet.reached.map(({ command }) => command.args)).toEqual([{ channel: 0, on: false }]);
    expect(unwrap(hub.commands.get(older.id))).toMatchObject({ state: 'cancelled', code: 'E-DEV-0413' });
  });

  test('expires while it waits, although somebody sets the clock back', () => {
    const { hub, clock } = setUp();
    hub.fleet.health('down');
    const { id } = unwrap(ask(hub.commands, 'k1'));
    clock.stepWall(hours(-1));
    clock.advance(seconds(11));
    hub.fleet.health('ready');
    expect(hub.fleet.reached).toEqual([]);
    expect(states(hub.commands, id)).toEqual(['queued', 'expired']);
  });

  test('that waits for a device which goes out of service ends', () => {
    const { hub } = setUp();
    hub.fleet.health('down');
    const { id } = unwrap(ask(hub.commands, 'k1'));
    hub.outOfService();
    expect(unwrap(hub.commands.get(id))).toMatchObject({ state: 'failed', code: 'E-DEV-0405' });
  });
});

describe('after the hub was killed', () => {
  test('what waited has not been done, what was sent is unknown, and nothing is sent again', () => {
    const bench = setUp();
    const sent = unwrap(ask(bench.hub.commands, 'k1'));
    bench.hub.fleet.health('down');
    const waiting = unwrap(ask(bench.hub.commands, 'k2', false, hours(1)));
    const expired = unwrap(
      bench.hub.commands.submit(
        {
          deviceId: 'relay',
          capability: 'switch',
          name: 'set',
          args: { channel: 3, on: true },
          lifetime: seconds(5),
          confirmed: true,
        },
        { actor: 'staff:1', key: 'k3' },
      ),
    );
    bench.kill();
    bench.clock.advance(seconds(6));
    bench.kill();
    const { commands, fleet } = bench.hub;
    expect(fleet.reached).toEqual([]);
    expect(unwrap(commands.get(sent.id))).toMatchObject({ state: 'failed', code: 'E-DEV-0206', uncertain: true });
    expect(unwrap(commands.get(waiting.id))).toMatchObject({ state: 'failed', code: 'E-DEV-0410', uncertain: false });
    expect(unwrap(commands.get(expired.id)).state).toBe('failed');
  });

  test('what waited past its expiry has expired', () => {
    const bench = setUp();
    bench.hub.fleet.health('down');
    const { id } = unwrap(ask(bench.hub.commands, 'k1'));
    bench.clock.stepWall(minutes(1));
    bench.kill();
    expect(unwrap(bench.hub.commands.get(id)).state).toBe('expired');
  });

  test('a receipt that comes at last corrects the record, and says that it came late', () => {
    const bench = setUp();
    const { id } = unwrap(ask(bench.hub.commands, 'k1'));
    bench.kill();
    bench.clock.advance(hours(1));
    const late = ok({ commandId: id, confirmation: 'acknowledged' as const, at: bench.clock.now() });
    bench.hub.commands.receive('another', id, late);
    expect(unwrap(bench.hub.commands.get(id)).state).toBe('failed');
    bench.hub.commands.receive('relay', id, late);
    const { state, steps } = unwrap(bench.hub.commands.get(id));
    expect(state).toBe('acknowledged');
    expect(steps.at(-1)).toMatchObject({ state: 'acknowledged', late: true });
    bench.hub.commands.receive('relay', id, late);
    expect(unwrap(bench.hub.commands.get(id)).steps).toHaveLength(steps.length);
  });
});

describe('desired and reported', () => {
  test('differ until the device reports what was wanted, and that makes the command observed', async () => {
    const { hub, clock } = setUp();
    const { id } = unwrap(ask(hub.commands, 'k1'));
    hub.fleet.change(0, false);
    hub.fleet.answer(acknowledged);
    await settle();
    hub.behind.flush();
    expect(hub.twin.list('relay')).toMatchObject([
      {
        property: 'channel-0',
        desired: { value: true, version: 1 },
        reported: { value: false, version: 1 },
        standing: 'differs',
      },
    ]);
    clock.advance(seconds(1));
    hub.fleet.change(0, true);
    hub.behind.flush();
    expect(hub.twin.list('relay')).toMatchObject([{ reported: { value: true, version: 2 }, standing: 'agrees' }]);
    expect(states(hub.commands, id)).toEqual(['queued', 'sent', 'acknowledged', 'observed']);
  });

  test('a report that is told inside a transaction is written with it, after what was noted before', () => {
    const { hub, clock } = setUp();
    hub.fleet.change(0, false);
    clock.advance(ms(10));
    expect(() =>
      transact(hub.db, () => {
        hub.fleet.change(0, true);
        throw new Error('rolled back');
      }),
    ).toThrow('rolled back');
    transact(hub.db, () => {
      hub.fleet.change(1, true);
    });
    expect(hub.twin.list('relay')).toMatchObject([
      { property: 'channel-0', reported: { value: false, version: 1 } },
      { property: 'channel-1', reported: { value: true, version: 1 } },
    ]);
  });

  test('a report that came before the receipt counts', async () => {
    const { hub } = setUp();
    const { id } = unwrap(ask(hub.commands, 'k1'));
    hub.fleet.change(0, true);
    hub.fleet.answer(acknowledged);
    await settle();
    expect(states(hub.commands, id)).toEqual(['queued', 'sent', 'acknowledged', 'observed']);
  });

  test('a difference is mended only when somebody asks, and a pulse desires nothing', async () => {
    const { hub, clock } = setUp();
    unwrap(ask(hub.commands, 'k1'));
    hub.fleet.answer(acknowledged);
    await settle();
    hub.fleet.change(0, false);
    hub.fleet.health('down');
    hub.fleet.health('ready');
    clock.advance(minutes(5));
    await settle();
    expect(hub.fleet.reached).toHaveLength(1);
    const target = { deviceId: 'relay', capability: 'switch' as const, property: 'channel-0' };
    expect(hub.commands.restore({ ...target, confirmed: false }, { actor: 'staff:1', key: 'r0' })).toMatchObject({
      error: { code: 'E-DEV-0407' },
    });
    expect(hub.fleet.reached).toHaveLength(1);
    unwrap(hub.commands.restore({ ...target, confirmed: true }, { actor: 'staff:1', key: 'r1' }));
    expect(hub.fleet.reached.at(-1)?.command.args).toEqual({ channel: 0, on: true });
    void direct(hub.commands, { id: 'p1', args: { channel: 5, on: true, pulse: seconds(1) } }, clock);
    expect(
      hub.commands.restore({ ...target, property: 'channel-5', confirmed: true }, { actor: 'staff:1', key: 'r2' }),
    ).toMatchObject({
      error: { code: 'E-DEV-0414' },
    });
  });
});

/* Whatever happens in between: at most once, never late, every command ends, and no confirmation is taken back. */
describe('interleavings', () => {
  const action = fc.oneof(
    fc.record({
      do: fc.constant('submit' as const),
      key: fc.integer({ min: 0, max: 6 }),
      life: fc.integer({ min: 1, max: 20 }),
    }),
    fc.record({
      do: fc.constant('direct' as const),
      id: fc.integer({ min: 0, max: 6 }),
      life: fc.integer({ min: -1, max: 20 }),
    }),
    fc.record({ do: fc.constant('advance' as const), by: fc.integer({ min: 1, max: 15 }) }),
    fc.record({ do: fc.constant('step' as const), by: fc.integer({ min: -7_200, max: 7_200 }) }),
    fc.record({ do: fc.constant('health' as const), state: fc.constantFrom('ready' as const, 'down' as const) }),
    fc.record({
      do: fc.constant('answer' as const),
      as: fc.constantFrom('acknowledged', 'observed', 'unconfirmed', 'E-DEV-0202', 'E-DEV-0203'),
    }),
    fc.record({
      do: fc.constant('late' as const),
      nth: fc.nat(10),
      as: fc.constantFrom('acknowledged', 'observed', 'E-DEV-0206'),
    }),
    fc.record({ do: fc.constant('cancel' as const), nth: fc.nat(10) }),
    fc.record({ do: fc.constant('report' as const), on: fc.boolean() }),
    fc.constant({ do: 'kill' as const }),
  );
  const RANK: Readonly<Record<string, number>> = { unconfirmed: 1, acknowledged: 2, observed: 3 };
  const receiptAs = (as: string, id: string, at: ReturnType<ManualClock['now']>): Receipt =>
    as.startsWith('E-')
      ? { ok: false, error: { code: as as `E-DEV-${number}` } }
      : ok({ commandId: id, confirmation: as as 'acknowledged' | 'observed' | 'unconfirmed', at });

  test('at most once, never late, every command ends', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 40 }), async (actions) => {
        const bench = setUp();
        const { clock } = bench;
        /** When each command's time is over, by the monotonic clock. */
        const deadlines = new Map<string, number>();
        const reached: { id: string; at: number }[] = [];
        const known: string[] = [];
        const watch = (): void => {
          for (const { command } of bench.hub.fleet.reached.splice(0))
            reached.push({ id: command.id, at: clock.monotonic() });
        };
        for (const step of actions) {
          const { commands, fleet } = bench.hub;
          switch (step.do) {
            case 'submit': {
              const given = ask(commands, `k${step.key}`, true, seconds(step.life));
              // A key that stands for a longer life is the same question; the first answer stands.
              if (given.ok && !deadlines.has(given.value.id)) {
                deadlines.set(given.value.id, clock.monotonic() + (given.value.expiresAt - given.value.issuedAt));
                known.push(given.value.id);
              }
              break;
            }
            case 'direct': {
              const id = `d${step.id}`;
              if (!deadlines.has(id)) {
                deadlines.set(id, clock.monotonic() + step.life * 1_000);
                known.push(id);
              }
              void direct(commands, { id, expiresAt: plus(clock.now(), seconds(step.life)) }, clock);
              break;
            }
            case 'advance':
              await clock.advanceAsync(seconds(step.by));
              break;
            case 'step':
              clock.stepWall(seconds(step.by));
              break;
            case 'health':
              fleet.health(step.state);
              break;
            case 'answer':
              fleet.answer((command) => receiptAs(step.as, command.id, clock.now()));
              break;
            case 'late': {
              const id = known[step.nth % Math.max(1, known.length)];
              if (id !== undefined) commands.receive('relay', id, receiptAs(step.as, id, clock.now()));
              break;
            }
            case 'cancel': {
              const id = known[step.nth % Math.max(1, known.length)];
              if (id !== undefined) commands.cancel(id, 'staff:1');
              break;
            }
            case 'report':
              fleet.change(0, step.on);
              break;
            case 'kill':
              watch();
              bench.kill();
              // A refusal that was not written down yet is forgotten: to the new process such an id is new.
              for (const id of known) if (!bench.hub.commands.get(id).ok) deadlines.delete(id);
          }
          await settle();
          watch();
        }
        const ids = reached.map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
        for (const { id, at } of reached) expect(at).toBeLessThan(deadlines.get(id) ?? Number.NaN);
        await clock.advanceAsync(hours(1));
        await settle();
        watch();
        expect(reached).toHaveLength(ids.length + reached.filter(({ id }) => !ids.includes(id)).length);
        for (const id of known) {
          const found = bench.hub.commands.get(id);
          // Refused before it was on record, and the process died before it wrote that down.
          if (!found.ok) {
            expect(ids).not.toContain(id);
            continue;
          }
          expect(['queued', 'sent']).not.toContain(found.value.state);
          const ranks = found.value.steps.map(({ state }) => RANK[state] ?? 0);
          expect(ranks.slice(1).every((rank, index) => rank >= (ranks[index] ?? 0))).toBe(true);
          expect(found.value.steps.filter(({ state }) => state === 'sent')).toHaveLength(ids.includes(id) ? 1 : 0);
        }
        for (const clean of cleanUp.splice(0)) clean();
      }),
      { numRuns: 150 },
    );
  });
});
