import { writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@hallhub/sync/sqlite';
import type { HubProcess } from '../e2e/testing/hub-process.ts';
import { startHub } from '../e2e/testing/hub-process.ts';
import { FIRST_OPERATOR } from '../e2e/testing/staff.ts';
import { until } from '../e2e/testing/until.ts';
import type { LoadAgent, LoadBoard, LoadOptions } from './kit/agents-main.ts';
import type { Child } from './kit/children.ts';
import { cpuSecondsOf, memoryOf, pause, startChild } from './kit/children.ts';
import { withFolder } from './kit/folder.ts';
import { MiB, median, quantile, remark, report } from './kit/measure.ts';

/*
 * A hub as users start it, with its own broker, and 1,000 devices on 50 agents: each agent with credentials and an MQTT
 * connection of its own, two buses and ten Modbus boards on each, which speak their own bytes over lines in memory. Half
 * the boards are gates through which people walk and which are ordered to open; the others are switches, one of which is
 * always in trouble. The baseline is the same with 10 devices on one bus of one agent, and as many events of each device.
 *
 * Commands go through the API, as from twenty workstations. A command's time is the hub's own: from the moment at which
 * it was asked to the record of what its device said.
 */
const MANY = 50;
const BOARDS_PER_BUS = 10;
const WORKSTATIONS = 20;
const PER_SECOND = 100;
const FEW_PER_SECOND = 10;
/** What a bus carries of orders, at least; more would wait until they expire. */
const BUS_PER_SECOND = 20;
const WINDOW_MS = 10_000;
const BURST_MS = 6_000;
const IN_FLIGHT = 64;
const POLL_EVERY_MS = 2_000;
const CONTACT_MS = 5_000;
const TROUBLE_EVERY_MS = 1_000;
const SETTLING_MS = 3_000;
const LOOKS = 20;
/** The hub allows so many requests a second from one address. */
const ALLOWED_PER_SECOND = 20;

type Boards = readonly (LoadBoard & { readonly id: string; readonly agent: string })[];

const manyBoards: Boards = Array.from({ length: MANY }, (_, agent) =>
  ['north', 'south'].flatMap((side) => busOf(`agent-${agent}`, side)),
).flat();
const fewBoards: Boards = busOf('agent-0', 'north');

function busOf(agent: string, side: string): Boards {
  return Array.from({ length: BOARDS_PER_BUS }, (_, board) => ({
    id: `${agent}-${side}-${board}`,
    agent,
    bus: `/dev/serial/by-id/${agent}-${side}`,
    unit: board + 1,
    kind: board % 2 === 0 ? 'gate' : 'switch',
  }));
}

function configuration(boards: Boards): object {
  const label = { zh: '测试', en: 'Bench' };
  return {
    hub: { id: 'hub-bench', label, campus: 'main' },
    http: { host: '127.0.0.1', tls: { mode: 'off' } },
    hall: {
      url: 'http://127.0.0.1:9/',
      token: 'a-token-that-nobody-checks',
      keys: { 'hall-bench': Buffer.alloc(32, 7).toString('base64') },
    },
    mqtt: { host: '127.0.0.1', port: 0, tls: 'off' },
    agents: [...new Set(boards.map(({ agent }) => agent))].map((id) => ({ id, label })),
    devices: boards.map(({ id, agent, bus, unit, kind }) => ({
      ...{ id, label, agent },
      profile: kind === 'gate' ? 'generic/modbus-relay-flash' : 'generic/modbus-relay8-input8',
      transport: { kind: 'serial', path: bus, baudRate: 115_200 },
      params: {
        ...{ unit, pollEveryMs: POLL_EVERY_MS },
        ...(kind === 'switch' && { switch: { channels: 8, pulse: 'flash-on', readEveryMs: 5_000 } }),
      },
    })),
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}
type Ask = (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<Answer>;

/** One operator at several workstations: each has an address and a connection of its own. */
function operatorOf(hub: HubProcess): Ask {
  const agents = Array.from(
    { length: WORKSTATIONS },
    (_, index) => new Agent({ keepAlive: true, localAddress: `127.0.0.${index + 2}` }),
  );
  let cookie = '';
  let asked = 0;
  return (method, path, body) => {
    asked += 1;
    const [workstation, key] = [asked % WORKSTATIONS, `bench-key-${asked}`];
    const attempt = (again: boolean): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const payload = body === undefined ? '' : JSON.stringify(body);
        const ask = request(
          new URL(path, hub.url),
          {
            method,
            agent: agents[workstation],
            headers: {
              ...{ 'x-hallhub': '1', cookie, 'idempotency-key': key },
              ...(body !== undefined && { 'content-type': 'application/json' }),
              'content-length': Buffer.byteLength(payload),
            },
          },
          (response) => {
            const [set] = response.headers['set-cookie'] ?? [];
            if (set !== undefined) cookie = set.split(';')[0] ?? '';
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => {
              const text = Buffer.concat(chunks).toString();
              resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
            });
          },
        );
        // The hub may close a connection that was idle in the moment of asking; under the same key nothing is done twice.
        ask.on('error', (error) => {
          if (again) resolve(attempt(false));
          else reject(error);
        });
        ask.end(payload);
      });
    return attempt(true);
  };
}

