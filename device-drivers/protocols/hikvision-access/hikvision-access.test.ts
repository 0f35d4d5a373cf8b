import { epochMs, failure, manualClock, plus, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../kit/index.ts';
import { createMemoryWeb } from '../../transports/index.ts';
import { cardNumber, cardUid } from './cards.ts';
import { createAccessTerminalSimulator, hikvisionAccessProtocol } from './index.ts';
import { readCards, readEvent, readPeople, readRecords, wallTime } from './messages.ts';

const NOW = Date.UTC(2026, 10, 22, 2);
const HOUR = 3_600_000;

async function open(params: object = {}) {
  const clock = manualClock(epochMs(NOW));
  const web = createMemoryWeb({ clock, random: () => 0 });
  const login = { user: 'admin', password: 'a-long-one' };
  const terminal = createAccessTerminalSimulator({
    web: web.device,
    clock,
    ...login,
    serial: 'T-0001',
    utcOffset: 480,
  });
  terminal.start();
  const [driver] = unwrap(
    hikvisionAccessProtocol.connect(
      {
        transport: { kind: 'url', url: 'http://terminal' },
        devices: [{ deviceId: 'door', params: { ...login, ...params } }],
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
  const controller = driver?.capabilities.accessController;
  if (!driver || !controller) throw new Error('no driver');
  driver.start();
  await clock.advanceAsync(seconds(1));
  let id = 0;
  const order = <A>(args: A) => ({
    id: `c${(id += 1)}`,
    args,
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), seconds(30)),
    issuedBy: 'test',
  });
  const waited = async <T>(doing: Promise<T>): Promise<T> => {
    await clock.advanceAsync(seconds(5));
    return doing;
  };
  return {
    clock,
    web,
    terminal,
    controller,
    put: (personId: string, cards: readonly string[], validFrom = NOW, validTo = NOW + HOUR) =>
      waited(
        controller.put({
          ...order({
            personId,
            cards: [...cards],
            without: [],
            validFrom: epochMs(validFrom),
            validTo: epochMs(validTo),
          }),
          name: 'put',
        }),
      ),
    history: (position: string | null) => waited(controller.history(position)),
    people: () => waited(controller.people(null)),
    stop: async () => {
      await driver.stop();
      terminal.stop();
      web.close();
    },
  };
}

describe('a person on an access terminal', () => {
  it('is changed in place: cards that are theirs no more go, the others stay', async () => {
    const { put, people, terminal, stop } = await open({ byteOrder: 'big' });
    expect(await put('7', ['00000001', '00000002'])).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(await put('7', ['00000002', '00000003'], NOW, NOW + 2 * HOUR)).toMatchObject({ ok: true });
    expect([...terminal.cards.keys()]).toEqual(['2', '3']);
    expect(terminal.users.get('7')?.Valid).toMatchObject({
      beginTime: '2026-11-22T10:00:00',
      endTime: '2026-11-22T11:59:59',
    });
    expect(await people()).toMatchObject({
      value: {
        people: [{ personId: '7', cards: ['00000002', '00000003'], validFrom: NOW, validTo: NOW + 2 * HOUR }],
        next: null,
      },
    });
    await stop();
  });

  it('with a card that is somebody else’s there is refused, in the words of the terminal', async () => {
    const { put, stop } = await open();
    await put('7', ['00000001']);
    expect(await put('8', ['00000001'])).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0203', detail: '6 cardNoAlreadyExist' },
    });
    await stop();
  });

  it.each([
    ['an id of 33 characters', 'x'.repeat(33), []],
    ['a card of ten bytes', '7', ['00112233445566778899']],
  ])('with %s is refused before anything is sent', async (_, id, cards) => {
    const { put, terminal, stop } = await open();
    expect(await put(id, cards)).toMatchObject({ ok: false, error: { code: 'E-DEV-0203' } });
    expect(terminal.users.size).toBe(0);
    await stop();
  });
});

