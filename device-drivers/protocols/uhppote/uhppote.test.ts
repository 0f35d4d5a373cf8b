import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type Clock,
  type EpochMs,
  type ManualClock,
  type Result,
  epochMs,
  manualClock,
  ms,
  ok,
  plus,
  seconds,
  systemClock,
  systemRandom,
  unwrap,
} from '@hallhub/sync/base';
import type { AccessController, AccessEvent } from '../../capabilities/index.ts';
import { type Driver, type Transport, createEmitter, rethrow, silentLog } from '../../kit/index.ts';
import { until } from '../../kit/testing/index.ts';
import { createMemoryLine, createUdpTransport } from '../../transports/index.ts';
import { cardNumber, cardUid } from './cards.ts';
import { toInstant, toLocal, wholeDays } from './local-time.ts';
import { decodeReply, encodeRequest } from './packets.ts';
import { uhppoteProtocol } from './protocol.ts';
import { createUhppoteSimulator } from './simulator.ts';

const SERIAL = 423_187_757;
const OFFSET = 480;
const MINUTE = 60_000;
const CARD = '010203A4';
const NUMBER = 0xa403_0201;

const drivers = (transport: Transport, clock: Clock, doors: readonly object[]): readonly Driver[] =>
  unwrap(
    uhppoteProtocol.connect(
      {
        transport: { kind: 'memory', name: 'controller' },
        devices: doors.map((door, index) => ({ deviceId: `door-${index + 1}`, params: { serial: SERIAL, ...door } })),
      },
      { clock, random: systemRandom, log: silentLog, transportFactory: () => ok(transport) },
    ),
  );

async function settle<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  const state = { done: false };
  void promise.finally(() => {
    state.done = true;
  });
  for (let step = 0; step < 4_000 && !state.done; step += 1) await clock.advanceAsync(ms(5));
  return promise;
}

/** A controller with two doors on a clock moved by hand. */
async function rig(options: { readonly serves?: readonly object[] } = {}) {
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const line = createMemoryLine({ name: 'controller' });
  const controller = createUhppoteSimulator({ transport: line.device, clock, serial: SERIAL });
  await controller.start();
  const all = drivers(line.host, clock, options.serves ?? [{ door: 1 }, { door: 2 }]);
  for (const driver of all) driver.start();
  await clock.advanceAsync(seconds(2));
  const access = (door: 1 | 2): AccessController => {
    const found = all[door - 1]?.capabilities.accessController;
    if (!found) throw new Error('no access controller');
    return found;
  };
  let ids = 0;
  const put = (door: 1 | 2, validFrom: EpochMs, validTo: EpochMs, cards: readonly string[] = [CARD]) =>
    settle(
      clock,
      access(door).put({
        id: `put-${(ids += 1)}`,
        name: 'put',
        args: { personId: 'p1', cards: [...cards], without: [], validFrom, validTo },
        issuedAt: clock.now(),
        expiresAt: plus(clock.now(), seconds(30)),
        issuedBy: 'test',
      }),
    );
  const withdraw = (door: 1 | 2) =>
    settle(
      clock,
      access(door).withdraw({
        id: `withdraw-${(ids += 1)}`,
        name: 'withdraw',
        args: { personId: 'p1', cards: [CARD] },
        issuedAt: clock.now(),
        expiresAt: plus(clock.now(), seconds(30)),
        issuedBy: 'test',
      }),
    );
  return {
    clock,
    line,
    controller,
    all,
    access,
    put,
    withdraw,
    history: (position: string | null) => settle(clock, access(1).history(position)),
    stop: async () => {
      for (const driver of all) await driver.stop();
      await controller.stop();
    },
  };
}

type Unwrapped<P> = Awaited<P> extends Result<infer T> ? T : never;

/** 00:00 of a day of this November, on the controller's wall. */
const day = (number: number): EpochMs => toInstant(`2026-11-${String(number).padStart(2, '0')} 00:00:00`, OFFSET);

