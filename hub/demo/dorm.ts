import { join } from 'node:path';
import type { Clock, EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, iso, plus, unwrap } from '@hallhub/sync/base';
import { residentIdCheckDigit } from '@hallhub/sync/contract';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';
import { transact } from '@hallhub/sync/sqlite';
import { createResultStore } from '../attendance/store/results.ts';
import { campusClock as campusClockOf, campusInstant, neighbour } from '../calendar/index.ts';
import { createGateStore } from '../gates/store/index.ts';
import { schemaComponents } from '../parts.ts';
import { openDataDir, openStore } from '../store/index.ts';
import { openVault } from '../vault/index.ts';

export const DORM = 'dorm-3';
const GATES = { in: 'dorm-in', out: 'dorm-out' } as const;
export const DORM_DEVICES = {
  readers: ['dorm-in-reader', 'dorm-out-reader'],
  turnstiles: ['dorm-in-turnstile', 'dorm-out-turnstile'],
} as const;
const NIGHTS = 3;
const DAY = 86_400_000;

/** Fictional residents. What they did of an evening: minutes of the campus day, before noon of the morning after. */
const RESIDENTS: readonly {
  readonly name: string;
  readonly room: string;
  /** `in` and `out` by minute since the midnight before the evening. */
  readonly evening: readonly (readonly ['in' | 'out', number])[];
  readonly leave?: boolean;
  readonly enrolling?: boolean;
}[] = [
  {
    name: '安一鸣',
    room: '301',
    evening: [
      ['out', 1_080],
      ['in', 1_290],
    ],
  },
  { name: '白雪', room: '301', evening: [['in', 1_325]] },
  {
    name: '曹文轩',
    room: '302',
    evening: [
      ['out', 1_100],
      ['in', 1_395],
    ],
  },
  { name: '丁香', room: '302', evening: [['in', 1_260]] },
  { name: '范思远', room: '303', evening: [['out', 1_140]] },
  {
    name: '高晓风',
    room: '303',
    evening: [
      ['out', 1_200],
      ['in', 1_570],
    ],
  },
  { name: '何苗', room: '304', evening: [['out', 600]], leave: true },
  { name: '江南', room: '304', evening: [['in', 1_180]] },
  { name: '孔令仪', room: '305', evening: [] },
  { name: '罗小满', room: '305', evening: [['in', 1_350]] },
  {
    name: '欧阳静',
    room: '306',
    evening: [
      ['out', 1_000],
      ['in', 1_310],
    ],
  },
  { name: '新生甲', room: '401', evening: [], enrolling: true },
];
const numberOf = (index: number): string => `20260301${String(index + 1).padStart(2, '0')}`;

/** Puts residents, a leave and a new student into the hall, once. */
export function seedDormRequests(hall: Pick<ReferenceHall, 'requests'>, clock: Clock): void {
  if (hall.requests.list(500).some(({ kind }) => kind === 'roster')) return;
  const now = clock.now();
  const window = { validFrom: iso(epochMs(now - 30 * DAY)), validUntil: iso(plus(now, hours(24 * 300))) };
  for (const [index, { name, room, leave, enrolling }] of RESIDENTS.entries()) {
    const number = numberOf(index);
    const digits = `11010120050${String(index % 9)}0${String((index % 9) + 1)}0${String(index).padStart(2, '0')}`.slice(
      0,
      17,
    );
    const data = {
      person: { number, name, category: 'student', unit: '计算机学院' },
      credentials: [{ type: 'resident-id', number: digits + residentIdCheckDigit(digits) }],
      areas: [DORM],
      dorm: { building: DORM, room, bed: String((index % 4) + 1) },
      ...(enrolling && { enrolling: { college: '计算机学院', steps: ['缴费'] } }),
    };
    unwrap(hall.requests.approve(unwrap(hall.requests.apply({ kind: 'roster', ...window, data }))));
    if (leave)
      unwrap(
        hall.requests.approve(
          unwrap(
            hall.requests.apply({
              kind: 'leave',
              validFrom: iso(epochMs(now - 2 * DAY)),
              validUntil: iso(plus(now, hours(48))),
              data: { student: { number, name }, type: 'personal' },
            }),
          ),
        ),
      );
  }
}

/**
 * Gives a new hub a past: what its dormitory's gates saw on the last evenings, and that they were watched. The lists of those
 * nights the hub then makes by itself.
 */
export function seedDormPast(dataDir: string, clock: Clock, timeZone: string): void {
  const dir = openDataDir(join(dataDir, 'hub'));
  try {
    const db = openStore({ dir, components: schemaComponents, clock });
    const results = createResultStore(db);
    if (results.since(DORM) === undefined) {
      const vault = openVault(dir, db);
      const { entries } = createGateStore(db);
      const campusClock = campusClockOf({ timeZone, holidays: [], workdays: [] });
      const now = clock.now();
      const start = neighbour(campusClock(now).date, -NIGHTS - 1);
      const instant = (date: string, minute: number): EpochMs => campusInstant(campusClock, date, minute);
      transact(db, () => {
        results.addNight({
          building: DORM,
          date: start,
          curfew: instant(start, 1_380),
          lateUntil: instant(start, 1_470),
          close: instant(start, 1_770),
          publishedAt: instant(start, 1_480),
          blind: [],
        });
        const watch = db.prepare('INSERT INTO device_health (device_id, at, state) VALUES (?, ?, ?)');
        for (const device of [...DORM_DEVICES.readers, ...DORM_DEVICES.turnstiles])
          watch.run(device, now - (NIGHTS + 4) * DAY, 'ready');
        db.prepare('INSERT INTO device_watch (one, at) VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at').run(
          now,
        );
        for (let night = 0, date = start; night <= NIGHTS + 1; night += 1, date = neighbour(date, 1))
          for (const [index, { evening }] of RESIDENTS.entries())
            for (const [way, minute] of evening) {
              // Every night a little different.
              const at = instant(date, minute + ((index + night) % 3) * 4);
              if (at >= now) continue;
              const subject = vault.match('member', numberOf(index)).toString('hex');
              entries.add({
                id: `demo-${date}-${index}-${minute}`,
                ...{ gateId: GATES[way], area: DORM, way, day: date, at, state: 'passed', subject },
                ...{ kind: 'roster', requestId: `demo-${numberOf(index)}`, person: 0, method: 'resident-id' },
              });
            }
      });
    }
    db.close();
  } finally {
    dir.release();
  }
}
