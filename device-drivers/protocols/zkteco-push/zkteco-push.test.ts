import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EpochMs, failure, plus, seconds, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import type { AccessController, AccessEvent } from '../../capabilities/index.ts';
import { type Driver, silentLog } from '../../kit/index.ts';
import { freePort, until } from '../../kit/testing/index.ts';
import { createHttpInboxes } from '../../transports/index.ts';
import { encodeCommand, optionBlock, readAttendance, readResults, readUsers } from './messages.ts';
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
    expect(optionBlock({ serial: SERIAL, askEvery: 5, timeZone: 8 })).toContain('Realtime=1\n');
  });
});

describe('a terminal that pushes, on real sockets', () => {
  let driver: Driver;
  let terminal: PushTerminalSimulator;
  let events: AccessEvent[];

  beforeEach(async () => {
    const port = await freePort();
    const [made] = unwrap(
      zktecoPushProtocol.connect(
        {
          transport: { kind: 'http-listen', host: '127.0.0.1', port },
          devices: [{ deviceId: 'face', params: { serial: SERIAL } }],
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
    driver.capabilities.accessController?.onAccess((event) => events.push(event));
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
