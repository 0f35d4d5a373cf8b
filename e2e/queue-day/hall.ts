import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from '../../hub/config/index.ts';
import type { CleanUp } from '../testing/clean-up.ts';
import type { HubProcess } from '../testing/hub-process.ts';
import { startHub } from '../testing/hub-process.ts';
import { logInAsFirst } from '../testing/staff.ts';
import type { Wire } from './wire.ts';
import { createWire } from './wire.ts';

type HallInput = NonNullable<NonNullable<ConfigInput['queue']>['halls']>[number];

/** What people come for, and how many minutes each takes. */
export const SERVICES = { enrolment: 4, transcript: 8, cards: 3 } as const;
export type ServiceName = keyof typeof SERVICES;
export const SERVICE_NAMES = Object.keys(SERVICES) as readonly ServiceName[];
/** Who does what: every sixth counter the same. */
const DESKS: readonly (readonly ServiceName[])[] = [
  ['enrolment', 'cards'],
  ['enrolment', 'transcript'],
  ['enrolment', 'transcript'],
  ['cards', 'enrolment'],
  ['transcript', 'enrolment', 'cards'],
  ['enrolment', 'cards'],
];
export const HALL = 'main';
const label = (text: string) => ({ zh: text, en: text });

export interface HallPlan {
  readonly counters: number;
  readonly machines: number;
  /** The port of each machine's ticket printer, by number; none: numbers stand on the screen. */
  readonly printers?: readonly number[];
  /** Halls with one counter and a loudspeaker without sound, for what is said. */
  readonly voices?: number;
  readonly httpPort?: number;
}

export const counterId = (index: number): string => `c${index + 1}`;
export const machineId = (index: number): string => `m${index + 1}`;
export const voiceHall = (index: number): string => `voice-${index + 1}`;

/** A hub with a hall as large as it may be, and everybody who works there logged in. */
export interface DayHub {
  readonly hub: HubProcess;
  readonly dataDir: string;
  readonly database: string;
  /** Logged in as the clerk with that number. @param address of its machine, 1 to 250 */
  clerk(index: number, address: number): Wire;
  /** A ticket machine. */
  machine(index: number, address: number): Wire;
  operator(): Wire;
  /** Somebody without an account. */
  anybody(address: number): Wire;
  /** After the one before has ended. */
  restart(): Promise<void>;
}

export async function openDay(plan: HallPlan, { later }: CleanUp): Promise<DayHub> {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-queue-day-'));
  later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const dataDir = join(folder, 'hub');
  const configFile = join(folder, 'hallhub.yaml');
  writeFileSync(configFile, JSON.stringify(configuration(plan)));
  const start = async (): Promise<HubProcess> => {
    const started = await startHub({ configFile, dataDir, httpPort: plan.httpPort ?? 0 });
    later(() => started.stop('SIGKILL'));
    return started;
  };
  let hub = await start();
  const url = (): string => hub.url;
  const first = await logInAsFirst(() => hub);
  const cookies = first.cookies().map(({ name, value }) => `${name}=${value}`);
  const clerkCookies: string[][] = [];
  const clerks = Math.min(MOST_CLERKS, plan.counters);
  for (let index = 0; index < clerks; index += 1) {
    const { token } = await first.ask<{ token: string }>('POST', '/api/invitations', {
      grants: [{ role: 'counter', area: '*' }],
    });
    const who = { login: `clerk-${index + 1}`, password: 'correct horse battery' };
    const wire = createWire({ url, address: index + 1 });
    await wire.good('POST', '/api/invitations/accept', { token, name: `窗口员${index + 1}`, ...who });
    await wire.good('POST', '/api/session', who);
    clerkCookies.push([...wire.cookies()]);
    wire.close();
  }
  const kioskCookies: string[][] = [];
  for (let index = 0; index < plan.machines; index += 1) {
    const wire = createWire({ url, address: index + 1 });
    await wire.good('POST', `/api/kiosks/${machineId(index)}/session`, {
      token: await hub.kioskToken(machineId(index)),
    });
    kioskCookies.push([...wire.cookies()]);
    wire.close();
  }
  const wireOf = (address: number, known: readonly string[] = []): Wire => {
    const wire = createWire({ url, address, cookies: known });
    later(() => {
      wire.close();
    });
    return wire;
  };
  return {
    get hub() {
      return hub;
    },
    dataDir,
    database: join(dataDir, 'hub.db'),
    clerk: (index, address) => wireOf(address, clerkCookies[index % clerks]),
    machine: (index, address) => wireOf(address, kioskCookies[index]),
    operator: () => wireOf(250, cookies),
    anybody: (address) => wireOf(address),
    restart: async () => {
      hub = await start();
    },
  };
}

