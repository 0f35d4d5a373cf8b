import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { PartContext } from '@hallhub/device-drivers/agent/station';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { DeviceHealth, Protocol } from '@hallhub/device-drivers/kit';
import { createMemoryLine } from '@hallhub/device-drivers/transports';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, manualClock, ms, seconds, unwrap } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase, transact } from '@hallhub/sync/sqlite';
import { lock8a80Protocol } from '../../../../device-drivers/protocols/lock-8a80/driver.ts';
import { boardLanguage as languageOf8a80 } from '../../../../device-drivers/protocols/lock-8a80/simulator.ts';
import { createLockHardware } from '../../../../device-drivers/protocols/lock-board/hardware.ts';
import type { BoardLanguage } from '../../../../device-drivers/protocols/lock-board/simulator.ts';
import { createLockBoardSimulator } from '../../../../device-drivers/protocols/lock-board/simulator.ts';
import { lockKerongProtocol } from '../../../../device-drivers/protocols/lock-kerong/driver.ts';
import { boardLanguage as languageOfKerong } from '../../../../device-drivers/protocols/lock-kerong/simulator.ts';
import { lockWinnsenProtocol } from '../../../../device-drivers/protocols/lock-winnsen/driver.ts';
import { boardLanguage as languageOfWinnsen } from '../../../../device-drivers/protocols/lock-winnsen/simulator.ts';
import { lockWklyProtocol } from '../../../../device-drivers/protocols/lock-wkly/driver.ts';
import { boardLanguage as languageOfWkly } from '../../../../device-drivers/protocols/lock-wkly/simulator.ts';
import type { EdgeCabinet, LockerPass, Size } from '../../cabinet-contract.ts';
import { lockersAtAgent } from '../part.ts';
import { edgeLockerSchema } from '../schema.ts';

const make8a80 = { stateBytes: 2, openBit: 0, groups: 'highest-first', openReply: 'own', timed: false } as const;

/** Boards of eight locks, by their bytes; those of KERONG know whether something is inside. */
export const BOARDS: Readonly<
  Record<string, readonly [Protocol, BoardLanguage, Readonly<Record<string, unknown>>, { readonly items: boolean }]>
> = {
  '8A/80': [lock8a80Protocol, languageOf8a80(make8a80), { stateBytes: 2 }, { items: false }],
  KERONG: [lockKerongProtocol, languageOfKerong(), { items: true }, { items: true }],
  WKLY: [lockWklyProtocol, languageOfWkly(), {}, { items: false }],
  Winnsen: [lockWinnsenProtocol, languageOfWinnsen('lock-status'), {}, { items: false }],
};

const LOCKS = 8;
const sizeOf = (lock: number): Size => (lock <= 4 ? 'small' : lock <= 6 ? 'medium' : 'large');
export const CABINET = 'north';
/** The label on the door of a lock. */
export const doorOf = (lock: number): string => `A${lock}`;

/** An order that does not grow old here. */
export const IN_TIME = Date.UTC(2100, 0, 1);

export interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A cabinet's agent over a real database, with a lock board of that kind at the other end of a line. */
export async function createRig(kind: keyof typeof BOARDS = 'KERONG', options: { readonly db?: Db } = {}) {
  const board = BOARDS[kind];
  if (!board) throw new Error(`no board ${kind}`);
  const [protocol, language, params, { items }] = board;
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const db = options.db ?? openDatabase({ file: ':memory:' });
  migrate({ db, components: [edgeLockerSchema] });
  const line = createMemoryLine({ name: 'lockers' });
  const hardware = createLockHardware(LOCKS);
  const boards = [{ address: 1, locks: LOCKS }];
  const simulator = createLockBoardSimulator({ transport: line.device, clock, boards, hardware, language });
  await simulator.start();
  const [driver] = unwrap(
    protocol.connect(
      {
        transport: { kind: 'memory', name: 'lockers', baudRate: 9_600 },
        devices: [{ deviceId: 'board', params: { boards, pollEveryMs: 200, ...params } }],
      },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  const { capabilities } = driver;
  const onHealth: typeof driver.onHealth = (listener) => driver.onHealth(listener);
  driver.start();
  const host = {
    capability: (_: string, name: 'cabinet') => capabilities[name],
    onDevices: () => () => undefined,
    onHealth: (listener: (event: { deviceId: string; health: DeviceHealth }) => void) =>
      onHealth((health) => {
        listener({ deviceId: 'board', health });
      }),
  } as unknown as AgentHost;

  const told: Told[] = [];
  let hubTime: EpochMs | undefined;
  let ids = 0;
  const context: PartContext = {
    append: (_what, { type, data }) => {
      told.push({ type: type.type.replace(/^hallhub\.locker\.|\.v1$/g, ''), data: data as Told['data'] });
    },
    clockReading: () => ({ at: clock.now(), mono: clock.monotonic(), run: 'test' }),
    hubNow: () => hubTime,
    pictureAge: () => ms(0),
    clockTrusted: () => true,
    connected: () => false,
    sealer: { seal: (plain) => plain, open: (sealed) => sealed },
  };
  const begin = () => {
    const at = lockersAtAgent({
      ...{ db, clock, log: () => undefined },
      random: (size) => Uint8Array.from({ length: size }, (_, n) => ((ids += 1) * 31 + n) % 256),
      match: (type, value) => Buffer.from(`${type}:${value}`.padEnd(16, '.').slice(0, 16)),
    });
    const part = at.part(context);
    if (at.cabinets()) throw new Error('somebody is answered before the doors are read');
    const leave = part.attend(host);
    const cabinets = at.cabinets();
    if (!cabinets) throw new Error('the part has made no cabinets');
    return { part, cabinets, leave };
  };
  let now = begin();
  const project = (op: 'upsert' | 'revoke', kindOf: string, id: string, data: unknown = {}): void => {
    transact(db, () => now.part.project({ op, kind: kindOf, id, data }));
    now.part.applied();
  };
  const cabinet: EdgeCabinet = {
    id: CABINET,
    label: { zh: '北区柜', en: 'North' },
    compartments: Array.from({ length: LOCKS }, (_, n) => ({
      ...{ id: doorOf(n + 1), size: sizeOf(n + 1), device: 'board', lock: n + 1 },
      ...{ contacts: true, items },
    })),
  };
  project('upsert', 'locker-cabinet', `locker-cabinet/${CABINET}`, cabinet);
  await clock.advanceAsync(seconds(5));

  return {
    ...{ db, clock, hardware, simulator, told, project, cabinet },
    cabinets: () => now.cabinets,
    part: () => now.part,
    hash: (kindOf: string, value: string): string =>
      Buffer.from(`${kindOf}:${value}`.padEnd(16, '.').slice(0, 16)).toString('hex'),
    /** The hub lets whoever knows `code` do that. */
    allow(purpose: LockerPass['purpose'], item: string, code: string, more: Partial<LockerPass> = {}): string {
      const id = `${purpose}-${item}`;
      const hash = Buffer.from(`locker-code:${code}`.padEnd(16, '.').slice(0, 16)).toString('hex');
      const pass: LockerPass = {
        ...{ id, cabinet: CABINET, purpose, item, size: 'small', credentials: [{ kind: 'locker-code', hash }] },
        ...{ validFrom: clock.now() - 1, validTo: clock.now() + hours(72) },
        ...more,
      };
      project('upsert', 'locker-pass', `locker-pass/${id}`, pass);
      return id;
    },
    door: (compartment: string) => {
      const doors = now.cabinets.doors(CABINET);
      const found = doors.ok ? doors.value.find((one) => one.compartment === compartment) : undefined;
      if (!found) throw new Error(`no door ${compartment}`);
      return found;
    },
    pass: (time: number) => clock.advanceAsync(seconds(time)),
    /** The power comes back: a new process over the same database. */
    async restart(): Promise<void> {
      now.leave();
      now = begin();
      await clock.advanceAsync(seconds(3));
    },
    setHubTime: (time: EpochMs | undefined): void => {
      hubTime = time;
    },
    async stop(): Promise<void> {
      now.leave();
      await driver.stop();
      await simulator.stop();
      if (!options.db) db.close();
    },
  };
}
export type Rig = Awaited<ReturnType<typeof createRig>>;
