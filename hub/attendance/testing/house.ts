import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, iso, ms, ok, systemRandom } from '@hallhub/sync/base';
import { transact } from '@hallhub/sync/sqlite';
import { configSchema } from '../../config/index.ts';
import type { FloorParts } from '../../gates/testing/floor.ts';
import { createFloor } from '../../gates/testing/floor.ts';
import type { Notice } from '../../notifications/index.ts';
import type { Attendance, AttendanceDeps } from '../index.ts';
import { attendanceSchema, createAttendance } from '../index.ts';

/** Campus time: `23:05`, `+1 00:40`, of the evening of Friday 20 November 2026. */
export function at(text: string): EpochMs {
  const [, day = '0', hour = '0', minute = '0'] = /^(?:([+-]\d+) )?(\d\d):(\d\d)$/.exec(text) ?? [];
  return epochMs(Date.UTC(2026, 10, 20 + Number(day), Number(hour) - 8, Number(minute)));
}

const hallConfig = { url: 'https://hall.example.edu/', token: 'x'.repeat(16), keys: {} };

/** The attendance part of a configuration, defaults and all. */
export const attendanceConfig = (attendance: object) =>
  configSchema.parse({
    hub: { id: 'hub-1', label: { zh: '主校区', en: 'Main campus' }, campus: 'main' },
    hall: hallConfig,
    attendance,
  }).attendance;

export const CURFEW = { nights: [{ from: '23:00', lateUntil: '00:30' }], until: '05:30' };