async function good<T>(answer: Promise<Answer>): Promise<T> {
  const { status, body } = await answer;
  if (status >= 400) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body as T;
}

interface DeviceList {
  readonly devices: readonly { readonly health: { readonly state: string } }[];
}
interface Status {
  readonly walked: number;
  readonly reported: number;
  readonly events: number;
  readonly refused: number;
  readonly pending: number;
}

interface Measured {
  readonly readyMs: number;
  readonly idleCpu: number;
  readonly busyCpu: number;
  /** Of the process with the agents and the boards. */
  readonly loadCpu: number;
  readonly rss: number;
  readonly took: readonly number[];
  readonly burstPerSecond: number;
  readonly listMs: number;
  readonly listBytes: number;
  readonly commands: number;
  readonly expired: number;
  readonly events: number;
  /** Closings of a contact that the agents saw, of all that there were. */
  readonly seen: number;
  readonly lost: number;
}

const tell = async (load: Child, told: object): Promise<Status> => {
  load.process.stdin?.write(`${JSON.stringify(told)}\n`);
  return (await load.next()) as unknown as Status;
};

/** Per cent of one core that a process takes while `work` goes on. */
async function cpuWhile(pid: number, work: Promise<unknown>): Promise<number> {
  const [begun, before] = [performance.now(), cpuSecondsOf(pid)];
  await work;
  return ((cpuSecondsOf(pid) - before) / ((performance.now() - begun) / 1_000)) * 100;
}

