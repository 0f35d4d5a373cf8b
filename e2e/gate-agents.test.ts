import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { enrolAgent, startAgentProcess } from './testing/agent-process.ts';
import type { GateEntry } from './testing/agent-journal.ts';
import { entriesIn, holdsPass } from './testing/agent-journal.ts';
import type { Cable } from './testing/cable.ts';
import { layCable } from './testing/cable.ts';
import { SEEN_PLATES } from './testing/cameras.ts';
import type { Campus } from './testing/campus.ts';
import { freePort, startCampus } from './testing/campus.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { GateWatch } from './testing/gate-watch.ts';
import { watchGates } from './testing/gate-watch.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { Lanes } from './testing/lanes.ts';
import { startLanes } from './testing/lanes.ts';
import { approve } from './testing/people.ts';
import { logInAsFirst } from './testing/staff.ts';
import type { DoorsByThemselves } from './testing/terminals.ts';
import { startDoors } from './testing/terminals.ts';
import { until } from './testing/until.ts';

/*
 * Plates, faces and cards at gates whose cameras, terminals and controllers hang on an agent, by their own bytes: decided
 * there with the hub and without it, and told to the hub and the hall afterwards.
 */

const AGENT = 'west-agent';
const API = { every: 100 } as const;
/** As readers of different byte order see it: the number of the card, lowest byte first. */
const MEMBER = 0xa403_0201;

const running = cleanUp();
let campus: Campus;
let lanes: Lanes;
let doors: DoorsByThemselves;
let staff: HttpClient;
let watch: GateWatch;
let cable: Cable;
let journal: string;

beforeAll(async () => {
  lanes = await startLanes();
  running.later(() => lanes.stop());
  doors = await startDoors();
  running.later(() => doors.stop());
  const onAgent = (devices = ''): string => devices.replaceAll('  - { id: ', `  - { agent: ${AGENT}, id: `);
  campus = await startCampus({
    httpPort: await freePort(),
    extra: {
      agents: [AGENT],
      areas: `${lanes.extra.areas ?? ''}\n${doors.extra.areas ?? ''}`,
      devices: `${onAgent(lanes.extra.devices)}\n${onAgent(doors.extra.devices)}`,
      gates: `${lanes.extra.gates ?? ''}\n${doors.extra.gates ?? ''}`,
    },
  });
  running.later(() => campus.stop());
  const hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  watch = watchGates(campus, staff);
  cable = await layCable('127.0.0.4', [Number(new URL(hub.url).port), hub.mqttPort]);
  running.later(() => cable.stop());
  const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
  const url = new URL(hub.url);
  url.hostname = cable.address;
  const enrolled = await enrolAgent({ dataDir: campus.agentDir, url: url.origin, code });
  if (enrolled.exit?.code !== 0) throw new Error(enrolled.stderr);
  const agent = await startAgentProcess(campus.agentDir);
  running.later(() => agent.stop('SIGKILL'));
  journal = join(campus.agentDir, 'agent.db');
  await until('the terminal is greeted', () =>
    lanes.doorTerminal.handshake().then((answer) => answer.startsWith('GET OPTION')),
  );
  await watch.ready();
});
afterAll(() => running.run());

/** Approved, and known to the agent. */
async function approved(kind: 'vehicle-access' | 'roster', data: object): Promise<string> {
  const id = approve(campus.hall, kind, data);
  await until('the agent knows it', () => holdsPass(journal, id));
  return id;
}
/** What the agent writes down when this happens at its gate. */
async function decides(gate: string, act: () => unknown): Promise<GateEntry> {
  const before = new Set(entriesIn(journal, 'gate_id = ?', gate).map(({ id }) => id));
  await act();
  return until(`the gate ${gate} decides`, () =>
    entriesIn(journal, 'gate_id = ?', gate).find(({ id }) => !before.has(id)),
  );
}
const becomes = (entry: GateEntry, state: string): Promise<unknown> =>
  until(`the entry is ${state}`, () => {
    const now = entriesIn(journal, 'id = ?', entry.id)[0]?.state;
    if (now !== state) throw new Error(`${entry.id} is ${now ?? 'gone'}`);
    return true;
  });
/** Nobody is through before it has opened. */
async function walks(entry: GateEntry, walk: Walk['walk']): Promise<void> {
  if (!walk) return;
  await becomes(entry, 'released');
  await until('they walk through', walk);
}
const connected = async (wanted: boolean): Promise<unknown> =>
  until(
    wanted ? 'the hub hears the agent' : 'the hub misses the agent',
    async () =>
      (await staff.ask<{ id: string; connected: boolean }[]>('GET', '/api/agents')).some(
        (agent) => agent.id === AGENT && agent.connected === wanted,
      ),
    API,
  );
/** The terminal's own clock, which stands in Beijing. */
const wall = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

