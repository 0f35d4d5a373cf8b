import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type EpochMs,
  type ManualClock,
  err,
  iso,
  manualClock,
  minutes,
  ms,
  ok,
  plus,
  seconds,
  systemRandom,
} from '@hallhub/sync/base';
import type { CloudEvent } from '@hallhub/sync/contract';
import { type Outbox, createOutbox } from '@hallhub/sync/outbox';
import { type Db, aesGcmSealer, migrate, openDatabase, outboxSchema, sqliteOutboxStore } from '@hallhub/sync/sqlite';
import type { OpenCommand } from '../../capabilities/index.ts';
import { type Receipt, silentLog } from '../../kit/index.ts';
import type { AgentHost } from '../types.ts';
import { createCommandInbox } from './command-inbox.ts';
import {
  type AgentDevice,
  type CommandMessage,
  commandSettled,
  deviceReported,
  eventsShed,
  healthChanged,
  logged,
} from './contract.ts';
import { noteStart } from './crash-loop.ts';
import { createForwardingLog } from './log-forwarder.ts';
import { createSheddingOutbox } from './shedding.ts';
import { createStationStore, stationSchema } from './store.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

const FAR = 4_000_000_000_000 as EpochMs;
const sealer = aesGcmSealer(new Uint8Array(32).fill(3));

let clock: ManualClock;
let db: Db;
let sent: CloudEvent[];
let outbox: Outbox;

const keeping = () => ({ db, store: createStationStore({ db, sealer, newId: () => 'disk' }) });

/** An outbox whose other end takes everything, or nothing. */
function openOutbox(isReachable: () => boolean): Outbox {
  return createOutbox({
    store: sqliteOutboxStore({ db, name: 'hub', sealer: aesGcmSealer(new Uint8Array(32)) }),
    hub: 'gate-1',
    epoch: 1,
    clock,
    random: systemRandom,
    sink: {
      send: ({ events }) => {
        if (!isReachable()) return Promise.resolve(err({ code: 'E-SYNC-0101', class: 'retry' }));
        sent.push(...events);
        return Promise.resolve(
          ok({
            answers: events.map(({ id }) => ({ id, status: 'accepted' as const })),
            highestContiguous: events.at(-1)?.hubsequence ?? 0,
            sinkTime: clock.now(),
          }),
        );
      },
      position: () => Promise.resolve(ok({ answers: [], highestContiguous: 0, sinkTime: clock.now() })),
      putAttachment: () => Promise.resolve(ok()),
    },
  });
}

beforeEach(() => {
  clock = manualClock();
  db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [outboxSchema, stationSchema] });
  sent = [];
});
afterEach(async () => {
  await outbox.stop();
});

