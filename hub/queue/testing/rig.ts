import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ticket } from '@hallhub/device-drivers/capabilities';
import type { DeviceHealth, Receipt } from '@hallhub/device-drivers/kit';
import { createEmitter } from '@hallhub/device-drivers/kit';
import type { Code, Result } from '@hallhub/sync/base';
import { epochMs, failure, manualClock, ok, systemRandom } from '@hallhub/sync/base';
import type { NewEvent } from '@hallhub/sync/outbox';
import type { Appointment } from '@hallhub/sync/contract';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { auditSchema, createAudit } from '../../audit/index.ts';
import type { ConfigInput } from '../../config/index.ts';
import { configSchema } from '../../config/index.ts';
import { createVault } from '../../vault/index.ts';
import { createHallQueue } from '../compose.ts';
import type { CounterOrder } from '../orders.ts';
import { queueSchema } from '../schema.ts';

export type HallInput = NonNullable<NonNullable<ConfigInput['queue']>['halls']>[number];

/** Monday 2026-11-23, 10:00 in Shanghai. */
export const MONDAY = epochMs(Date.UTC(2026, 10, 23, 2));
const label = (text: string) => ({ zh: text, en: text });

export const HALL: HallInput = {
  id: 'main',
  label: { zh: '主楼大厅', en: 'Main hall' },
  hours: [{ from: '08:00', to: '17:00' }],
  services: [
    { id: 'records', label: label('records') },
    { id: 'enrolment', label: label('enrolment'), parent: 'records', quick: true, requests: ['certificate'] },
    { id: 'fees', label: label('fees'), prefix: 'B', documents: [label('card')], waitLimit: '20min' },
  ],
  counters: [
    {
      id: 'c1',
      label: { zh: '1号窗口', en: 'Counter 1' },
      services: ['enrolment', 'fees'],
      display: 'board',
      keypad: 'keys',
      ratingPad: 'pad',
    },
    { id: 'c2', label: { zh: '2号窗口', en: 'Counter 2' }, services: ['enrolment'] },
  ],
  buttonMachines: [
    {
      buttons: 'buttons',
      printer: 'printer',
      services: { 1: 'enrolment', 2: { service: 'enrolment', class: 'disabled' } },
    },
  ],
  kiosks: [{ kiosk: 'machine', printer: 'printer' }],
  classes: [
    { id: 'elder', label: label('elder'), rate: 2, selfDeclared: true },
    { id: 'disabled', label: label('disabled'), first: true },
  ],
  announcements: { speaker: 'speaker', languages: ['zh', 'en'] },
};

const DEVICES = ['board', 'keys', 'pad', 'buttons', 'printer', 'speaker'];