async function measure(folder: string, boards: Boards, perSecond: number): Promise<Measured> {
  await mkdir(folder, { recursive: true });
  const configFile = join(folder, 'hallhub.yaml');
  writeFileSync(configFile, JSON.stringify(configuration(boards)));
  const hub = await startHub({ configFile, dataDir: join(folder, 'hub') });
  const options: LoadOptions = {
    hub: hub.url,
    folder: join(folder, 'agents'),
    contactMs: CONTACT_MS,
    troubleEveryMs: TROUBLE_EVERY_MS,
  };
  const load = startChild(join(import.meta.dirname, 'kit/agents-main.ts'), [JSON.stringify(options)]);
  try {
    const ask = operatorOf(hub);
    const { login, password } = FIRST_OPERATOR;
    await good(ask('POST', '/api/invitations/accept', { token: await hub.firstOperatorToken(), ...FIRST_OPERATOR }));
    await good(ask('POST', '/api/session', { login, password }));

    const begun = performance.now();
    const ids = [...new Set(boards.map(({ agent }) => agent))];
    for (const id of ids) {
      const { code } = await good<{ code: string }>(ask('POST', `/api/agents/${id}/code`));
      const agent: LoadAgent = { id, code, boards: boards.filter((board) => board.agent === id) };
      await tell(load, { do: 'join', agents: [agent] });
    }
    const readyOf = ({ devices }: DeviceList): number =>
      devices.filter(({ health }) => health.state === 'ready').length;
    await until(
      'every device is ready',
      async () => readyOf(await good(ask('GET', '/api/devices'))) === boards.length,
      {
        within: 60_000,
        every: 100,
      },
    );
    const readyMs = performance.now() - begun;

    await tell(load, { do: 'flow' });
    await pause(SETTLING_MS);
    const idleCpu = await cpuWhile(hub.pid, pause(WINDOW_MS));

    const buses = new Set(boards.map(({ bus }) => bus)).size;
    const gates = boards.filter(({ kind }) => kind === 'gate');
    const refusals: unknown[] = [];
    let sent = 0;
    const command = async (): Promise<void> => {
      const n = (sent += 1);
      const { status, body } = await ask('POST', `/api/devices/${gates[n % gates.length]?.id ?? ''}/commands`, {
        ...{ capability: 'barrier', command: 'open', lifetime: 15_000, confirmed: true },
        args: { direction: 'in', hold: 300 },
      });
      if (status >= 400) refusals.push({ status, body });
    };
    const db = openDatabase({ file: join(folder, 'hub', 'hub.db') });
    const unfinished = db
      .prepare<[], number>("SELECT count(*) FROM device_command WHERE state IN ('queued', 'sent')")
      .pluck();
    const allEnded = () => until('every command ends', () => unfinished.get() === 0, { within: 30_000, every: 50 });

    const paced = async (): Promise<void> => {
      const open: Promise<void>[] = [];
      const start = performance.now();
      for (let n = 0; n < (WINDOW_MS / 1_000) * perSecond; n += 1) {
        const due = start + (n * 1_000) / perSecond - performance.now();
        if (due > 0) await pause(due);
        open.push(command());
      }
      await Promise.all(open);
    };
    const pacing = paced();
    const loadCpuing = cpuWhile(load.process.pid ?? 0, pacing);
    const busyCpu = await cpuWhile(hub.pid, pacing);
    const loadCpu = await loadCpuing;
    await allEnded();
    const took = db
      .prepare<[], number>(
        `SELECT min(step.at) - issued_at FROM device_command JOIN device_command_step AS step ON command_id = id
         WHERE step.state IN ('acknowledged', 'observed') GROUP BY id`,
      )
      .pluck()
      .all();
    const { now: rss } = memoryOf(hub.pid);

    const burstBegun = performance.now();
    const burstFrom = sent;
    const mostInBurst = (BURST_MS / 1_000) * Math.min(WORKSTATIONS * ALLOWED_PER_SECOND, buses * BUS_PER_SECOND);
    const worker = async (): Promise<void> => {
      while (performance.now() - burstBegun < BURST_MS && sent - burstFrom < mostInBurst) await command();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
    await allEnded();
    const burstPerSecond = ((sent - burstFrom) / (performance.now() - burstBegun)) * 1_000;

    const looks: number[] = [];
    let listBytes = 0;
    for (let look = 0; look < LOOKS; look += 1) {
      const at = performance.now();
      const list = await good<DeviceList>(ask('GET', '/api/devices'));
      looks.push(performance.now() - at);
      listBytes = JSON.stringify(list).length;
      await pause(50);
    }

    await tell(load, { do: 'still' });
    await pause(POLL_EVERY_MS + TROUBLE_EVERY_MS);
    const status = await until('nothing waits to go up', async () => {
      const now = await tell(load, { do: 'status' });
      return now.pending === 0 && now;
    });
    const received = db.prepare<[], number>('SELECT count(*) FROM received_event WHERE rejected IS NULL').pluck().get();
    const contiguous = db.prepare<[], number>('SELECT sum(contiguous) FROM received_position').pluck().get();
    const states = db
      .prepare<[], { state: string; n: number }>('SELECT state, count(*) AS n FROM device_command GROUP BY state')
      .all();
    db.close();
    const recorded = states.reduce((sum, { n }) => sum + n, 0);
    const ended = states.reduce(
      (sum, { state, n }) => (['acknowledged', 'observed', 'expired'].includes(state) ? sum + n : sum),
      0,
    );
    remark(
      `${boards.length} devices: ${JSON.stringify({ states, refusals: refusals.length, ...status, received, contiguous })}`,
    );
    const lost =
      Math.abs(sent - refusals.length - recorded) +
      (recorded - ended) +
      Math.abs(status.events - (received ?? 0)) +
      Math.abs(status.events - (contiguous ?? 0)) +
      status.refused;
    if (refusals.length > 0) remark(`refused: ${JSON.stringify(refusals[0])}`);
    return {
      ...{ readyMs, idleCpu, busyCpu, loadCpu, rss, took, burstPerSecond, listMs: median(looks), listBytes },
      ...{
        commands: recorded,
        expired: states.find(({ state }) => state === 'expired')?.n ?? 0,
        events: received ?? 0,
        seen: status.reported / status.walked,
        lost,
      },
    };
  } finally {
    await load.end('SIGKILL');
    await hub.stop('SIGTERM');
  }
}

await withFolder(async (folder) => {
  const few = await measure(join(folder, 'few-1'), fewBoards, FEW_PER_SECOND);
  const many = await measure(join(folder, 'many'), manyBoards, PER_SECOND);
  const compare = (what: string, unit: string, of: (run: Measured) => number, extra: Record<string, unknown> = {}) => {
    report({
      name: `devices/${what}`,
      value: of(many),
      unit,
      baseline: 'the same with 10 devices on one bus of one agent',
      baselineValue: of(few),
      ...extra,
    });
  };
  const rates = { commandsPerSecond: PER_SECOND, baselineCommandsPerSecond: FEW_PER_SECOND };
  compare('ready', 'ms', ({ readyMs }) => readyMs, { agents: MANY, devices: manyBoards.length });
  compare('idle-cpu', '% of a core', ({ idleCpu }) => idleCpu, { note: 'events flow, nobody commands' });
  compare('cpu', '% of a core', ({ busyCpu }) => busyCpu, { ...rates, loadCpu: many.loadCpu });
  compare('memory', 'MiB', ({ rss }) => rss / MiB);
  for (const [label, q] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const)
    compare(`acknowledged-${label}`, 'ms', ({ took }) => quantile(took, q), {
      ...rates,
      worst: Math.max(...many.took),
      samples: many.took.length,
    });
  compare('commands', 'commands/s', ({ burstPerSecond }) => burstPerSecond, { inFlight: IN_FLIGHT });
  compare('list', 'ms', ({ listMs }) => listMs, { kibibytes: many.listBytes / 1_024 });
  compare('lost', 'commands and events', ({ lost }) => lost, {
    aim: 'value = 0',
    commands: many.commands,
    expired: many.expired,
    events: many.events,
  });
  compare('contacts-seen', 'share', ({ seen }) => seen, {
    note: 'a contact is closed for 5 s and asked for every 2 s; what a crowded load process misses was never an event',
  });
});
