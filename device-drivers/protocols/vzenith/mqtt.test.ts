import { manualClock, ms, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { silentLog } from '../../kit/index.ts';
import { createMemoryBroker } from '../../transports/index.ts';
import { createVzenithMqttSimulator, vzenithMqttProtocol } from './index.ts';

it('shows operators that a plate was read and not which, and what a broker kept is history', async () => {
  const clock = manualClock();
  const broker = createMemoryBroker({ clock, random: () => 1 });
  const camera = createVzenithMqttSimulator({ connect: broker.connect, clock, serial: 'S1' });
  const kept = { payload: { AlarmInfoPlate: { result: { PlateResult: { license: '5LqsQjAwMDAx', plateid: 1 } } } } };
  broker.leave('device/S1/message/up/ivs_result', JSON.stringify(kept));
  const [driver] = unwrap(
    vzenithMqttProtocol.connect(
      { transport: { kind: 'mqtt' }, devices: [{ deviceId: 'camera', params: { serial: 'S1' } }] },
      {
        clock,
        random: systemRandom,
        log: silentLog,
        mqtt: broker.channel,
        transportFactory: () => ({ ok: false, error: { code: 'E-DEV-0302' } }),
      },
    ),
  );
  const plates: unknown[] = [];
  const traffic: string[] = [];
  driver?.capabilities.plateReader?.onPlate(({ plate, replayed }) => plates.push([plate, replayed]));
  driver?.onTraffic(({ bytes, meaning }) => traffic.push(`${meaning} ${Buffer.from(bytes).toString()}`));
  driver?.start();
  await clock.advanceAsync(ms(10));
  camera.start();
  camera.see('京A12345');
  await clock.advanceAsync(seconds(3));
  expect(plates).toEqual([
    ['京B00001', true],
    ['京A12345', false],
  ]);
  expect(traffic.filter((line) => line.includes('a plate'))).toHaveLength(2);
  expect(traffic.join('\n')).not.toMatch(/license|京/);
  await driver?.stop();
  camera.stop();
  await camera.close();
  broker.close();
});