/** A queue over a real database file that can be dropped and opened again; its devices are driven by hand. */
export function openQueue({
  hall = HALL,
  file = join(mkdtempSync(join(tmpdir(), 'hallhub-queue-')), 'hub.db'),
  clock = manualClock(MONDAY),
  key = randomBytes(32),
}: {
  readonly hall?: HallInput;
  readonly file?: string;
  readonly clock?: ReturnType<typeof manualClock>;
  readonly key?: Buffer;
} = {}) {
  const db = openDatabase({ file });
  migrate({ db, components: [auditSchema, queueSchema] });
  const vault = createVault(key);
  const audit = createAudit({ db, clock });
  const config = configSchema.parse({
    hub: { id: 'hub', label: label('hub'), campus: 'main' },
    http: { names: ['hall.example.edu'], port: 443 },
    hall: { url: 'http://127.0.0.1:9', token: 'x'.repeat(16), keys: {} },
    devices: DEVICES.map((id) => ({
      ...{ id, profile: 'generic/any', label: label(id), transport: { kind: 'memory' as const, name: id } },
    })),
    kiosks: [{ id: 'machine', label: label('machine'), modes: ['ticket'] }],
    queue: { halls: [hall] },
  } satisfies ConfigInput);
  const broken = (error: unknown): never => {
    throw error instanceof Error ? error : new Error(String(error));
  };
  const told: NewEvent[] = [];
  const shown: (readonly string[])[] = [];
  /** What stood on the keypad's own display. */
  const onKeypad: (readonly string[])[] = [];
  /** How the board answers. */
  const board: { confirmation: 'acknowledged' | 'unconfirmed' } = { confirmation: 'acknowledged' };
  const said: { readonly text: string; readonly language: string; readonly chime: boolean }[] = [];
  /** Why the loudspeaker says nothing. */
  const speaker: { refusal?: Code; away?: boolean } = {};
  const warned: string[] = [];
  const asked: string[] = [];
  const papers: Ticket[] = [];
  const printerState: { refusal?: Code } = {};
  let speaking: (() => void)[] = [];
  const keys = createEmitter<{ keys: string; at: number }>(broken);
  const rating = createEmitter<{ score: number; at: number }>(broken);
  const button = createEmitter<{ button: number; pressed: boolean; at: number }>(broken);
  const keyButtons = createEmitter<{ button: number; name?: string; pressed: boolean; at: number }>(broken);
  const health = createEmitter<{ readonly deviceId: string; readonly health: DeviceHealth }>(broken);
  const done = (): Receipt => ok({ commandId: '1', confirmation: 'acknowledged', at: clock.now() });
  const capabilities: Readonly<Record<string, object>> = {
    'board/counterDisplay': {
      show: ({ args }: { args: { lines: readonly string[] } }) => {
        shown.push(args.lines);
        return Promise.resolve(ok({ commandId: '1', ...board, at: clock.now() }));
      },
    },
    'keys/keypad': { onKeys: keys.on },
    'keys/counterDisplay': {
      show: ({ args }: { args: { lines: readonly string[] } }) => {
        onKeypad.push(args.lines);
        return Promise.resolve(done());
      },
    },
    'keys/buttonPanel': { onButton: keyButtons.on },
    'pad/ratingPad': {
      onRating: rating.on,
      ask: ({ args }: { args: { counter: string } }) => {
        asked.push(args.counter);
        return Promise.resolve(done());
      },
    },
    'buttons/buttonPanel': { onButton: button.on },
    'printer/ticketPrinter': {
      status: () =>
        Promise.resolve(
          ok({
            ...{ online: true, cover: 'closed', error: false, at: clock.now() },
            paper: printerState.refusal === undefined ? 'ok' : 'end',
          }),
        ),
      print: ({ args }: { args: { ticket: Ticket } }) => {
        if (printerState.refusal !== undefined) return Promise.resolve(failure(printerState.refusal));
        papers.push(args.ticket);
        return Promise.resolve(done());
      },
    },
    'speaker/speaker': {
      say: ({ args }: { args: { text: string; language: string; chime: boolean } }) => {
        if (speaker.refusal !== undefined) return Promise.resolve(failure(speaker.refusal));
        said.push(args);
        return new Promise<Receipt>((resolve) => {
          speaking.push(() => {
            resolve(done());
          });
        });
      },
    },
  };
  const trust = { clock: true };
  const queue = createHallQueue({
    config,
    calendar: { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] },
    ...{ db, clock, random: systemRandom, vault, audit },
    outbox: {
      append: (event) => {
        told.push(event);
        return String(told.length);
      },
    },
    host: {
      capability: (id: string, name: string) =>
        (id === 'speaker' && speaker.away === true ? undefined : capabilities[`${id}/${name}`]) as never,
      health: () => ({ state: 'ready', since: clock.now() }),
      onDevices: () => () => undefined,
      onHealth: health.on,
    },
    requests: () => ({
      page: () => ({ changes: [], next: undefined }),
      get: (id) => ({
        ...{ id, kind: 'appointment', revision: 1, state: 'approved', validFrom: epochMs(0) },
        ...{ validUntil: epochMs(0), committedAt: epochMs(0), appliedAt: epochMs(0) },
      }),
    }),
    clockTrusted: () => trust.clock,
    log: (level, message) => {
      if (level !== 'info') warned.push(message);
    },
  });
  const leases = new Map<string, string>();
  const order = (counter: string, what: CounterOrder, clerk = 'li'): Result<void> =>
    queue.counters.order(counter, leases.get(counter) ?? '', { id: clerk }, what);
  return {
    ...{
      queue,
      db,
      clock,
      vault,
      audit,
      file,
      key,
      told,
      shown,
      onKeypad,
      board,
      said,
      speaker,
      warned,
      asked,
      papers,
      printerState,
      leases,
      trust,
      config,
    },
    ...{ order, keys, keyButtons, rating, button, health },
    /** Opens a counter for Li. */
    open: (counter: string, how: { readonly takeOver?: boolean; readonly services?: readonly string[] } = {}) => {
      const opened = queue.counters.open(counter, { id: 'li', name: 'Li' }, { takeOver: false, ...how });
      if (opened.ok) leases.set(counter, opened.value.lease);
      return opened;
    },
    take: (service = 'enrolment', more: Partial<Parameters<typeof queue.taking.take>[0]> = {}) =>
      queue.taking.take({ hall: hall.id, service, source: 'machine', by: 'kiosk:machine', ...more }),
    /** An appointment that the hall approved. `from` and `to` in minutes from now. */
    book: (id: string, from: number, to: number, more: Partial<Appointment> = {}) => {
      const at = (minute: number): string => new Date(clock.now() + minute * 60_000).toISOString();
      queue.appointments.handler.approve({
        ...{ op: 'upsert', kind: 'appointment', id, revision: 1, validFrom: epochMs(0), validUntil: epochMs(1) },
        committedAt: clock.now(),
        data: {
          person: { name: '刘一㛃', number: '2023010001' },
          ...{ hall: hall.id, service: 'enrolment', from: at(from), to: at(to) },
          ...more,
        },
      });
    },
    view: (counter = 'c1') => {
      const view = queue.views.counter(counter);
      if (!view.ok) throw new Error(view.error.code);
      return view.value;
    },
    hallConfig: () => {
      const found = queue.halls.get(hall.id);
      if (!found.ok) throw new Error(found.error.code);
      return found.value;
    },
    /** The speaker ends what it says. */
    spoken: () => {
      const now = speaking;
      speaking = [];
      for (const end of now) end();
    },
  };
}

export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);
