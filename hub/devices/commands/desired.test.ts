import { minutes, ms, seconds, unwrap } from '@hallhub/sync/base';
import { transact } from '@hallhub/sync/sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { acknowledged, ask, direct, settle, setUp, states, tearDown } from '../testing/commands-bench.ts';

afterEach(tearDown);

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