describe('packets', () => {
  it('are refused for other lengths, marks and functions, whatever else is in them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 130 }), (bytes) => {
        const reply = decodeReply(bytes);
        if (bytes.length !== 64 || (bytes[0] !== 0x17 && bytes[0] !== 0x19)) expect(reply).toBeUndefined();
      }),
    );
  });

  it('never give a time that no calendar has', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 56, maxLength: 56 }), (tail) => {
        const reply = decodeReply(Uint8Array.of(0x17, 0x20, 0, 0, 1, 0, 0, 0, ...tail));
        if (reply?.name !== 'status') throw new Error('no status');
        for (const time of [reply.time, reply.event.time])
          if (time !== undefined) expect(toLocal(toInstant(time, 0), 0)).toBe(time);
      }),
    );
  });

  it('carry a card record there and back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 0xffff_fffe }),
        fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
        fc.tuple(fc.nat(254), fc.nat(254), fc.nat(254), fc.nat(254)),
        (card, date, doors) => {
          const at = date.toISOString().slice(0, 10);
          const bytes = encodeRequest({ name: 'put-card', serial: SERIAL, card, from: at, to: at, doors });
          bytes[1] = 0x5a;
          expect(decodeReply(bytes)).toEqual({
            name: 'get-card',
            serial: SERIAL,
            card,
            record: { card, from: at, to: at, doors },
          });
        },
      ),
    );
  });

  it('number a card as its reader does, both ways', () => {
    expect(cardNumber(CARD, 'little')).toBe(NUMBER);
    expect(cardNumber(CARD, 'big')).toBe(0x0102_03a4);
    expect(cardNumber('01020304050607', 'little')).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.constantFrom('big' as const, 'little' as const), (number, order) => {
        expect(cardNumber(cardUid(number, order), order)).toBe(number);
      }),
    );
  });
});

describe('whole days', () => {
  it('are never more than the validity, and miss less than a day at either end', () => {
    const day0 = 86_400_000;
    fc.assert(
      fc.property(
        fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
        fc.nat(40 * day0),
        fc.integer({ min: -720, max: 840 }),
        (from, length, offset) => {
          const days = wholeDays(epochMs(from), epochMs(from + length), offset);
          if (!days) {
            expect(length).toBeLessThan(2 * day0);
            return;
          }
          const begins = toInstant(`${days.from} 00:00:00`, offset);
          const ends = toInstant(`${days.to} 00:00:00`, offset) + day0;
          expect(begins).toBeGreaterThanOrEqual(from);
          expect(ends).toBeLessThanOrEqual(from + length);
          expect(begins - from + (from + length - ends)).toBeLessThan(2 * day0);
        },
      ),
    );
  });
});