describe('commands on an agent', () => {
  let opened: OpenCommand[];
  let answer: (command: OpenCommand) => Promise<Receipt>;
  const never = (): Promise<never> => new Promise(() => undefined);
  const message = (over: Partial<CommandMessage> = {}): Uint8Array =>
    encodeMessage({
      id: 'c1',
      device: 'barrier',
      capability: 'barrier',
      name: 'open',
      args: { hold: 700, direction: 'in' },
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), seconds(5)),
      issuedBy: 'pass:1',
      ...over,
    });
  const inbox = (offset: number | null = 0) => {
    const store = createStationStore({ db, sealer, newId: () => 'disk' });
    return createCommandInbox({
      db,
      store,
      outbox,
      clock,
      log: silentLog,
      hubTime: {
        latest: () => (offset === null ? undefined : ((clock.now() + offset) as EpochMs)),
        earliest: () => (offset === null ? undefined : ((clock.now() + offset) as EpochMs)),
      },
      host: () =>
        ({
          capability: (device: string) =>
            device === 'barrier'
              ? {
                  open: (command: OpenCommand) => {
                    opened.push(command);
                    return answer(command);
                  },
                }
              : undefined,
        }) as unknown as AgentHost,
    });
  };
  const settled = async (): Promise<readonly unknown[]> => {
    await clock.advanceAsync(seconds(1));
    return sent.filter(({ type }) => type === commandSettled.type).map(({ data }) => data);
  };

  beforeEach(() => {
    outbox = openOutbox(() => true);
    outbox.start();
    opened = [];
    answer = (command) => Promise.resolve(ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }));
  });

  it('are done once, however often they come, and their receipt goes up once', async () => {
    const commands = inbox();
    for (let time = 0; time < 5; time += 1) commands.receive(message());
    await clock.advanceAsync(minutes(30));
    commands.receive(message());
    expect(await settled()).toMatchObject([{ command: 'c1', confirmation: 'acknowledged' }]);
    expect(opened).toHaveLength(1);
    // A new life of the agent remembers as well.
    inbox().receive(message());
    expect(await settled()).toHaveLength(1);
    expect(opened).toHaveLength(1);
  });

  it.each([
    ['too late', {}, 0, seconds(6), 'E-DEV-0201'],
    ['too late by the hub’s clock, which is ahead', {}, 10_000, ms(0), 'E-DEV-0201'],
    ['before the hub’s time is known', {}, null, ms(0), 'E-DEV-0201'],
    ['that is to live for a moment, in years', { issuedAt: FAR, expiresAt: FAR }, 0, ms(0), 'E-DEV-0201'],
    ['issued after its expiry', { issuedAt: FAR }, 0, ms(0), 'E-DEV-0201'],
    ['with a life of a day', { expiresAt: 1_767_225_600_000 + 86_400_000 }, 0, ms(0), 'E-DEV-0201'],
    ['for a device that is not here', { device: 'other' }, 0, ms(0), 'E-DEV-0203'],
    ['that the capability does not have', { name: 'explode' }, 0, ms(0), 'E-DEV-0203'],
    ['with arguments that make no sense', { args: { hold: 'long', direction: 'in' } }, 0, ms(0), 'E-DEV-0302'],
  ] as const)('are refused %s, and do nothing', async (_what, over, offset, later, code) => {
    const payload = message(over);
    clock.advance(later);
    inbox(offset).receive(payload);
    expect(await settled()).toMatchObject([{ command: 'c1', failure: { code } }]);
    expect(opened).toEqual([]);
  });

  it('whose hub has another clock are done in the hub’s time', async () => {
    const hub = minutes(37);
    const now = (clock.now() + hub) as EpochMs;
    inbox(hub).receive(message({ issuedAt: now, expiresAt: plus(now, seconds(5)) }));
    expect(await settled()).toMatchObject([{ confirmation: 'acknowledged' }]);
    expect(opened[0]?.expiresAt).toBe(plus(opened[0]?.issuedAt ?? (0 as EpochMs), seconds(5)));
  });

  it('in whose middle the agent died are reported as that, and not done again', async () => {
    answer = never;
    inbox().receive(message());
    expect(await settled()).toEqual([]);
    const next = inbox();
    next.recover();
    next.recover();
    next.receive(message());
    expect(await settled()).toMatchObject([{ command: 'c1', failure: { code: 'E-DEV-0206' } }]);
    expect(opened).toHaveLength(1);
  });

  it('that take long are not called interrupted meanwhile', async () => {
    let finish: (receipt: Receipt) => void = () => undefined;
    answer = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const commands = inbox();
    commands.receive(message());
    await clock.advanceAsync(minutes(5));
    commands.tidy();
    expect(await settled()).toEqual([]);
    finish(ok({ commandId: 'c1', confirmation: 'observed', at: clock.now() }));
    expect(await settled()).toMatchObject([{ command: 'c1', confirmation: 'observed' }]);
  });

  it('that are none, or a driver that throws, harm nobody', async () => {
    answer = () => {
      throw new Error('a driver that throws');
    };
    const commands = inbox();
    for (const odd of ['', '[]', '{"id":5}', 'null']) commands.receive(Buffer.from(odd));
    commands.receive(message());
    expect(await settled()).toMatchObject([{ failure: { code: 'E-DEV-0303' } }]);
  });
});

const reading = { at: 0, mono: 0, run: 'run' };