/** A dormitory with one way in and one way out over real gates and a real database, on a clock moved by hand. */
export function createHouse(
  options: {
    readonly curfew?: object;
    readonly building?: object;
    readonly checkIn?: readonly object[];
    readonly host?: AttendanceDeps['host'];
  } = {},
) {
  const notices: Notice[] = [];
  const logged: string[] = [];
  const config = attendanceConfig({
    buildings: [
      {
        area: 'dorm-3',
        digest: [{ channel: 'wardens' }, { channel: 'people', to: 'zhao' }],
        alerts: [{ channel: 'wardens' }],
        ...options.building,
      },
    ],
    checkIn: options.checkIn ?? [],
  });
  let parts: FloorParts | undefined;
  let attendance: Attendance | undefined;
  const make = (from: FloorParts): Attendance =>
    createAttendance({
      ...from,
      random: systemRandom,
      host: options.host ?? { capability: () => undefined, onDevices: () => () => undefined },
      config,
      notifications: {
        notify: (notice) => {
          // As the outbox of messages does: a second notice of one name is not sent.
          if (notice.dedupe === undefined || !notices.some(({ dedupe }) => dedupe === notice.dedupe))
            notices.push(notice);
        },
      },
      fetchFile: () => Promise.resolve(ok(Buffer.from('a picture'))),
      log: (_, message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`),
    });
  const gate = (id: string, change: object = {}) => ({
    id,
    area: 'dorm-3',
    reader: `${id}-r`,
    barrier: `${id}-b`,
    passageSensor: `${id}-s`,
    ...change,
  });
  const floor = createFloor({
    now: at('12:00'),
    areas: [{ id: 'dorm-3', label: { zh: '三号楼', en: 'Dorm 3' }, curfew: options.curfew ?? CURFEW }],
    // The back door is an agent's: what happens there may be told late.
    gates: [
      gate('d3-in'),
      gate('d3-out', { direction: 'out' }),
      gate('back-in'),
      gate('back-out', { direction: 'out' }),
    ],
    devices: ['back-in', 'back-out'].flatMap((id) =>
      ['r', 'b', 's'].map((part) => ({
        id: `${id}-${part}`,
        profile: 'generic/any',
        label: { zh: '设备', en: 'Device' },
        agent: 'back',
        transport: { kind: 'memory' as const, name: id },
        params: {},
      })),
    ),
    neighbour: {
      schemas: [attendanceSchema],
      join: (from) => {
        parts = from;
        attendance = make(from);
        return {
          roster: attendance.following.roster(from.gates.handlers.roster),
          leave: attendance.following.leave(from.gates.handlers.leave),
        };
      },
    },
  });
  if (!attendance || !parts) throw new Error('the floor did not ask its neighbour in');
  let running = attendance;
  const joined = parts;
  running.start();
  let told = 0;
  const uid = (number: string): string => `04${number.padStart(6, '0')}`;
  const student = (number: string, change: object = {}) => ({
    person: { number, name: `学生${number}`, category: 'student' },
    credentials: [{ type: 'campus-card', uid: uid(number) }],
    areas: ['dorm-3'],
    dorm: { building: 'dorm-3', room: '412', counsellor: 'zhao' },
    ...change,
  });
  const subject = (number: string): string => floor.vault.match('member', number).toString('hex');

  return {
    floor,
    notices,
    logged,
    subject,
    student,
    get attendance() {
      return running;
    },
    /** The process ends, and another begins over the same database. */
    restart: (): void => {
      running.stop();
      running = make(joined);
      running.start();
    },
    stop: () => {
      running.stop();
    },
    /** Time goes on to a moment of the campus clock; timers run on the way. */
    until: (text: string): void => {
      const left = at(text) - floor.clock.now();
      if (left < 0) throw new Error(`${text} is past`);
      floor.clock.advance(ms(left));
    },
    resident: (number: string, change: object = {}): void => {
      floor.approve('roster', `R-${number}`, student(number, change), {
        from: at('-30 08:00'),
        until: at('+300 08:00'),
      });
    },
    leave: (number: string, from: string, until: string): void => {
      floor.approve(
        'leave',
        `L-${number}`,
        { student: { number, name: `学生${number}` }, type: 'personal' },
        { from: at(from), until: at(until) },
      );
    },
    /** Somebody shows their card and walks through, now. */
    goes: async (number: string, way: 'in' | 'out'): Promise<void> => {
      floor.uid(`d3-${way}-r`, uid(number));
      await floor.settle();
      floor.walk(`d3-${way}-s`, way);
      await floor.settle();
    },
    /** What an agent tells of the past, as it lies in the database afterwards. */
    late: (number: string, way: 'in' | 'out', when: string): void => {
      told += 1;
      const id = `back-${told}`;
      const gateId = `back-${way}`;
      const event = (type: string, data: object) => ({
        specversion: '1.0' as const,
        id: `${id}-${type}`,
        source: '/agents/back',
        type: `hallhub.gate.${type}.v1`,
        subject: gateId,
        time: iso(at(when)),
        hubsequence: told,
        data: { at: iso(at(when)), id, ...data },
      });
      const passId = `R-${number}#0`;
      const entry = { area: 'dorm-3', way, day: '20261120', state: 'releasing', companion: false, passId };
      transact(floor.db, () => {
        for (const one of [event('entry-added', entry), event('entry-settled', { state: 'passed' })]) {
          const refused = floor.gates.part.apply('back', one);
          if (refused) throw new Error(JSON.stringify(refused));
        }
      });
    },
    /** `<number> <status> <ground>` of a night. */
    list: (night = '20261120'): readonly string[] => {
      const view = running.night('dorm-3', night, true);
      if (!view.ok) return [view.error.code];
      const numberOf = new Map(Array.from({ length: 50 }, (_, n) => [subject(String(n)), String(n)]));
      return view.value.results
        .map(({ subject: of, status, ground }) => `${numberOf.get(of) ?? '?'} ${status} ${ground}`)
        .toSorted();
    },
    hall: () =>
      floor.outcomes.map(({ type, subject: of, data }) => {
        const { status, correction } = data as { status?: string; correction?: number };
        return [type.type.split('.').at(-2), of, status, correction].filter((part) => part !== undefined).join(' ');
      }),
  };
}