describe('people of a door', () => {
  it('are put for their whole days, opened for by the controller, and withdrawn', async () => {
    const { put, withdraw, controller, access, clock, stop } = await rig();
    const receipt = await put(1, plus(day(21), ms(9 * 60 * MINUTE)), plus(day(24), ms(60 * MINUTE)));
    expect(receipt.ok && receipt.value.confirmation).toBe('observed');
    expect(controller.cards.get(NUMBER)).toEqual({ from: '20261122', to: '20261123', doors: [1, 0, 0, 0] });
    expect(controller.swipe(NUMBER)).toBe(true);
    expect(unwrap(await settle(clock, access(1).people(null)))).toEqual({
      people: [{ cards: [CARD], validFrom: day(22), validTo: day(24) }],
      next: null,
    });
    expect(unwrap(await settle(clock, access(2).people(null))).people).toEqual([]);
    expect((await withdraw(1)).ok).toBe(true);
    expect(controller.cards.size).toBe(0);
    await stop();
  });

  it('are not put for a part of a day: the controller would open at any hour of it', async () => {
    const { put, controller, stop } = await rig();
    const receipt = await put(1, plus(day(22), ms(9 * 60 * MINUTE)), plus(day(22), ms(18 * 60 * MINUTE)));
    expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    expect((await put(1, day(22), day(30), ['04A1B2C3D4E5F6'])).ok).toBe(false);
    expect(controller.cards.size).toBe(0);
    await stop();
  });

  it('leave the rights of the other doors alone, and never widen the days there', async () => {
    const { put, withdraw, controller, stop } = await rig();
    expect((await put(1, day(22), day(24))).ok).toBe(true);
    expect(await put(2, day(22), day(30))).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    expect((await put(2, day(22), day(24))).ok).toBe(true);
    expect(controller.cards.get(NUMBER)?.doors).toEqual([1, 1, 0, 0]);
    expect((await withdraw(1)).ok).toBe(true);
    expect(controller.cards.get(NUMBER)?.doors).toEqual([0, 1, 0, 0]);
    await stop();
  });

  it('come to new days at all their doors: none keeps the old ones that another stands by', async () => {
    const { put, controller, stop } = await rig();
    for (const door of [1, 2] as const) expect((await put(door, day(22), day(30))).ok).toBe(true);
    expect((await put(1, day(22), day(24))).ok).toBe(false);
    expect(controller.cards.get(NUMBER)).toMatchObject({ to: '20261129', doors: [0, 1, 0, 0] });
    for (const door of [2, 1] as const) expect((await put(door, day(22), day(24))).ok).toBe(true);
    expect(controller.cards.get(NUMBER)).toMatchObject({ to: '20261123', doors: [1, 1, 0, 0] });
    await stop();
  });

  it('are withdrawn with whatever else is said to be theirs: a card that it cannot read holds nothing up', async () => {
    const { put, access, controller, clock, stop } = await rig();
    expect((await put(1, day(22), day(30))).ok).toBe(true);
    const args = { personId: 'p1', cards: ['04A1B2C3D4E5F6', CARD] };
    const order = { id: 'w', issuedAt: clock.now(), expiresAt: plus(clock.now(), seconds(30)), issuedBy: 'test' };
    expect((await settle(clock, access(1).withdraw({ ...order, name: 'withdraw', args }))).ok).toBe(true);
    expect(controller.cards.size).toBe(0);
    await stop();
  });

  it('are confirmed by looking where the answer was lost', async () => {
    const { put, controller, stop } = await rig();
    controller.setFaults({ losesReplyTo: 0x50 });
    expect(await put(1, day(22), day(24))).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(controller.done(0x50)).toBe(1);
    await stop();
  });
});

describe('what a controller recorded', () => {
  it('is read page by page, once, and begins anew where its numbers do', async () => {
    const { controller, history, stop } = await rig();
    for (let index = 0; index < 45; index += 1) controller.remember(seconds(3_600 - index), index + 1, index % 2 === 0);
    controller.remember(seconds(3_000), 99, true, 2);
    const read: AccessEvent[] = [];
    let position: string | null = null;
    for (let more = true; more;) {
      const page: Unwrapped<ReturnType<typeof history>> = unwrap(await history(position));
      read.push(...page.events);
      ({ position, more } = page);
    }
    expect(read.map(({ card }) => card)).toEqual(
      Array.from({ length: 45 }, (_, index) => cardUid(index + 1, 'little')),
    );
    expect(read.every(({ replayed }) => replayed)).toBe(true);
    expect(new Set(read.map(({ key }) => key)).size).toBe(45);
    expect(unwrap(await history(position)).events).toEqual([]);
    controller.reset();
    controller.remember(seconds(5), 7, true);
    expect(unwrap(await history(position)).events.map(({ card }) => card)).toEqual([cardUid(7, 'little')]);
    await stop();
  });

  it('is told as history when it happened behind a broken line, however soon it comes up', async () => {
    const { all, controller, line, clock, stop } = await rig();
    const seen: AccessEvent[] = [];
    const cards: unknown[] = [];
    all[0]?.capabilities.accessController?.onAccess((event) => seen.push(event));
    all[0]?.capabilities.cardReader?.onCard((card) => cards.push(card));
    line.unplug();
    controller.swipe(5);
    await clock.advanceAsync(seconds(20));
    line.plug();
    await clock.advanceAsync(seconds(40));
    expect(seen).toMatchObject([{ replayed: true, granted: false, leftToHub: true, card: cardUid(5, 'little') }]);
    expect(cards).toEqual([]);
    controller.swipe(6);
    await clock.advanceAsync(seconds(2));
    expect(seen.at(-1)).toMatchObject({ replayed: false, card: cardUid(6, 'little') });
    expect(cards).toHaveLength(1);
    await stop();
  });
});

