import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPtyPair, freePort } from '@hallhub/device-drivers/kit/testing';
import type { ScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import { createScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { unwrap } from '@hallhub/sync/base';
import type { GateEntry } from './agent-journal.ts';
import { entriesIn, holdsPass, reading } from './agent-journal.ts';
import { enrolAgent, startAgentProcess } from './agent-process.ts';
import type { Cable } from './cable.ts';
import { layCable } from './cable.ts';
import type { Campus } from './campus.ts';
import { GATE, startCampus } from './campus.ts';
import type { CleanUp } from './clean-up.ts';
import type { HttpClient } from './http-client.ts';
import type { HubProcess } from './hub-process.ts';
import type { Person } from './people.ts';
import type { Program } from './program.ts';
import type { ReaderProcess } from './reader.ts';
import { startReader } from './reader.ts';
import { logInAsFirst } from './staff.ts';
import type { Turnstile } from './turnstile.ts';
import { startTurnstile } from './turnstile.ts';
import { until } from './until.ts';

/** A gate behind an agent, with the wire to the hub in the test's hands. */
export interface RemoteGate {
  readonly id: string;
  readonly agent: string;
  readonly cable: Cable;
  readonly reader: ReaderProcess;
  readonly turnstile: Turnstile;
  /** Oldest first, as the agent has committed them. */
  entries(): readonly GateEntry[];
  /** The same as the hub has been told. */
  told(): readonly GateEntry[];
  /** Whether the agent holds this approval, and holds it to be good. */
  knows(requestId: string): boolean;
  /** Lays the card down until the gate has decided, and takes it away again. */
  swipe(who: Person): Promise<GateEntry>;
  /** Kills the agent's process. */
  kill(): Promise<void>;
  /** Begins it anew and waits until the gate decides again. */
  begin(): Promise<void>;
}

/** A gate for codes beside a remote gate, on the same agent: a scanner and a turnstile of its own, into the area `codes`. */
export interface CodeGate {
  readonly id: string;
  readonly turnstile: Turnstile;
  /** Shows a code and waits for the decision. */
  show(text: string): Promise<GateEntry>;
  /** Somebody walks through upon that decision. */
  passes(entry: GateEntry): Promise<unknown>;
  /** Whether its agent has heard that this code was taken elsewhere. */
  hasHeard(entry: GateEntry): boolean;
}

/** A hub and two gates, each behind an agent of its own that knows the hub under an address of its own. */
export interface TwoGates {
  readonly campus: Campus;
  readonly staff: HttpClient;
  readonly south: RemoteGate;
  readonly north: RemoteGate;
  /** Only where asked for. */
  readonly codes?: { readonly south: CodeGate; readonly north: CodeGate };
  killHub(): Promise<void>;
  beginHub(): Promise<void>;
}

interface Place {
  readonly id: string;
  readonly agent: string;
  readonly address: string;
  readonly dir: string;
  readonly reader: ReaderProcess;
  readonly turnstile: Turnstile;
}

const NORTH = 'north';

interface CodeLane {
  readonly scanner: ScannerSimulator;
  readonly turnstile: Turnstile;
  readonly devices: string;
  readonly gate: string;
}

/** @param options.codes each agent has a second gate, where codes are shown; what its area says beside, in YAML */
export async function openTwoGates(
  { later }: Pick<CleanUp, 'later'>,
  options: { readonly codes?: { readonly area: string; readonly visitorKeys: readonly string[] } } = {},
): Promise<TwoGates> {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-two-gates-'));
  later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const line = async (name: string) => {
    const pty = await createPtyPair(mkdtempSync(join(folder, name)));
    later(() => pty.close());
    return pty;
  };
  const [readerLine, turnstileLine] = [await line('reader'), await line('turnstile')];
  const reader = await startReader(readerLine.b);
  later(() => reader.stop());
  const turnstile = await startTurnstile(turnstileLine.b);
  later(() => turnstile.stop());
  const device = (id: string, profile: string, path: string): string =>
    `  - { id: ${id}, profile: ${profile}, label: { zh: 北门, en: North gate }, agent: north-gate,
      transport: { kind: serial, path: ${path}, baudRate: 115200 } }`;
  const codeLane = async (id: string, agent: string): Promise<CodeLane> => {
    const [scannerLine, boardLine] = [await line(`${id}-scanner`), await line(`${id}-lane`)];
    const scanner = createScannerSimulator({
      transport: createSerialTransport({ path: scannerLine.b, baudRate: 9_600 }),
    });
    unwrap(await scanner.start());
    later(() => scanner.stop());
    const lane = await startTurnstile(boardLine.b);
    later(() => lane.stop());
    const item = (part: string, profile: string, path: string, baudRate: number): string =>
      `  - { id: ${id}-${part}, profile: ${profile}, label: { zh: 扫码门, en: Code gate }, agent: ${agent},
      transport: { kind: serial, path: ${path}, baudRate: ${baudRate} } }`;
    return {
      scanner,
      turnstile: lane,
      devices: [
        item('scanner', 'generic/scanner-serial', scannerLine.a, 9_600),
        item('lane', 'generic/modbus-relay-flash', boardLine.a, 115_200),
      ].join('\n'),
      gate: `  - { id: ${id}-code, label: { zh: 扫码门, en: Code gate }, area: codes, scanner: ${id}-scanner,
      barrier: ${id}-lane, passageSensor: ${id}-lane, passageTimeout: 2s }`,
    };
  };
  const lanes = options.codes && {
    south: await codeLane(GATE, 'south-gate'),
    north: await codeLane(NORTH, 'north-gate'),
  };
  const campus = await startCampus({
    gateAgent: 'south-gate',
    httpPort: await freePort(),
    extra: {
      agents: ['north-gate'],
      devices: [
        device('north-reader', 'generic/resident-id-serial', readerLine.a),
        device('north-turnstile', 'generic/modbus-relay-flash', turnstileLine.a),
        ...(lanes ? [lanes.south.devices, lanes.north.devices] : []),
      ].join('\n'),
      ...(options.codes && {
        areas: `  - { id: codes, label: { zh: 扫码区, en: Codes }, ${options.codes.area} }`,
        top: `codes: { visitorKeys: ${JSON.stringify(options.codes.visitorKeys)} }`,
      }),
      gates: `  - { id: ${NORTH}, label: { zh: 北门, en: North gate }, area: campus, reader: north-reader,
      barrier: north-turnstile, passageSensor: north-turnstile, passageTimeout: 2s }
${lanes ? `${lanes.south.gate}\n${lanes.north.gate}` : ''}`,
    },
  });
  later(() => campus.stop());
  let hub: HubProcess = await campus.startHub();
  const staff = await logInAsFirst(() => hub);
  const ports = [Number(new URL(hub.url).port), hub.mqttPort];

  const open = async ({ id, agent, address, dir, ...devices }: Place): Promise<RemoteGate> => {
    const cable = await layCable(address, ports);
    later(() => cable.stop());
    const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${agent}/code`);
    const url = new URL(hub.url);
    url.hostname = address;
    const enrolled = await enrolAgent({ dataDir: dir, url: url.origin, code });
    if (enrolled.exit?.code !== 0) throw new Error(enrolled.stderr);
    let program: Program | undefined;
    later(() => program?.stop('SIGKILL'));
    const begin = async (): Promise<void> => {
      program = await startAgentProcess(dir);
      const begun = program;
      const isReady = (part: string): boolean =>
        begun.stdout.split('\n').some((text) => text.includes(`"${id}-${part}"`) && text.includes('"state":"ready"'));
      const parts = ['reader', 'turnstile', ...(lanes ? ['scanner', 'lane'] : [])];
      await until(`the devices of ${id} are ready`, () => parts.every(isReady));
    };
    const own = join(dir, 'agent.db');
    const entries = () => entriesIn(own, 'source IS NULL');
    await begin();
    return {
      id,
      agent,
      cable,
      ...devices,
      entries,
      told: () => entriesIn(campus.database, 'source = ?', agent),
      knows: (requestId) => holdsPass(own, requestId),
      swipe: async ({ card }) => {
        const before = new Set(entries().map((entry) => entry.id));
        await devices.reader.put(card);
        const decided = await until(`the gate ${id} decides`, () => entries().find((entry) => !before.has(entry.id)));
        await devices.reader.lift();
        return decided;
      },
      kill: async () => {
        await program?.stop('SIGKILL');
      },
      begin,
    };
  };
  const south = await open({
    id: GATE,
    agent: 'south-gate',
    address: '127.0.0.2',
    dir: campus.agentDir,
    reader: campus.gateReader,
    turnstile: campus.turnstile,
  });
  const north = await open({
    id: NORTH,
    agent: 'north-gate',
    address: '127.0.0.3',
    dir: join(folder, 'agent'),
    reader,
    turnstile,
  });
  const codeGate = (place: string, dir: string, { scanner, turnstile: lane }: CodeLane): CodeGate => {
    const own = join(dir, 'agent.db');
    const id = `${place}-code`;
    const entries = () => entriesIn(own, 'source IS NULL AND gate_id = ?', id);
    return {
      id,
      turnstile: lane,
      show: async (text) => {
        const before = new Set(entries().map((entry) => entry.id));
        await scanner.scan(text);
        return until(`the gate ${id} decides`, () => entries().find((entry) => !before.has(entry.id)));
      },
      passes: async (decided) => {
        await until('somebody walks through', () => lane.walk());
        return until(
          'the gate has seen it',
          () => entries().find((entry) => entry.id === decided.id)?.state === 'passed',
        );
      },
      hasHeard: (entry) =>
        reading(own, (db) => db.prepare('SELECT 1 FROM gate_code_taken WHERE id = ?').get(entry.id) !== undefined),
    };
  };
  return {
    campus,
    staff,
    south,
    north,
    ...(lanes && {
      codes: {
        south: codeGate(GATE, campus.agentDir, lanes.south),
        north: codeGate(NORTH, join(folder, 'agent'), lanes.north),
      },
    }),
    killHub: async () => {
      await hub.stop('SIGKILL');
    },
    beginHub: async () => {
      hub = await campus.startHub();
    },
  };
}
