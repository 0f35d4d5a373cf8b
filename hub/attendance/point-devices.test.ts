import type { AccessEvent, AccessSnapshot, CapabilityMap } from '@hallhub/device-drivers/capabilities';
import { createEmitter } from '@hallhub/device-drivers/kit';
import { minutes, seconds } from '@hallhub/sync/base';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createHouse } from './testing/house.ts';

const JPEG = Buffer.from('ffd8ffe000104a464946', 'hex');
const POINTS = [
  { id: 'gym', label: { zh: '体育馆', en: 'Gym' }, devices: ['scanner', 'reader', 'terminal'] },
  { id: 'hall', label: { zh: '礼堂', en: 'Hall' }, devices: ['other-reader', 'barrier-board'] },
];

let close = (): void => undefined;
afterEach(() => {
  close();
});

function open() {
  const onFault = (error: unknown): void => {
    throw error;
  };
  const cards = { reader: createEmitter<never>(onFault), 'other-reader': createEmitter<never>(onFault) };
  const unreadable = createEmitter<never>(onFault);
  const scans = createEmitter<never>(onFault);
  const accesses = createEmitter<AccessEvent>(onFault);
  const snapshots = createEmitter<AccessSnapshot>(onFault);
  const can: Readonly<Record<string, object>> = {
    'scanner.codeScanner': { onScan: scans.on, onUnreadable: unreadable.on },
    'reader.cardReader': { onCard: cards.reader.on, onUnreadable: unreadable.on },
    'other-reader.cardReader': { onCard: cards['other-reader'].on, onUnreadable: unreadable.on },
    'terminal.accessController': { onAccess: accesses.on, onSnapshot: snapshots.on },
  };
  const house = createHouse({
    checkIn: POINTS,
    host: {
      capability: <N extends keyof CapabilityMap>(device: string, name: N) =>
        can[`${device}.${name}`] as CapabilityMap[N] | undefined,
      onDevices: () => () => undefined,
    },
  });
  const { clock } = house.floor;
  close = () => {
    house.stop();
    house.floor.gates.stop();
  };
  const newcomer = (number: string): void => {
    house.resident(number, {
      enrolling: { college: '计算机学院', steps: [] },
      credentials: [
        { type: 'campus-card', uid: `04${number.padStart(6, '0')}` },
        { type: 'face', id: number },
      ],
    });
  };
  newcomer('1');
  newcomer('2');
  house.resident('3');
  const { checkIn } = house.attendance;
  const changes: string[] = [];
  checkIn.onChange((point) => changes.push(point));
  return {
    house,
    clock,
    checkIn,
    changes,
    card: (uid: string, device: 'reader' | 'other-reader' = 'reader') => {
      cards[device].emit({ presented: { type: 'uid', uid }, at: clock.now(), lastByteAt: clock.monotonic() } as never);
    },
    scan: (text: string) => {
      scans.emit({ bytes: Buffer.from(text), text, at: clock.now(), lastByteAt: clock.monotonic() } as never);
    },
    recognise: (personId: string, change: Partial<AccessEvent> = {}) => {
      accesses.emit({
        terminal: 'T-1',
        key: `${personId}@${clock.now()}`,
        personId,
        method: 'face',
        granted: true,
        at: clock.now(),
        replayed: false,
        ...change,
      });
    },
    photograph: (personId: string, picture: Uint8Array = JPEG) => {
      snapshots.emit({ terminal: 'T-1', personId, picture, at: clock.now() });
    },
    /** Newest first: who, or why nobody, with `+` where there is a picture. */
    list: (point = 'gym') => {
      const arrivals = checkIn.arrivals(point);
      return arrivals.ok
        ? arrivals.value.map(({ newcomer: who, code, snapshot }) => `${who?.name ?? code ?? ''}${snapshot ? '+' : ''}`)
        : [arrivals.error.code];
    },
    newest: () => {
      const arrivals = checkIn.arrivals('gym');
      return arrivals.ok ? (arrivals.value[0]?.id ?? '') : '';
    },
  };
}