describe('records', () => {
  it('begin anew when the terminal does', async () => {
    const { terminal, history, stop } = await open();
    for (let count = 0; count < 3; count += 1) terminal.happen(75, { employeeNoString: '1' });
    expect(await history(null)).toMatchObject({ value: { position: '3', more: false } });
    expect(await history('3')).toMatchObject({ value: { events: [], position: '3' } });
    terminal.reset();
    expect(await history('3')).toMatchObject({ value: { events: [], position: null } });
    await stop();
  });

  it('are live only where the terminal calls them current and dates them now', async () => {
    const { clock, terminal, controller, stop } = await open();
    const seen: string[] = [];
    controller.onAccess(({ personId, replayed }) => seen.push(`${personId ?? ''} ${replayed ? 'history' : 'live'}`));
    terminal.happen(75, { employeeNoString: 'now' });
    terminal.happen(75, { employeeNoString: 'slow-clock' }, seconds(60));
    terminal.replay(75, seconds(0), { employeeNoString: 'not-current' });
    await clock.advanceAsync(seconds(1));
    expect(seen).toEqual(['now live', 'slow-clock history', 'not-current history']);
    await stop();
  });
});

describe('a picture', () => {
  const JPEG = Buffer.concat([Buffer.from('ffd8ff', 'hex'), Buffer.alloc(40_000, 7)]);
  const seenBy = async (params: object, happen: (terminal: Awaited<ReturnType<typeof open>>['terminal']) => void) => {
    const { clock, terminal, controller, stop } = await open(params);
    const told: string[] = [];
    controller.onAccess(({ personId }) => told.push(`access ${personId ?? ''}`));
    controller.onSnapshot(({ personId, picture }) => told.push(`${personId} ${picture.length}`));
    happen(terminal);
    await clock.advanceAsync(seconds(1));
    await stop();
    return told;
  };

  it('goes on behind its event where it is asked for', async () => {
    expect(
      await seenBy({ pictures: true }, (terminal) => {
        terminal.recognise('7', JPEG);
      }),
    ).toEqual(['access 7', `7 ${JPEG.length}`]);
  });

  it.each<[string, object, Uint8Array]>([
    ['nobody asked for', {}, JPEG],
    ['is none', { pictures: true }, Buffer.from('<svg onload="alert(1)"/>')],
    ['is longer than goes on', { pictures: true }, Buffer.concat([JPEG, Buffer.alloc(200_000)])],
  ])('that %s goes nowhere, and the event goes on', async (_, params, picture) => {
    expect(
      await seenBy(params, (terminal) => {
        terminal.recognise('7', picture);
      }),
    ).toEqual(['access 7']);
  });

  it('is of the event before it, and of no other', async () => {
    expect(
      await seenBy({ pictures: true }, (terminal) => {
        terminal.recognise('7', JPEG);
        terminal.happen(75, { employeeNoString: '8' });
        terminal.recognise('9', JPEG);
      }),
    ).toEqual(['access 7', `7 ${JPEG.length}`, 'access 8', 'access 9', `9 ${JPEG.length}`]);
  });
});

describe('what a terminal writes', () => {
  it('never throws, whatever it is', () => {
    const params = { byteOrder: 'little' } as const;
    const soup = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({
          eventType: fc.constant('AccessControllerEvent'),
          dateTime: fc.oneof(fc.string(), fc.constant('2026-11-22T10:00:00+08:00')),
          AccessControllerEvent: fc.dictionary(
            fc.constantFrom('majorEventType', 'subEventType', 'serialNo', 'cardNo', 'employeeNoString', 'currentEvent'),
            fc.oneof(fc.constant(5), fc.constant(true), fc.jsonValue()),
          ),
        })
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(soup, (body) => {
        for (const read of [
          readEvent(params, { headers: {}, body }),
          readRecords(body, params),
          readPeople(body),
          readCards(body),
        ])
          if (!read.ok) expect(read.error.code).toBe('E-DEV-0204');
      }),
    );
  });

  it('numbers a card in a way that leads back to it', () => {
    const uid = fc.constantFrom(4, 7).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(uid, fc.constantFrom('big' as const, 'little' as const), (bytes, order) => {
        const hex = Buffer.from(bytes).toString('hex').toUpperCase();
        const number = cardNumber(hex, order) ?? '';
        // A number that four bytes can hold is of a card of four; zero is of none.
        const back =
          BigInt(number) === 0n ? undefined : bytes.length === 7 && BigInt(number) < 2n ** 32n ? undefined : hex;
        if (back !== undefined) expect(cardUid(number, order)).toBe(back);
      }),
    );
    expect(cardNumber('010203A4', 'little')).toBe('2751660545');
    expect(cardUid('18446744073709551616', 'big')).toBeUndefined();
  });

  it('keeps times within what it can keep', () => {
    expect(wallTime(Number.MAX_SAFE_INTEGER, 480)).toBe('2037-12-31T23:59:59');
    expect(wallTime(0, -480)).toBe('1970-01-01T00:00:00');
  });
});