describe('an outbox with an end', () => {
  it('keeps what matters longest', () => {
    outbox = openOutbox(() => false);
    const shedding = createSheddingOutbox({ ...keeping(), outbox, clock, agent: 'gate-1', most: 10 });
    const health = { state: 'ready' as const, since: clock.now() };
    const at = iso(clock.now());
    for (let count = 0; count < 12; count += 1) {
      shedding.append('logs', {
        type: logged,
        subject: 'gate-1',
        data: { at, level: 'warn', message: 'm', fields: {}, suppressed: 0 },
      });
    }
    expect(outbox.status().pending).toBe(8);
    shedding.append('health', { type: healthChanged, subject: 'd', data: { clock: reading, health } });
    shedding.append('health', { type: healthChanged, subject: 'd', data: { clock: reading, health } });
    expect(outbox.status().pending).toBe(9);
    for (let count = 0; count < 3; count += 1) {
      shedding.append('reports', {
        type: deviceReported,
        subject: 'd',
        data: { clock: reading, capability: 'passageSensor', event: 'passage', data: {} },
      });
    }
    expect(outbox.status().pending).toBe(10);
    shedding.confess();
    expect(outbox.status().pending).toBe(10);
  });

  it('confesses once, with all the counts', async () => {
    let reachable = false;
    outbox = openOutbox(() => reachable);
    outbox.start();
    const shedding = createSheddingOutbox({ ...keeping(), outbox, clock, agent: 'gate-1', most: 4 });
    for (let count = 0; count < 6; count += 1) {
      shedding.append('reports', {
        type: deviceReported,
        subject: 'd',
        data: { clock: reading, capability: 'passageSensor', event: 'passage', data: { count } },
      });
    }
    reachable = true;
    await clock.advanceAsync(minutes(3));
    shedding.confess();
    shedding.confess();
    await clock.advanceAsync(seconds(5));
    const told = sent.filter(({ type }) => type === eventsShed.type).map(({ data }) => data);
    expect(told).toMatchObject([{ logs: 0, health: 0, reports: 2 }]);
    expect(sent.filter(({ type }) => type === deviceReported.type)).toHaveLength(4);
  });
});

describe('what an agent has shed', () => {
  it('is confessed by the next process, once', async () => {
    let reachable = false;
    outbox = openOutbox(() => reachable);
    outbox.start();
    const open = () => createSheddingOutbox({ ...keeping(), outbox, clock, agent: 'gate-1', most: 1 });
    const first = open();
    const since = iso(clock.now());
    const report = { type: deviceReported, subject: 'd' };
    for (const count of [1, 2, 3]) {
      first.append('reports', {
        ...report,
        data: { clock: reading, capability: 'passageSensor', event: 'passage', data: { count } },
      });
    }
    reachable = true;
    await clock.advanceAsync(minutes(3));
    open().confess();
    open().confess();
    await clock.advanceAsync(seconds(5));
    expect(sent.filter(({ type }) => type === eventsShed.type).map(({ data }) => data)).toMatchObject([
      { since, reports: 2, logs: 0 },
    ]);
  });
});

describe('log lines of an agent', () => {
  it('go up when they are warnings or errors, at a bounded rate', async () => {
    outbox = openOutbox(() => true);
    outbox.start();
    const forwarding = createForwardingLog({ log: silentLog, clock, agent: 'gate-1' });
    forwarding.to(createSheddingOutbox({ ...keeping(), outbox, clock, agent: 'gate-1' }));
    forwarding.log.info({}, 'not this');
    for (let count = 0; count < 50; count += 1) {
      forwarding.log.error({ error: new TypeError('broken'), deep: { a: 1 }, port: 3 }, `line ${count}`);
    }
    await clock.advanceAsync(minutes(2));
    forwarding.log.warn({}, 'later');
    await clock.advanceAsync(seconds(1));
    const lines = sent.map(({ data }) => data as { message: string; fields: object; suppressed: number });
    expect(lines).toHaveLength(21);
    expect(lines[0]).toMatchObject({
      message: 'line 0',
      fields: { error: expect.stringMatching(/^TypeError at station\.test\.ts:\d+$/) as string, port: 3 },
    });
    expect(lines.at(-1)).toMatchObject({ message: 'later', suppressed: 30 });
    forwarding.stop();
  });

  it('carry nothing of a person, whatever a driver or a library says', async () => {
    outbox = openOutbox(() => true);
    outbox.start();
    const forwarding = createForwardingLog({ log: silentLog, clock, agent: 'gate-1' });
    forwarding.to(createSheddingOutbox({ ...keeping(), outbox, clock, agent: 'gate-1' }));
    forwarding.log.error(
      {
        code: 'E-DEV-0204',
        deviceId: 'south-reader',
        detail: 'unreadable: Zhang San 11010119900307123X',
        name: '张三',
        line: '/dev/ttyS0 11010119900307123X',
        card: { number: 123 },
        error: Object.assign(new Error('no such person: 张三'), { code: 'SQLITE_CONSTRAINT' }),
      },
      'the reader said 张三 11010119900307123X',
    );
    await clock.advanceAsync(seconds(1));
    const [line] = sent.map(({ data }) => data as { message: string; fields: Record<string, unknown> });
    expect(JSON.stringify(line)).not.toMatch(/张|Zhang|19900307/);
    expect(line).toMatchObject({
      message: 'the reader said … …',
      fields: { code: 'E-DEV-0204', deviceId: 'south-reader', line: '/dev/ttyS0 …' },
    });
    expect(Object.keys(line?.fields ?? {}).sort()).toEqual(['code', 'deviceId', 'error', 'line']);
    expect(line?.fields['error']).toMatch(/^Error SQLITE_CONSTRAINT at station\.test\.ts/);
    forwarding.stop();
  });
});