describe('somebody at the devices of a check-in point', () => {
  it('comes up there and nowhere else, by card, code and face', () => {
    const { card, scan, recognise, list, changes } = open();
    card('04000001');
    expect([list(), list('hall'), changes]).toEqual([['学生1'], [], ['gym']]);
    scan('HHC:nonsense');
    recognise('2');
    expect(list()).toEqual(['学生2', 'E-GATE-0131', '学生1']);
    card('04000001', 'other-reader');
    expect(list('hall')).toEqual(['学生1']);
    expect(list('nowhere')).toEqual(['E-ATT-0201']);
  });

  it('who is no new student, or whom nobody knows, is said to be so', () => {
    const { card, recognise, list, clock } = open();
    card('04000003');
    expect(list()).toEqual(['E-ATT-0202']);
    card('FFFFFFFF');
    // One refusal a device: the last.
    expect(list()).toEqual(['E-GATE-0101']);
    clock.advance(seconds(6));
    recognise('nobody');
    expect(list()).toEqual(['E-GATE-0101', 'E-GATE-0101']);
  });

  it('that is held to a device without a pause is shown once; who came by is in the audit log, by the device', () => {
    const { card, checkIn, clock, house } = open();
    for (let count = 0; count < 4; count += 1) {
      card('04000001');
      clock.advance(seconds(2));
    }
    const shown = house.floor.audit.list({ limit: 10 }).filter(({ action }) => action === 'check-in.present');
    expect(shown).toMatchObject([{ actor: 'device:reader', subject: 'request:R-1' }]);
    expect(checkIn.arrivals('gym')).toMatchObject({ value: [{ method: 'campus-card', device: 'reader' }] });
  });

  it('out of the memory of a terminal, or refused by it, is nobody who stands there', () => {
    const { recognise, photograph, list } = open();
    recognise('1', { replayed: true });
    recognise('2', { granted: false });
    photograph('1');
    expect(list()).toEqual([]);
  });
});

describe('the picture of a terminal', () => {
  it.each(['before', 'behind'])('that comes %s its event is shown with who it is of', (when) => {
    const { recognise, photograph, list, checkIn, newest } = open();
    if (when === 'before') photograph('1');
    recognise('1');
    if (when === 'behind') photograph('1');
    expect(list()).toEqual(['学生1+']);
    expect(checkIn.snapshot('gym', newest())).toEqual({ ok: true, value: JPEG });
    expect(checkIn.snapshot('hall', newest())).toMatchObject({ error: { code: 'E-ATT-0205' } });
  });

  it('is put to nobody else, nor to one who came at another time', () => {
    const { recognise, photograph, list, clock } = open();
    photograph('2');
    recognise('1');
    expect(list()).toEqual(['学生1']);
    clock.advance(seconds(30));
    photograph('1');
    expect(list()).toEqual(['学生1']);
    clock.advance(seconds(30));
    recognise('2');
    expect(list()).toEqual(['学生2', '学生1']);
  });

  it('of somebody who is not to check in is kept nowhere', () => {
    const { recognise, photograph, checkIn, newest } = open();
    recognise('3');
    photograph('3');
    expect(checkIn.snapshot('gym', newest())).toMatchObject({ error: { code: 'E-ATT-0205' } });
  });

  it.each<[string, (at: ReturnType<typeof open>, id: string) => unknown]>([
    ['is seen to', ({ checkIn }, id) => checkIn.dismiss('gym', id)],
    ['has checked in', ({ checkIn }) => checkIn.confirm('gym', { requestId: 'R-1', method: 'face' }, 'zhao')],
    [
      'has stood there long',
      ({ clock }) => {
        clock.advance(minutes(2));
      },
    ],
    [
      'stands at a hub that stops',
      ({ house }) => {
        house.stop();
      },
    ],
  ])('is gone with whoever %s', (_, happens) => {
    const at = open();
    at.recognise('1');
    at.photograph('1');
    const id = at.newest();
    happens(at, id);
    expect(at.list()).toEqual([]);
    expect(at.checkIn.snapshot('gym', id)).toMatchObject({ error: { code: 'E-ATT-0205' } });
  });

  it('lies in no file: the database has it nowhere', () => {
    const { recognise, photograph, house } = open();
    const picture = Buffer.concat([JPEG, Buffer.from('a face that must not be kept')]);
    recognise('1');
    photograph('1', picture);
    expect(house.floor.db.serialize().includes('a face that must not be kept')).toBe(false);
    expect(house.logged.join()).not.toContain('a face');
  });
});

it('shows six at a point at the most, whatever is shown in whatever order, and each new student once', () => {
  const shown = fc.oneof(
    fc.record({ what: fc.constant('card' as const), text: fc.constantFrom('04000001', '04000002', '04000003', 'FF') }),
    fc.record({ what: fc.constant('scan' as const), text: fc.string({ maxLength: 300 }) }),
    fc.record({ what: fc.constantFrom('face' as const, 'photo' as const), text: fc.constantFrom('1', '2', '9') }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(shown, fc.nat(20_000)), { maxLength: 25 }), (steps) => {
      const at = open();
      for (const [{ what, text }, pause] of steps) {
        if (what === 'card') at.card(text);
        else if (what === 'scan') at.scan(text);
        else if (what === 'face') at.recognise(text);
        else at.photograph(text);
        const list = at.list();
        expect(list.length).toBeLessThanOrEqual(6);
        const named = list.filter((one) => one.startsWith('学生')).map((one) => one.replace('+', ''));
        expect(new Set(named).size).toBe(named.length);
        at.clock.advance(pause as never);
      }
      at.clock.advance(minutes(2));
      expect(at.list()).toEqual([]);
      close();
    }),
    { numRuns: 30 },
  );
});