interface Walk {
  /** Of the hall's approval, before the wire may be cut. */
  readonly approve: () => Promise<string>;
  readonly gate: string;
  readonly show: () => unknown;
  /** Whoever was let in walks through; where nothing watches the gate nobody can say. */
  readonly walk?: () => boolean;
  /** Told to the hall; members walk where they like without their university being told. */
  readonly told?: string;
}
let members = 0;
const member = (credentials: readonly object[], places: object): Promise<string> =>
  approved('roster', {
    person: { number: `2026200${(members += 1)}`, name: '陈六', category: 'student' },
    ...{ credentials, ...places },
  });
const cars = (plates: readonly string[], gate: string): Promise<string> =>
  approved('vehicle-access', { plates, gates: [gate], uses: { max: 1, per: 'request' } });

const ways = (n: number): readonly [string, Walk][] => [
  [
    'a car whose plate a camera pushes',
    {
      approve: () => cars([`京A·D1234${n}`], 'carpark'),
      gate: 'carpark',
      show: () => lanes.carparkCamera.see(`京AD1234${n}`),
      walk: () => lanes.carparkLoop.cross(),
      told: 'hallhub.vehicle-access.entered.v1',
    },
  ],
  [
    'a car seen by a camera of another make',
    {
      approve: () => cars(SEEN_PLATES, 'yard'),
      gate: 'yard',
      show: () => {
        lanes.yardCamera.see();
      },
      told: 'hallhub.vehicle-access.entered.v1',
    },
  ],
  [
    'somebody whose face a terminal knows',
    {
      approve: async () => {
        const pin = `2026300${n}`;
        const id = await member([{ type: 'face', id: pin }], { gates: ['door'], areas: [] });
        await until('the terminal has them', async () => {
          await lanes.doorTerminal.ask();
          return lanes.doorTerminal.users.has(pin);
        });
        return id;
      },
      gate: 'door',
      show: () => lanes.doorTerminal.punch(`2026300${n}`, wall()),
      walk: () => lanes.doorContact.cross(),
    },
  ],
  [
    'a card that a door controller knows',
    {
      approve: async () => {
        doors.controller.setOpen(false);
        const card = MEMBER + n;
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(card);
        const uid = bytes.toString('hex').toUpperCase();
        const id = await member([{ type: 'campus-card', uid }], { gates: ['lab'], areas: [] });
        await until('the controller has it', () => doors.controller.cards.has(card));
        return id;
      },
      gate: 'lab',
      show: () => {
        expect(doors.controller.swipe(MEMBER + n)).toBe(true);
      },
      walk: () => {
        doors.controller.setOpen(true);
        return true;
      },
    },
  ],
];

describe('at an agent that hears its hub', () => {
  test.each(ways(5))(
    '%s is let in, and the hub and the hall are told',
    async (_, { show, gate, walk, told, ...of }) => {
      const id = await of.approve();
      const entry = await decides(gate, show);
      expect(entry).toMatchObject({ code: null });
      await walks(entry, walk);
      const end = walk ? 'passed' : 'unconfirmed';
      await until(
        'the hub has it',
        async () => (await watch.entries(gate)).find((known) => known.requestId === id && known.state === end),
        API,
      );
      if (told !== undefined) expect((await watch.told(told, id)).data).toMatchObject({ gate });
    },
  );
});

describe('at an agent whose hub is out of reach', () => {
  test('each is let in all the same and refused the second time, and everything is told once it is back', async () => {
    const people = await Promise.all(ways(7).map(async ([, walk]) => ({ ...walk, id: await walk.approve() })));
    cable.cut();
    await connected(false);
    const decided: GateEntry[] = [];
    for (const { gate, show, walk } of people) {
      const entry = await decides(gate, show);
      expect(entry).toMatchObject({ code: null });
      await walks(entry, walk);
      await becomes(entry, walk ? 'passed' : 'unconfirmed');
      decided.push(entry);
    }
    const { opened } = lanes.carparkCamera;
    expect(await decides('carpark', () => lanes.carparkCamera.see('京AD12347'))).toMatchObject({
      state: 'refused',
      code: 'E-GATE-0109',
    });
    expect(lanes.carparkCamera.opened).toBe(opened);
    cable.join();
    await connected(true);
    for (const [n, { id, gate, told }] of people.entries()) {
      const there = await until(
        'the hub has it',
        async () => (await watch.entries(gate)).find((entry) => entry.id === decided[n]?.id),
        API,
      );
      expect(there).toMatchObject({ requestId: id });
      if (told !== undefined) expect((await watch.told(told, id)).data).toMatchObject({ gate });
    }
    // What the agent has and what the hub was told agree to the last entry.
    const own = (gate: string): string[] =>
      entriesIn(journal, 'gate_id = ?', gate).map(({ id, state }) => `${id} ${state}`);
    for (const gate of new Set(people.map((walk) => walk.gate)))
      await until(
        'both agree',
        async () => {
          const hub = (await watch.entries(gate)).map(({ id, state }) => `${id} ${state}`);
          return [...hub].sort().join() === [...own(gate)].sort().join();
        },
        API,
      );
  });
});
