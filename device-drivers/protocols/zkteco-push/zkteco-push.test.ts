import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EpochMs, failure, plus, seconds, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import type { AccessController, AccessEvent, AccessSnapshot } from '../../capabilities/index.ts';
import { type Driver, silentLog } from '../../kit/index.ts';
import { freePort, until } from '../../kit/testing/index.ts';
import { createHttpInboxes } from '../../transports/index.ts';
import { encodeCommand, optionBlock, readAttendance, readPhoto, readResults, readUsers } from './messages.ts';
import { zktecoPushProtocol } from './protocol.ts';
import { type PushTerminalSimulator, createPushTerminalSimulator } from './simulator.ts';

const SERIAL = 'CGXH201360029';
const clock = systemClock({ mode: 'test' });
const wall = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

describe('what a terminal sends', () => {
  it('is read without harm, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const { records, lines } = readAttendance(text);
        expect(records.length).toBeLessThanOrEqual(lines);
        for (const { pin, time } of records) {
          expect(pin).toMatch(/^[\w.-]+$/);
          expect(Number.isNaN(Date.parse(`${time.replace(' ', 'T')}Z`))).toBe(false);
        }
        for (const { id } of readResults(text)) expect(Number.isSafeInteger(id)).toBe(true);
        readUsers(text);
      }),
    );
  });

  it('is a picture of nobody, whatever it is, unless its name and its head say otherwise', () => {
    const head = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.string({ maxLength: 30 }).map((name) => `PIN=${name}\nSN=1\nsize=3\nCMD=uploadphoto`),
    );
    fc.assert(
      fc.property(head, fc.uint8Array({ maxLength: 40 }), (text, rest) => {
        const photo = readPhoto(Buffer.concat([Buffer.from(text), Buffer.of(0), rest]));
        if (photo) expect([photo.pin, photo.time]).toEqual([expect.stringMatching(/^[\w.]+$/), expect.any(String)]);
      }),
    );
    const photo = (name: string) => readPhoto(Buffer.from(`PIN=${name}\nSN=1\nsize=3\nCMD=uploadphoto\0jpg`));
    expect(photo('20150731103012-123.jpg')).toEqual({
      pin: '123',
      time: '2015-07-31 10:30:12',
      picture: Buffer.from('jpg'),
    });
    expect(photo('20160615093758-0-1457-210218199011304365.jpg')?.pin).toBe('1457');
    // Of somebody whom it did not know; at no time of any calendar.
    expect(photo('20150731103012.jpg')).toBeUndefined();
    expect(photo('20151331103012-123.jpg')).toBeUndefined();
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[1-9]\d{0,8}$/),
        fc.date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true }),
        fc.nat(255),
        (pin, date, verify) => {
          const time = wall(date.getTime());
          expect(readAttendance(`${pin}\t${time}\t0\t${verify}\t0\r\n`).records).toEqual([
            { pin, time, status: '0', verify: String(verify) },
          ]);
        },
      ),
    );
  });
});

describe('what a terminal is told', () => {
  it('has one command a line, and takes no id that would begin another', () => {
    expect(() => encodeCommand(1, { name: 'put', pin: '1\nC:2:REBOOT' })).toThrow(RangeError);
    expect(() => encodeCommand(1, { name: 'delete', pin: '1\tPri=14' })).toThrow(RangeError);
    expect(optionBlock({ serial: SERIAL, askEvery: 5, timeZone: 8, pictures: false })).toContain('Realtime=1\n');
  });
});