describe('devices at rest', () => {
  const key = '0011223344556677-a-key';
  const device: AgentDevice = {
    id: 'reader',
    profile: 'generic/osdp-reader-secure',
    transport: { kind: 'serial', path: '/dev/ttyS1', baudRate: 9600 },
    params: { key },
  };
  let folder: string;
  let file: string;
  /** Everything that lies on the disk, as text. */
  const onDisk = (): string =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('');
  beforeEach(() => {
    outbox = openOutbox(() => false);
    folder = mkdtempSync(join(tmpdir(), 'station-'));
    file = join(folder, 'agent.db');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('are readable to nobody who has the file alone', () => {
    const disk = openDatabase({ file });
    migrate({ db: disk, components: [stationSchema] });
    const store = createStationStore({ db: disk, sealer, newId: () => 'disk' });
    store.putDevice(device);
    expect(store.devices()).toEqual([device]);
    expect(onDisk()).not.toContain(key);
    expect(createStationStore({ db: disk, sealer, newId: () => 'other' }).devices()).toEqual([device]);
    disk.prepare("UPDATE station_device SET id = 'another'").run();
    expect(() => store.devices()).toThrow();
    disk.close();
  });

  it('that an earlier program left readable are sealed at the next start, without a trace', () => {
    const disk = openDatabase({ file });
    migrate({ db: disk, components: [{ ...stationSchema, migrations: stationSchema.migrations.slice(0, 1) }] });
    disk.prepare('INSERT INTO station_device VALUES (?, ?)').run(device.id, Buffer.from(JSON.stringify(device)));
    expect(onDisk()).toContain(key);
    migrate({ db: disk, components: [stationSchema] });
    const store = createStationStore({ db: disk, sealer, newId: () => 'disk' });
    expect(store.devices()).toEqual([device]);
    expect(onDisk()).not.toContain(key);
    disk.close();
  });
});

describe('starts', () => {
  let folder: string;
  beforeEach(() => {
    outbox = openOutbox(() => false);
    folder = mkdtempSync(join(tmpdir(), 'starts-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const start = () => noteStart({ file: join(folder, 'starts.json'), clock });

  it('that end soon again and again lead into the safe mode, until somebody leaves it', () => {
    for (let count = 0; count < 5; count += 1) expect(start().safeMode).toBeUndefined();
    const looping = start();
    expect(looping.safeMode).toContain('6 starts');
    looping.stable();
    expect(start().safeMode).toBeDefined();
    start().leave();
    expect(start().safeMode).toBeUndefined();
  });

  it('that last, end on purpose or lie long back do not count', () => {
    for (let count = 0; count < 10; count += 1) {
      const lasting = start();
      expect(lasting.safeMode).toBeUndefined();
      lasting.stable();
    }
    for (let count = 0; count < 10; count += 1) {
      const stopped = start();
      expect(stopped.safeMode).toBeUndefined();
      stopped.ended();
    }
    for (let count = 0; count < 10; count += 1) {
      expect(start().safeMode).toBeUndefined();
      clock.advance(minutes(4));
    }
  });

  it('with a damaged file, or none that can be written, are normal starts', () => {
    writeFileSync(join(folder, 'starts.json'), '{"starts": "many"');
    expect(start().safeMode).toBeUndefined();
    expect(noteStart({ file: join(folder, 'no', 'such', 'folder'), clock }).safeMode).toBeUndefined();
  });
});

describe('messages', () => {
  it('carry bytes, and everything else as JSON does', () => {
    outbox = openOutbox(() => false);
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array({ maxLength: 20 }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (inner) => {
        expect(decodeMessage(encodeMessage({ inner }))).toEqual({ inner });
      }),
    );
    expect(decodeMessage(Buffer.from('{"a":'))).toBeUndefined();
  });
});
