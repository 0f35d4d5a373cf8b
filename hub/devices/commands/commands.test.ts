import type { Switch } from '@hallhub/device-drivers/capabilities';
import type { Receipt } from '@hallhub/device-drivers/kit';
import { hours, minutes, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { transact } from '@hallhub/sync/sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { acknowledged, ask, direct, settle, setUp, states, tearDown } from '../testing/commands-bench.ts';

afterEach(tearDown);

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
    const ended = await first;
    hub.behind.flush();
    // Asked again later, it is told when the first one ended, not when it was asked or would have expired.
    await clock.advanceAsync(seconds(30));
    const after = await direct(hub.commands, { id: 'c1' }, clock);
    expect(after.ok && after.value.at).toBe(ended.ok && ended.value.at);
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
