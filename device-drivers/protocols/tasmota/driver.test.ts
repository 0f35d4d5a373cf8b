import { expect, it } from 'vitest';
import { manualClock, minutes, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { type Command, silentLog } from '../../kit/index.ts';
import { createMemoryBroker } from '../../transports/index.ts';
import { tasmotaProtocol } from './protocol.ts';
import { createTasmotaSimulator } from './simulator.ts';

it('a device that leaves an order unanswered is asked at once, and is down when it misses that, too', async () => {
  const clock = manualClock();
  const broker = createMemoryBroker({ clock, random: () => 0 });
  const device = createTasmotaSimulator({
    connect: broker.connect,
    clock,
    topic: 'plug',
    relays: 1,
    hasEnergyMeter: false,
  });
  const [driver] = unwrap(
    tasmotaProtocol.connect(
      { transport: { kind: 'mqtt' }, devices: [{ deviceId: 'plug', params: { topic: 'plug', relays: 1 } }] },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        mqtt: broker.channel,
        transportFactory: () => {
          throw new Error('it has no line');
        },
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  device.start();
  driver.start();
  await clock.advanceAsync(seconds(10));
  expect(driver.health.state).toBe('ready');

  device.setFaults({ silent: true });
  const now = clock.now();
  const order: Command<'set', { channel: number; on: boolean }> = {
    id: 'order-1',
    name: 'set',
    args: { channel: 0, on: true },
    issuedAt: now,
    expiresAt: plus(now, seconds(5)),
    issuedBy: 'test',
  };
  const receipt = driver.capabilities.switch?.set(order);
  await clock.advanceAsync(seconds(6));
  await expect(receipt).resolves.toMatchObject({ ok: false, error: { code: 'E-DEV-0202' } });
  await clock.advanceAsync(seconds(6));
  expect(driver.health).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0202' } });

  device.setFaults({});
  await clock.advanceAsync(minutes(1));
  expect(driver.health.state).toBe('ready');
  await driver.stop();
  await device.stop();
  broker.close();
  await clock.advanceAsync(ms(0));
  expect(clock.pending).toBe(0);
});
