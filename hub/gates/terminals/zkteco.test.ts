import { silentLog } from '@hallhub/device-drivers/kit';
import { createPushTerminalSimulator, zktecoPushProtocol } from '@hallhub/device-drivers/protocols/zkteco-push';
import { createMemoryWeb } from '@hallhub/device-drivers/transports';
import { epochMs, failure, hours, manualClock, minutes, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { createTerminalHub } from './testing/hub.ts';

const SERIAL = 'CGXH201360029';
const NUMBER = String(0xa403_0201);

/** A hub's gates and a simulated terminal that pushes and keeps no validity; of the gate nothing else is there. */
async function floor() {
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const web = createMemoryWeb({ clock, random: () => 0 });
  const [driver] = unwrap(
    zktecoPushProtocol.connect(
      {
        transport: { kind: 'http-listen', host: '127.0.0.1', port: 8_090 },
        devices: [{ deviceId: 'door', params: { serial: SERIAL, address: '127.0.0.1', askEvery: 5 } }],
      },
      {
        clock,
        random: systemRandom,
        log: silentLog,
        transportFactory: () => failure('E-DEV-0302', 'none'),
        inbox: () => web.inbox,
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  driver.start();
  const terminal = createPushTerminalSimulator({
    serial: SERIAL,
    send: async (method, target, body = '') => {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      const answer = await web.device.push({ method, target, headers: {}, body: bytes });
      return answer && Buffer.from(answer.body).toString();
    },
  });
  const ask = (): void => {
    void terminal.ask();
    clock.after(seconds(5), ask);
  };
  ask();
  const hub = createTerminalHub({ clock, driver });
  await clock.advanceAsync(seconds(70));
  return {
    ...hub,
    clock,
    terminal,
    stop: async () => {
      hub.stop();
      await driver.stop();
      web.close();
    },
  };
}

it('is given people whose right goes on for long, and is relieved of them a day before it ends', async () => {
  const { clock, terminal, member, view, faults, stop } = await floor();
  member('m1', {}, { validUntil: '2026-11-23T11:00:00+08:00' });
  await clock.advanceAsync(minutes(2));
  expect([...terminal.users.values()]).toEqual([NUMBER]);
  await clock.advanceAsync(hours(1));
  expect(terminal.users.size).toBe(0);
  expect(view()).toMatchObject({ wanted: 0, held: 0 });
  member('m1', {}, { validUntil: '2026-11-23T10:00:00+08:00' });
  await clock.advanceAsync(minutes(5));
  expect(terminal.users.size).toBe(0);
  expect(faults).toEqual([]);
  await stop();
}, 30_000);

it('that says it forgot somebody and did not is told so until it has', async () => {
  const { clock, terminal, member, revoke, view, stop } = await floor();
  member('m1');
  await clock.advanceAsync(minutes(2));
  expect(terminal.users.size).toBe(1);
  terminal.faults.keepsPeople = true;
  revoke('roster', 'm1');
  await clock.advanceAsync(minutes(2));
  expect(view()).toMatchObject({ wanted: 0, waiting: 1, problems: [{ code: 'E-DEV-0208', people: 1 }] });
  terminal.faults.keepsPeople = false;
  await clock.advanceAsync(minutes(10));
  expect(terminal.users.size).toBe(0);
  expect(view()).toMatchObject({ waiting: 0 });
  await stop();
}, 30_000);