it('makes no old card a live one while it reads slowly what came before it', async () => {
  const { all, controller, clock, stop } = await rig({ serves: [{ door: 1, replyTimeoutMs: 2_000 }] });
  const seen: AccessEvent[] = [];
  const cards: unknown[] = [];
  all[0]?.capabilities.accessController?.onAccess((event) => seen.push(event));
  all[0]?.capabilities.cardReader?.onCard((card) => cards.push(card));
  const shown = clock.now();
  for (let card = 1; card <= 10; card += 1) controller.swipe(card);
  controller.setFaults({ lateBy: ms(1_500) });
  await clock.advanceAsync(seconds(30));
  expect(seen).toHaveLength(10);
  for (const { at } of seen) expect(Math.abs(at - shown)).toBeLessThanOrEqual(seconds(2));
  expect(seen.at(-1)?.replayed).toBe(true);
  expect(cards.length).toBeLessThan(5);
  await stop();
});

it('takes the event that comes before the answer to an open for what it is', async () => {
  const { all, controller, clock, line, stop } = await rig({
    serves: [{ door: 1, listener: { host: '127.0.0.1', port: 1 } }],
  });
  const swiped: unknown[] = [];
  all[0]?.capabilities.cardReader?.onCard((card) => swiped.push(card));
  const opened = all[0]?.capabilities.barrier?.open({
    id: 'open',
    name: 'open',
    args: { hold: ms(700), direction: 'in' },
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), seconds(2)),
    issuedBy: 'test',
  });
  controller.swipe(5);
  if (!opened) throw new Error('no barrier');
  expect(await settle(clock, opened)).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
  expect(swiped).toHaveLength(1);
  expect(line.host.name).toBe('memory:controller');
  await stop();
});

it('says of two devices that they cannot be one door', () => {
  const clash = uhppoteProtocol.connect(
    {
      transport: { kind: 'udp', host: '127.0.0.1', port: 1 },
      devices: [1, 2].map((id) => ({ deviceId: `d${id}`, params: { serial: 5, door: 2 } })),
    },
    {
      clock: manualClock(),
      random: systemRandom,
      log: silentLog,
      transportFactory: () => ok(createMemoryLine({ name: 'x' }).host),
    },
  );
  expect(clash).toMatchObject({ ok: false, error: { code: 'E-DEV-0306' } });
});

describe('on real sockets', () => {
  let socket: Socket | undefined;
  afterEach(() => socket?.close());

  it('opens a door and hears a card', async () => {
    const clock = systemClock({ mode: 'production' });
    const own = createSocket('udp4');
    socket = own;
    own.bind(0, '127.0.0.1');
    await once(own, 'listening');
    const data = createEmitter<Uint8Array>(rethrow);
    let peer: { port: number; address: string } | undefined;
    own.on('message', (bytes, from) => {
      peer = from;
      data.emit(bytes);
    });
    const controller = createUhppoteSimulator({
      clock,
      serial: SERIAL,
      transport: {
        name: 'controller',
        open: () => Promise.resolve(ok()),
        close: () => Promise.resolve(),
        write: (bytes) => {
          if (peer) own.send(bytes, peer.port, peer.address);
          return Promise.resolve(ok());
        },
        onData: data.on,
        onDown: () => () => undefined,
      },
    });
    await controller.start();
    const [door] = drivers(createUdpTransport({ host: '127.0.0.1', port: own.address().port }), clock, [
      { door: 1, pollEveryMs: 100 },
    ]);
    if (!door) throw new Error('no driver');
    const cards: unknown[] = [];
    door.capabilities.cardReader?.onCard((card) => cards.push(card));
    door.start();
    await until('the controller answers', () => door.health.state === 'ready');
    const now = clock.now();
    const receipt = await door.capabilities.barrier?.open({
      id: 'open',
      name: 'open',
      args: { hold: ms(700), direction: 'in' },
      issuedAt: now,
      expiresAt: plus(now, seconds(5)),
      issuedBy: 'test',
    });
    expect(receipt).toMatchObject({ ok: true });
    expect(controller.done(0x40)).toBe(1);
    controller.swipe(NUMBER);
    await until('the card is reported', () => cards.length > 0);
    expect(cards).toMatchObject([{ presented: { type: 'uid', uid: CARD } }]);
    await door.stop();
    await controller.stop();
  });
});
