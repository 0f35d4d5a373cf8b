import { createAgentHost } from '@hallhub/device-drivers/agent';
import type { MqttChannel, MqttChannelState, MqttMessage } from '@hallhub/device-drivers/kit';
import { matchesFilter, silentLog } from '@hallhub/device-drivers/kit';
import type { Command } from '@hallhub/device-drivers/kit';
import { manualClock, ms, ok, seconds, systemRandom } from '@hallhub/sync/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHomeAssistant } from './service.ts';

const ORDER = 'hallhub/south/in/relay/switch-0/set';

/** A hub's side towards Home Assistant, with a channel and a clock that are moved by hand. */
function setUp() {
  const clock = manualClock();
  const listeners = new Map<string, (message: MqttMessage) => void>();
  let changed: (state: MqttChannelState) => void = () => undefined;
  let up = true;
  const channel: MqttChannel = {
    name: 'by hand',
    get state() {
      return { up, retainsMessages: true };
    },
    publish: () => Promise.resolve(ok()),
    subscribe: (filter, listener) => {
      listeners.set(filter, listener);
      return () => listeners.delete(filter);
    },
    onState: (listener) => {
      changed = listener;
      return () => undefined;
    },
  };
  const given: Command[] = [];
  const host = createAgentHost({ clock, random: systemRandom, log: silentLog, protocols: [], devices: [] });
  const assistant = createHomeAssistant({
    hubId: 'south',
    prefix: 'homeassistant',
    allow: [{ device: 'relay', capability: 'switch' }],
    channel,
    host,
    describe: () => ({ name: 'relay', model: 'board' }),
    opening: () => ({ hold: ms(700), direction: 'in' }),
    record: (_deviceId, command) => given.push(command),
    clock,
    random: systemRandom,
    log: silentLog,
  });
  assistant.start();
  return {
    clock,
    given,
    assistant,
    order: (retained = false) => {
      for (const [filter, listener] of listeners)
        if (matchesFilter(filter, ORDER)) listener({ topic: ORDER, payload: Buffer.from('ON'), retained });
    },
    setUp: (next: boolean) => {
      up = next;
      changed({ up, retainsMessages: true });
    },
  };
}

test('an order is given when the connection has been there for a while, and one that was kept never', async () => {
  const { clock, given, order, assistant } = setUp();
  await clock.advanceAsync(seconds(5));
  order(true);
  expect(given).toEqual([]);
  order();
  expect(given).toMatchObject([{ name: 'set', issuedBy: 'home-assistant', args: { channel: 0, on: true } }]);
  await assistant.stop();
  expect(clock.pending).toBe(0);
});

test('an order that comes before the channel is up again, or right behind that, may have waited', async () => {
  const { clock, given, order, setUp: setChannel } = setUp();
  await clock.advanceAsync(seconds(5));
  setChannel(false);
  await clock.advanceAsync(seconds(30));
  order();
  setChannel(true);
  order();
  await clock.advanceAsync(ms(1_900));
  order();
  expect(given).toEqual([]);
  await clock.advanceAsync(ms(200));
  order();
  expect(given).toHaveLength(1);
});

test('orders that are handed over after this process stood still may have waited', async () => {
  const { clock, given, order } = setUp();
  await clock.advanceAsync(seconds(5));
  // Time passes and nothing here runs: no timer fires.
  const before = clock.monotonic();
  Object.assign(clock, { monotonic: () => before + 60_000 });
  order();
  expect(given).toEqual([]);
  Object.assign(clock, { monotonic: () => before + 63_000 });
  order();
  expect(given).toHaveLength(1);
});

test('whatever happens to the connection, no order is given within two seconds of its coming back', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('wait' as const), by: fc.integer({ min: 1, max: 4_000 }) }),
    fc.record({ do: fc.constant('channel' as const), up: fc.boolean() }),
    fc.record({ do: fc.constant('order' as const), retained: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const bench = setUp();
      let upSince: number | undefined = bench.clock.monotonic();
      for (const each of steps) {
        if (each.do === 'wait') await bench.clock.advanceAsync(ms(each.by));
        else if (each.do === 'channel') {
          bench.setUp(each.up);
          upSince = each.up ? bench.clock.monotonic() : undefined;
        } else {
          const before = bench.given.length;
          bench.order(each.retained);
          const isOfNow = !each.retained && upSince !== undefined && bench.clock.monotonic() - upSince >= 2_000;
          expect(bench.given.length - before).toBe(isOfNow ? 1 : 0);
        }
      }
      await bench.assistant.stop();
    }),
    { numRuns: 100 },
  );
});
