import {
  createAccessTerminalSimulator,
  hikvisionAccessProtocol,
} from '@hallhub/device-drivers/protocols/hikvision-access';
import { silentLog } from '@hallhub/device-drivers/kit';
import { createMemoryWeb } from '@hallhub/device-drivers/transports';
import { epochMs, failure, hours, manualClock, minutes, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { createTerminalHub } from './testing/hub.ts';

/** The number of a member's card, lowest byte first. */
const NUMBER = String(0xa403_0201);
const OPEN = 'PUT RemoteControl/door/1 open';

/** A hub's gates and a simulated face terminal that is asked over HTTP. */
async function floor() {
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const web = createMemoryWeb({ clock, random: () => 0 });
  const terminal = createAccessTerminalSimulator({
    web: web.device,
    clock,
    user: 'admin',
    password: 'a-long-one',
    serial: 'T-0001',
    utcOffset: 480,
  });
  terminal.start();
  const [driver] = unwrap(
    hikvisionAccessProtocol.connect(
      {
        transport: { kind: 'url', url: 'http://terminal' },
        devices: [{ deviceId: 'door', params: { password: 'a-long-one', direction: 'in' } }],
      },
      {
        clock,
        random: systemRandom,
        log: silentLog,
        http: web.http,
        transportFactory: () => failure('E-DEV-0302', 'none'),
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  driver.start();
  const hub = createTerminalHub({ clock, driver });
  await clock.advanceAsync(seconds(5));
  return {
    ...hub,
    clock,
    web,
    terminal,
    stop: async () => {
      hub.stop();
      await driver.stop();
      terminal.stop();
      web.close();
    },
  };
}

it('is given people with their validity, tells who came, and is relieved of them at once', async () => {
  const { clock, terminal, member, revoke, entries, view, faults, stop } = await floor();
  member('m1');
  await clock.advanceAsync(seconds(5));
  expect([...terminal.cards.keys()]).toEqual([NUMBER]);
  expect([...terminal.users.values()]).toMatchObject([
    { employeeNo: '1', Valid: { beginTime: '2026-11-20T00:00:00', endTime: '2026-12-19T23:59:59' } },
  ]);
  expect(view()).toMatchObject({ wanted: 1, held: 1, waiting: 0 });
  expect(terminal.swipe(NUMBER)).toBe(true);
  await clock.advanceAsync(seconds(1));
  expect(entries()).toEqual(['released uid m1']);
  terminal.happen(25);
  await clock.advanceAsync(seconds(1));
  expect(entries()).toEqual(['passed uid m1']);
  revoke('roster', 'm1');
  await clock.advanceAsync(seconds(3));
  expect([terminal.users.size, terminal.cards.size, terminal.done(OPEN)]).toEqual([0, 0, 0]);
  expect(faults).toEqual([]);
  await stop();
});

it('opens for nobody in a lock-down but for whom the hub opens it, and for all after it', async () => {
  const { clock, terminal, member, gates, entries, stop } = await floor();
  member('m1');
  member('m2', {
    person: { number: 'S2', name: '李四', category: 'staff' },
    credentials: [{ type: 'campus-card', uid: '0A0B0C0D' }],
    may: ['override'],
  });
  await clock.advanceAsync(seconds(5));
  gates().lockDown('area:lab', '7');
  await clock.advanceAsync(seconds(2));
  for (const number of [NUMBER, String(0x0d0c_0b0a)]) {
    expect(terminal.swipe(number)).toBe(false);
    await clock.advanceAsync(seconds(2));
  }
  expect(terminal.done(OPEN)).toBe(1);
  await clock.advanceAsync(seconds(8));
  // Shut again as soon as the release is over.
  expect(terminal.swipe(NUMBER)).toBe(false);
  await clock.advanceAsync(seconds(2));
  gates().relax('area:lab', '7');
  await clock.advanceAsync(seconds(2));
  expect(terminal.swipe(NUMBER)).toBe(true);
  await clock.advanceAsync(seconds(1));
  expect(entries()).toEqual([
    'refused uid E-GATE-0116 m1',
    'lapsed uid m2',
    'refused uid E-GATE-0116 m1',
    'released uid m1',
  ]);
  await stop();
});

it('leaves to the hub the card of somebody whom only the hub can weigh', async () => {
  const { clock, terminal, member, entries, stop } = await floor();
  member('m1', { windows: [{ days: 'all', from: '08:00', until: '18:00' }] });
  await clock.advanceAsync(seconds(5));
  expect(terminal.users.size).toBe(0);
  expect(terminal.swipe(NUMBER)).toBe(false);
  await clock.advanceAsync(seconds(2));
  expect(terminal.done(OPEN)).toBe(1);
  terminal.happen(25);
  await clock.advanceAsync(minutes(3));
  expect(entries()).toEqual(['passed uid m1']);
  await stop();
});

it('has its time off line written down once and as history, whichever way it comes, and opens nothing for it', async () => {
  const { clock, terminal, web, member, entries, restart, stop } = await floor();
  member('m1');
  await clock.advanceAsync(seconds(5));
  web.setUp(false);
  terminal.swipe(NUMBER);
  terminal.happen(9, { cardNo: '77' });
  await clock.advanceAsync(seconds(60));
  web.setUp(true);
  await clock.advanceAsync(seconds(40));
  // Told again by itself as well: what is not current is history.
  terminal.replay(76, minutes(2));
  await clock.advanceAsync(minutes(3));
  const expected = ['refused face E-GATE-0138', 'refused uid E-GATE-0138', 'unconfirmed uid E-GATE-0138 m1'];
  expect([...entries()].sort()).toEqual(expected);
  restart();
  await clock.advanceAsync(minutes(3));
  expect([...entries()].sort()).toEqual(expected);
  expect(terminal.done(OPEN)).toBe(0);
  await stop();
});

it('that was reset is given everybody again, and its new numbers are no repetition of the old ones', async () => {
  const { clock, terminal, member, view, entries, stop } = await floor();
  member('m1');
  await clock.advanceAsync(seconds(5));
  for (let count = 0; count < 5; count += 1) terminal.swipe(NUMBER);
  await clock.advanceAsync(minutes(2));
  terminal.reset();
  await clock.advanceAsync(minutes(2));
  terminal.setFaults({ deaf: true });
  terminal.happen(9, { cardNo: '99' });
  terminal.setFaults({});
  await clock.advanceAsync(minutes(3));
  expect(entries().filter((entry) => entry === 'refused uid E-GATE-0138')).toHaveLength(1);
  await clock.advanceAsync(hours(25));
  expect([...terminal.cards.keys()]).toEqual([NUMBER]);
  expect(view()).toMatchObject({ held: 1, foreign: 0 });
  await stop();
}, 60_000);
