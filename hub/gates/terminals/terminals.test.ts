import { createUhppoteSimulator, uhppoteProtocol } from '@hallhub/device-drivers/protocols/uhppote';
import { silentLog } from '@hallhub/device-drivers/kit';
import { createMemoryLine } from '@hallhub/device-drivers/transports';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, manualClock, minutes, ms, ok, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFront } from '../../api/testing/front.ts';
import { terminalRoutes } from './routes.ts';
import { foremost } from './rules.ts';
import { MEMBERS_CARD as CARD, createTerminalHub } from './testing/hub.ts';

const SERIAL = 423_187_757;
const OPEN = 0x40;
const NUMBER = 0xa403_0201;

/** A hub's gates and a simulated door controller that speaks its bytes. */
async function floor(area: object = {}, gate: object = {}) {
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const line = createMemoryLine({ name: 'controller' });
  const controller = createUhppoteSimulator({ transport: line.device, clock, serial: SERIAL });
  await controller.start();
  const [driver] = unwrap(
    uhppoteProtocol.connect(
      {
        transport: { kind: 'memory', name: 'controller' },
        devices: [{ deviceId: 'door', params: { serial: SERIAL } }],
      },
      { clock, random: systemRandom, log: silentLog, transportFactory: () => ok(line.host) },
    ),
  );
  if (!driver) throw new Error('no driver');
  driver.start();
  const hub = createTerminalHub({ clock, driver, area, gate });
  await clock.advanceAsync(seconds(5));
  return {
    ...hub,
    clock,
    line,
    controller,
    stop: async () => {
      hub.stop();
      await driver.stop();
      await controller.stop();
    },
  };
}

