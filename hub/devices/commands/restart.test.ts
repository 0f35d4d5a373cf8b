import { hours, minutes, ok, seconds, unwrap } from '@hallhub/sync/base';
import { afterEach, describe, expect, test } from 'vitest';
import { ask, setUp, tearDown } from '../testing/commands-bench.ts';

afterEach(tearDown);

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