/** Passwords take their time: beyond so many clerks, one works at several counters. */
const MOST_CLERKS = 8;

function configuration({ counters, machines, printers = [], voices = 0 }: HallPlan): ConfigInput {
  const kiosks = Array.from({ length: machines }, (_, index) => machineId(index));
  const speakers = Array.from({ length: voices }, (_, index) => `speaker-${index + 1}`);
  const allDay: HallInput['hours'] = [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '23:59' }];
  const main: HallInput = {
    ...{ id: HALL, label: { zh: '师生服务大厅', en: 'Service hall' }, hours: allDay },
    series: { last: 9_999, digits: 4 },
    services: SERVICE_NAMES.map((id, index) => ({
      ...{ id, label: label(id), prefix: 'ABC'.charAt(index), quick: true },
      usual: `${SERVICES[id]}min`,
    })),
    counters: Array.from({ length: counters }, (_, index) => ({
      id: counterId(index),
      label: { zh: `${index + 1}号窗口`, en: `Counter ${index + 1}` },
      services: [...(counters < DESKS.length ? SERVICE_NAMES : (DESKS[index % DESKS.length] ?? SERVICE_NAMES))],
    })),
    classes: [
      { id: 'elder', label: label('elder'), rate: 2 },
      { id: 'disabled', label: label('disabled'), first: true },
    ],
    kiosks: kiosks.map((kiosk, index) => ({
      kiosk,
      ...(printers.length > 0 && { printer: `printer-${(index % printers.length) + 1}` }),
    })),
  };
  return {
    hub: { id: 'hub-day', label: label('hub'), campus: 'main', timeZone: noonZone() },
    http: { host: '127.0.0.1', tls: { mode: 'off' } },
    hall: {
      url: 'http://127.0.0.1:9/',
      token: 'a-token-that-nobody-checks',
      keys: { 'hall-day': Buffer.alloc(32, 7).toString('base64') },
    },
    mqtt: { host: '127.0.0.1', port: 0, tls: 'off' },
    devices: [
      ...printers.map((port, index) => ({
        ...{ id: `printer-${index + 1}`, profile: 'generic/escpos-80mm-lan', label: label('printer') },
        transport: { kind: 'tcp' as const, host: '127.0.0.1', port },
      })),
      ...speakers.map((id) => ({
        ...{ id, profile: 'generic/audio-out', label: label(id) },
        transport: { kind: 'url' as const, url: `local:${id}` },
        params: { output: { via: 'null' } },
      })),
    ],
    kiosks: kiosks.map((id) => ({ id, label: label(id), modes: ['ticket'] })),
    queue: {
      halls: [
        main,
        ...speakers.map((speaker, index) => ({
          ...{ id: voiceHall(index), label: label(speaker), hours: allDay },
          services: [{ id: 'enrolment', label: label('enrolment') }],
          counters: [{ id: `v${index + 1}`, label: { zh: '1号窗口', en: 'Counter 1' }, services: ['enrolment'] }],
          announcements: { speaker, repeat: 1 },
        })),
      ],
    },
  };
}

/** A time zone in which it is about noon: no day ends while somebody works. */
function noonZone(): string {
  const ahead = 12 - new Date().getUTCHours();
  // The signs of these zones are turned round.
  return ahead === 0 ? 'Etc/GMT' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`;
}