describe('a terminal that pushes, on real sockets', () => {
  let driver: Driver;
  let terminal: PushTerminalSimulator;
  let events: AccessEvent[];
  let snapshots: AccessSnapshot[];

  beforeEach(async () => {
    const port = await freePort();
    const [made] = unwrap(
      zktecoPushProtocol.connect(
        {
          transport: { kind: 'http-listen', host: '127.0.0.1', port },
          devices: [{ deviceId: 'face', params: { serial: SERIAL, pictures: true } }],
        },
        {
          clock,
          random: systemRandom,
          log: silentLog,
          transportFactory: () => failure('E-DEV-0302'),
          inbox: createHttpInboxes({ clock, log: silentLog }),
        },
      ),
    );
    if (!made) throw new Error('no driver');
    driver = made;
    events = [];
    snapshots = [];
    driver.capabilities.accessController?.onAccess((event) => events.push(event));
    driver.capabilities.accessController?.onSnapshot((event) => snapshots.push(event));
    terminal = createPushTerminalSimulator({
      serial: SERIAL,
      send: async (method, target, body) => {
        const response = await fetch(`http://127.0.0.1:${port}${target}`, {
          method,
          ...(body !== undefined && { body }),
        });
        return response.text();
      },
    });
    driver.start();
    let isOpen = false;
    await until('the port is open', () => {
      void terminal.handshake().then(
        () => {
          isOpen = true;
        },
        () => undefined,
      );
      return isOpen;
    });
  });
  afterEach(() => driver.stop());

  const controller = (): AccessController => {
    const found = driver.capabilities.accessController;
    if (!found) throw new Error('no access controller');
    return found;
  };
  const frame = <N extends string>(name: N, lives = seconds(20)) => ({
    id: `${name}-1`,
    name,
    issuedAt: clock.now(),
    expiresAt: plus(clock.now(), lives),
    issuedBy: 'test',
  });

  it('is ready once it has spoken, and repeats nothing that a request said of itself', async () => {
    expect(driver.health.state).toBe('ready');
    expect(await terminal.handshake()).toContain(`GET OPTION FROM: ${SERIAL}\n`);
  });

  it('takes people when it asks, and gives them up', async () => {
    const person = { personId: '42', cards: ['010203A4'], without: [], validFrom: 0 as EpochMs, validTo: 1 as EpochMs };
    const put = controller().put({ ...frame('put'), args: person });
    await terminal.ask();
    expect(await put).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    expect(terminal.users.get('42')).toBe(String(0xa403_0201));
    const people = controller().people(null);
    // The question is asked behind a turn of the queue.
    await Promise.resolve();
    await terminal.ask();
    expect(unwrap(await people).people).toMatchObject([{ personId: '42' }]);
    const withdrawn = controller().withdraw({ ...frame('withdraw'), args: { personId: '42', cards: [] } });
    await terminal.ask();
    expect((await withdrawn).ok).toBe(true);
    expect(terminal.users.size).toBe(0);
  });

  it('refuses ids that it cannot have, and is told nothing that came too late', async () => {
    const args = { cards: [], without: [], validFrom: 0 as EpochMs, validTo: 1 as EpochMs };
    expect(await controller().put({ ...frame('put'), args: { ...args, personId: 'T2023' } })).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0203' },
    });
    const late = controller().put({ ...frame('late' as 'put', seconds(0)), args: { ...args, personId: '7' } });
    await terminal.ask();
    expect(await late).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    expect(terminal.users.size).toBe(0);
  });

  it('tells who came now, and of the past as of the past, under one name however often', async () => {
    const now = clock.now();
    expect(await terminal.punch('42', wall(now))).toBe('OK: 1');
    await terminal.punch('42', wall(now - 3_600_000));
    expect(events).toMatchObject([
      { personId: '42', method: 'face', granted: true, direction: 'in', replayed: false },
      { replayed: true },
    ]);
    const history = controller().history(null);
    await Promise.resolve();
    await terminal.ask();
    const read = unwrap(await history);
    expect(read.position).toBe(wall(now));
    expect(read.events.every(({ replayed }) => replayed)).toBe(true);
    expect(read.events.map(({ key }) => key)).toEqual(events.map(({ key }) => key));
    expect(events).toHaveLength(2);
  });

  it('sends pictures since it is told to, of now and of people it knows', async () => {
    const JPEG = Buffer.concat([Buffer.from('ffd8ff', 'hex'), Buffer.alloc(30_000, 1)]);
    expect(await terminal.handshake()).toContain(' AttPhoto ');
    const now = clock.now();
    expect(await terminal.photograph('42', wall(now), JPEG)).toBe('OK');
    expect(snapshots).toMatchObject([{ terminal: SERIAL, personId: '42', at: Math.floor(now / 1_000) * 1_000 }]);
    expect(JPEG.equals(snapshots[0]?.picture ?? Buffer.alloc(0))).toBe(true);
    // Taken, so that it is not sent again, and not handed on.
    for (const [pin, at, picture] of [
      ['42', now - 60_000, JPEG],
      ['42', now, Buffer.from('GIF89a')],
      ['42', now, Buffer.concat([JPEG, Buffer.alloc(200_000)])],
    ] as const)
      expect(await terminal.photograph(pin, wall(at), picture)).toBe('OK');
    expect(snapshots).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it('tells at once who comes while it is asked for something else', async () => {
    const people = controller().people(null);
    await Promise.resolve();
    await terminal.punch('42', wall(clock.now()));
    await terminal.punch('41', wall(clock.now() - 3_600_000));
    expect(events.splice(1)).toMatchObject([{ personId: '41', replayed: true }]);
    expect(events).toMatchObject([{ personId: '42', replayed: false }]);
    await terminal.ask();
    expect((await people).ok).toBe(true);
    const history = controller().history(null);
    await Promise.resolve();
    await terminal.punch('43', wall(clock.now()));
    await terminal.ask();
    expect(unwrap(await history).events.map(({ personId }) => personId)).toEqual(expect.arrayContaining(['42', '43']));
    expect(events).toMatchObject([{ personId: '42' }, { personId: '43', replayed: false }]);
  });
});