describe('a terminal that lets people through by itself', () => {
  it('is given whom it may decide on, tells who came, and is relieved of them at once', async () => {
    const { clock, controller, member, revoke, entries, view, faults, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    expect(controller.cards.get(NUMBER)).toEqual({ from: '20261120', to: '20261219', doors: [1, 0, 0, 0] });
    expect(view()).toMatchObject({ wanted: 1, held: 1, waiting: 0 });
    expect(controller.swipe(NUMBER)).toBe(true);
    await clock.advanceAsync(seconds(1));
    expect(entries()).toEqual(['released uid m1']);
    controller.setOpen(true);
    await clock.advanceAsync(seconds(1));
    controller.setOpen(false);
    expect(entries()).toEqual(['passed uid m1']);
    revoke('roster', 'm1');
    await clock.advanceAsync(seconds(2));
    expect(controller.cards.size).toBe(0);
    expect(controller.done(OPEN)).toBe(0);
    expect(faults).toEqual([]);
    await stop();
  });

  it('is not given whom only the hub can weigh; the hub decides on the card at the moment', async () => {
    const { clock, controller, member, entries, stop } = await floor();
    member('m1', { windows: [{ days: 'all', from: '08:00', until: '18:00' }] });
    await clock.advanceAsync(seconds(3));
    expect(controller.cards.size).toBe(0);
    expect(controller.swipe(NUMBER)).toBe(false);
    await clock.advanceAsync(seconds(1));
    expect(controller.done(OPEN)).toBe(1);
    controller.setOpen(true);
    await clock.advanceAsync(seconds(1));
    expect(entries()).toEqual(['passed uid m1']);
    await clock.advanceAsync(seconds(120));
    // Read again with the controller's history: it is on record.
    expect(entries()).toEqual(['passed uid m1']);
    await stop();
  });

  it('is given nobody where the area has rules of its own', async () => {
    const { clock, controller, member, stop } = await floor({ limit: 10 });
    member('m1');
    await clock.advanceAsync(seconds(3));
    expect(controller.cards.size).toBe(0);
    await stop();
  });

  it.each([
    ['refuses late comers', { curfew: { nights: [{ from: '22:30', lateUntil: '23:30' }], then: 'refuse' } }, {}],
    ['is behind an air lock', {}, { interlock: ['other-door'] }],
  ])('is given nobody where the gate %s', async (_, area, gate) => {
    const { clock, controller, member, stop } = await floor(area, gate);
    member('m1');
    await clock.advanceAsync(seconds(3));
    expect(controller.cards.size).toBe(0);
    await stop();
  });

  it('opens for nobody in a lock-down but for whom the hub opens it, and for all after it', async () => {
    const { clock, controller, member, gates, entries, stop } = await floor();
    member('m1');
    member('m2', {
      person: { number: 'S2', name: '李四', category: 'staff' },
      credentials: [{ type: 'campus-card', uid: '0A0B0C0D' }],
      may: ['override'],
    });
    await clock.advanceAsync(seconds(3));
    gates().lockDown('area:lab', '7');
    await clock.advanceAsync(seconds(1));
    expect(controller.swipe(NUMBER)).toBe(false);
    await clock.advanceAsync(seconds(1));
    expect(controller.done(OPEN)).toBe(0);
    expect(controller.swipe(0x0d0c_0b0a)).toBe(false);
    await clock.advanceAsync(seconds(1));
    expect(controller.done(OPEN)).toBe(1);
    await clock.advanceAsync(seconds(7));
    // Shut again as soon as the release is over.
    expect(controller.swipe(NUMBER)).toBe(false);
    await clock.advanceAsync(seconds(1));
    gates().relax('area:lab', '7');
    await clock.advanceAsync(seconds(2));
    expect(controller.swipe(NUMBER)).toBe(true);
    await clock.advanceAsync(seconds(1));
    expect(entries()).toEqual([
      'refused uid E-GATE-0116 m1',
      'lapsed uid m2',
      'refused uid E-GATE-0116 m1',
      'released uid m1',
    ]);
    await stop();
  });

  it('that does not take the order to shut raises an alarm until it does', async () => {
    const { clock, controller, gates, stop } = await floor();
    controller.setFaults({ silent: true });
    gates().lockDown('area:lab', '7');
    await clock.advanceAsync(seconds(16));
    const alarms = () =>
      gates()
        .alarms({ limit: 5 })
        .map(({ alarm, clearedAt }) => [alarm, clearedAt !== null]);
    expect(alarms()).toEqual([['not-shut', false]]);
    controller.setFaults({});
    await clock.advanceAsync(seconds(20));
    expect(alarms()).toEqual([['not-shut', true]]);
    await stop();
  });

  it('loses whom a deny list names, and gets them back when it is lifted', async () => {
    const { clock, controller, member, approve, revoke, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    approve('block', 'b1', { targets: [{ type: 'campus-card', uid: CARD }], reason: 'lost' });
    await clock.advanceAsync(seconds(3));
    expect(controller.cards.size).toBe(0);
    revoke('block', 'b1');
    await clock.advanceAsync(seconds(3));
    expect(controller.cards.size).toBe(1);
    await stop();
  });

  it.each([
    ['now', '2026-11-20T00:00:00+08:00'],
    ['later', '2026-11-22T10:01:30+08:00'],
  ])('gets back whom a deny list of %s named, when that has ended, over a restart too', async (_, validFrom) => {
    const { clock, controller, member, block, restart, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    block(CARD, { validFrom, validUntil: '2026-11-22T10:03:00+08:00' });
    await clock.advanceAsync(seconds(100));
    expect(controller.cards.size).toBe(0);
    restart();
    await clock.advanceAsync(seconds(10));
    expect(controller.cards.size).toBe(0);
    await clock.advanceAsync(seconds(200));
    expect(controller.cards.size).toBe(1);
    await stop();
  });

  it('keeps no right that was taken back in part, when it cannot take the rest', async () => {
    const { clock, controller, member, view, db, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    expect(controller.swipe(NUMBER)).toBe(true);
    // Cut short to some hours of this day: the controller knows days.
    member('m1', {}, { validFrom: '2026-11-22T09:00:00+08:00', validUntil: '2026-11-22T18:00:00+08:00' });
    await clock.advanceAsync(seconds(3));
    expect(controller.swipe(NUMBER)).toBe(false);
    expect(controller.cards.size).toBe(0);
    expect(view()).toMatchObject({ wanted: 1, held: 0, refused: 1, problems: [{ code: 'E-DEV-0203', people: 1 }] });
    // Asked a few times, and not again on the same day.
    await clock.advanceAsync(minutes(30));
    expect(db.prepare('SELECT attempts FROM gate_terminal_person').pluck().get()).toBe(4);
    await stop();
  });

  it('has what happened while it was cut off written down once, as history, and opens nothing for it', async () => {
    const { clock, controller, line, member, entries, restart, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    line.unplug();
    controller.remember(ms(0), NUMBER, true);
    controller.remember(ms(0), 77, false);
    await clock.advanceAsync(seconds(60));
    line.plug();
    await clock.advanceAsync(seconds(180));
    const expected = ['refused uid E-GATE-0138', 'unconfirmed uid E-GATE-0138 m1'];
    expect([...entries()].sort()).toEqual(expected);
    restart();
    await clock.advanceAsync(seconds(180));
    expect([...entries()].sort()).toEqual(expected);
    expect(controller.done(OPEN)).toBe(0);
    await stop();
  });

  it('gets after a restart what it had not got before, and a revocation of the time in between', async () => {
    const { clock, controller, line, member, revoke, restart, view, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    line.unplug();
    await clock.advanceAsync(seconds(5));
    revoke('roster', 'm1');
    member('m2', {
      person: { number: 'S2', name: '李四', category: 'student' },
      credentials: [{ type: 'campus-card', uid: '0A0B0C0D' }],
    });
    restart();
    await clock.advanceAsync(seconds(30));
    expect(view()).toMatchObject({ waiting: 2 });
    line.plug();
    await clock.advanceAsync(seconds(180));
    expect([...controller.cards.keys()]).toEqual([0x0d0c_0b0a]);
    expect(view()).toMatchObject({ wanted: 1, held: 1, waiting: 0 });
    await stop();
  });

  it('is compared every day: who is missing is put again, strangers stay and are counted', async () => {
    const { clock, controller, member, view, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    controller.reset();
    await clock.advanceAsync(hours(25));
    expect([...controller.cards.keys()]).toEqual([NUMBER]);
    expect(view()).toMatchObject({ held: 1, foreign: 0 });
    await stop();
  }, 60_000);

  it('is put everybody again on demand: who asked is on record, and whoever must go still goes', async () => {
    const { clock, controller, line, member, revoke, view, gates, db, stop } = await floor();
    member('m1');
    member('m2', {
      person: { number: 'S2', name: '李四', category: 'student' },
      credentials: [{ type: 'campus-card', uid: '0A0B0C0D' }],
    });
    await clock.advanceAsync(seconds(5));
    expect(view()).toMatchObject({ state: 'ready', validity: 'day', held: 2, problems: [], area: 'lab' });
    const comparedAt = view()?.comparedAt ?? 0;
    expect(comparedAt).toBeGreaterThan(0);
    controller.reset();
    line.unplug();
    await clock.advanceAsync(seconds(5));
    revoke('roster', 'm2');
    expect(gates().putAllAgain('door', '7')).toEqual({ ok: true, value: { people: 1 } });
    expect(view()).toMatchObject({ state: 'down', wanted: 1, held: 0, waiting: 2 });
    line.plug();
    await clock.advanceAsync(seconds(120));
    expect([...controller.cards.keys()]).toEqual([NUMBER]);
    expect(view()).toMatchObject({ wanted: 1, held: 1, waiting: 0 });
    expect(view()?.comparedAt).toBeGreaterThan(comparedAt);
    expect(gates().putAllAgain('nothing', '7')).toMatchObject({ error: { code: 'E-GATE-0203' } });
    const audited = db.prepare(`SELECT count(*) FROM audit_entry WHERE action = 'gate.put-all-again'`).pluck().get();
    expect(audited).toBe(1);
    await stop();
  });

  it('says how much it has told, and why somebody is not on it', async () => {
    const { clock, controller, member, view, stop } = await floor();
    member('m1');
    await clock.advanceAsync(seconds(3));
    const at = clock.now();
    controller.swipe(NUMBER);
    await clock.advanceAsync(seconds(1));
    expect(view()?.events).toBe(1);
    // By its own clock, which knows seconds and is asked half a second later.
    expect(Math.abs((view()?.lastEventAt ?? 0) - at)).toBeLessThanOrEqual(seconds(1));
    controller.setFaults({ refuses: true });
    member('m2', {
      person: { number: 'S2', name: '李四', category: 'student' },
      credentials: [{ type: 'campus-card', uid: '0A0B0C0D' }],
    });
    await clock.advanceAsync(seconds(5));
    expect(view()).toMatchObject({ refused: 1, problems: [{ people: 1 }] });
    await stop();
  });

  it('keeps card numbers sealed', async () => {
    const { db, member, stop } = await floor();
    member('m1');
    const rows = [
      ...db.prepare('SELECT * FROM gate_terminal_claim').all(),
      ...db.prepare('SELECT * FROM gate_terminal_person').all(),
    ];
    expect(rows.length).toBeGreaterThan(1);
    const bytes = rows.flatMap((row) =>
      Object.values(row as object).map((value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value),
      ),
    );
    expect(bytes.some((text) => text.includes(CARD))).toBe(false);
    await stop();
  });
});

describe('the foremost claim', () => {
  it('is one that is now wherever there is one, and never one that has ended', () => {
    const claim = fc
      .tuple(fc.nat(100), fc.nat(100))
      .map(([from, length]) => ({ validFrom: from as EpochMs, validTo: (from + length) as EpochMs }));
    fc.assert(
      fc.property(fc.array(claim), fc.nat(200), (claims, at) => {
        const now = at as EpochMs;
        const chosen = foremost(claims, now);
        const current = claims.filter(({ validFrom, validTo }) => validFrom <= now && now < validTo);
        if (!chosen) expect(claims.every(({ validTo }) => validTo <= now)).toBe(true);
        else expect(chosen.validTo).toBeGreaterThan(now);
        if (chosen && current.length > 0)
          expect(chosen.validTo).toBe(Math.max(...current.map(({ validTo }) => validTo)));
      }),
    );
  });
});

describe('the page of the terminals', () => {
  it('shows those of an area to who works there, and only its operator puts everybody in again', async () => {
    const { clock, controller, member, gates, view, stop } = await floor();
    const { area = '', deviceId = '' } = view() ?? {};
    const front = await createFront({
      clock,
      who: {
        operator: [{ role: 'operator', area }],
        'operator elsewhere': [{ role: 'operator', area: 'elsewhere' }],
        guard: [{ role: 'guard', area }],
        'guard elsewhere': [{ role: 'guard', area: 'elsewhere' }],
        auditor: [{ role: 'auditor', area: '*' }],
        warden: [{ role: 'dorms', area }],
      },
      routes: (api) => {
        terminalRoutes(api, { gates: gates() });
      },
    });
    member('m1');
    await clock.advanceAsync(seconds(3));
    for (const who of ['operator', 'guard', 'auditor'])
      expect(await front.read(who, '/api/gates/terminals')).toMatchObject([{ deviceId }]);
    for (const who of ['operator elsewhere', 'guard elsewhere'])
      expect(await front.read(who, '/api/gates/terminals')).toEqual([]);
    expect(await front.ask('warden', 'GET', '/api/gates/terminals')).toBe('403 E-STAFF-0104');

    controller.reset();
    const putAllAgain = (who: string) => front.ask(who, 'POST', `/api/gates/terminals/${deviceId}/put-all-again`);
    for (const who of ['guard', 'auditor', 'warden']) expect(await putAllAgain(who)).toBe('403 E-STAFF-0104');
    expect(await putAllAgain('operator elsewhere')).toBe('404 E-GATE-0203');
    expect(await putAllAgain('nobody')).toBe('401 E-STAFF-0103');
    await clock.advanceAsync(seconds(3));
    expect(controller.cards.size).toBe(0);
    expect(await putAllAgain('operator')).toBe('200');
    await clock.advanceAsync(seconds(3));
    expect([...controller.cards.keys()]).toEqual([NUMBER]);
    await front.close();
    await stop();
  });
});
