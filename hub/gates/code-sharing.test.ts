import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, iso, manualClock, seconds, systemRandom } from '@hallhub/sync/base';
import { afterEach, describe, expect, it } from 'vitest';
import { campusCodeKeyId } from './project.ts';
import { campusCodeAt } from './qr/campus-code.ts';
import { createVisitorCodeIssuer, visitorCodeSubject } from './qr/index.ts';
import { legacyCodeAt } from './qr/legacy-code.ts';
import { LEGACY_PASSWORD, createAgentsCampus } from './testing/agents-campus.ts';
import type { TestAgent } from './testing/agents-campus.ts';
import { createFloor } from './testing/floor.ts';
import { noAgents } from './testing/no-agents.ts';

const ZHANG = '11010519491231002X';
const KEY = Buffer.alloc(32, 7);
const visit = (change: object = {}) => ({
  people: [{ name: '张三', document: { type: 'resident-id', number: ZHANG } }],
  areas: ['campus'],
  host: { name: '李' },
  ...change,
});
const member = {
  person: { number: 'S1', name: '王', category: 'student' },
  credentials: [{ type: 'campus-code', key: KEY.toString('base64') }],
  areas: ['campus'],
};
const campusCode = (now: EpochMs) => campusCodeAt(now, campusCodeKeyId(KEY.toString('base64')), KEY);
const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

async function setUp(area: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-codes-'));
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const campus = createAgentsCampus({ clock, folder, agents: ['east', 'west'], area });
  undo.push(async () => {
    await campus.stop();
    rmSync(folder, { recursive: true });
  });
  const [east, west] = campus.agents;
  if (!east || !west) throw new Error('two agents are needed');
  const pass = (count: number) => clock.advanceAsync(seconds(count));
  for (const agent of [east, west]) agent.connect();
  await pass(3);
  const scan = async (agent: TestAgent, text: string) => {
    agent.scan(text);
    await pass(1);
    if (agent.entries().at(-1)?.state === 'released') agent.walk();
    await pass(1);
    const { state, code } = agent.entries().at(-1) ?? { state: 'nothing', code: null };
    return [state, code].filter(Boolean).join(' ');
  };
  /** A code that this hub signs, for an approval that never arrived here. */
  const signed = (subject: string, lives = hours(24)) =>
    createVisitorCodeIssuer(campus.vault.derive('visitor-code'), systemRandom).issue({
      subject,
      expiresAt: epochMs(clock.now() + lives),
    });
  return { campus, clock, east, west, pass, scan, signed };
}

describe('a code that one gate has taken', () => {
  it('is refused at a gate that another agent decides at, while both are connected', async () => {
    const { campus, clock, east, west, pass, scan } = await setUp();
    campus.approve('roster', 'R-1', member);
    campus.approve('visitor-access', 'V-1', visit());
    await pass(2);
    const visitorCode = campus.hub.gates.visitorCode('V-1', 0);
    const codes = [
      campusCode(clock.now()),
      legacyCodeAt(clock.now(), 'S1', LEGACY_PASSWORD),
      visitorCode.ok ? visitorCode.value.text : '',
    ];
    for (const code of codes) {
      expect(await scan(east, code)).toBe('passed');
      expect(await scan(west, code)).toBe('refused E-GATE-0135');
    }
    expect(west.opened).toEqual([]);
    expect(campus.hub.gates.alarms({ limit: 5 })).toEqual([]);
    // The next code of the same phone, and the lasting one a moment later, are as good as ever.
    await pass(30);
    expect(await scan(west, campusCode(clock.now()))).toBe('passed');
    expect(await scan(west, codes[2] ?? '')).toBe('passed');
  });

  it('is taken at a check-in point as at a gate, and the other way round', async () => {
    const { campus, clock, east, west, pass, scan } = await setUp();
    campus.approve('roster', 'R-1', member);
    await pass(2);
    const shown = () =>
      campus.hub.gates.identify({
        ...{ method: 'campus-code', text: campusCode(clock.now()) },
        ...{ at: clock.now(), place: 'gym' },
      });
    expect(shown()).toMatchObject({ ok: true });
    await pass(2);
    for (const agent of [east, west]) expect(await scan(agent, campusCode(clock.now()))).toBe('refused E-GATE-0135');
    await pass(30);
    expect(await scan(east, campusCode(clock.now()))).toBe('passed');
    await pass(2);
    expect(shown()).toMatchObject({ ok: false, error: { code: 'E-GATE-0135' } });
  });

  it('names its holder by number, too, to whoever asks of a member of the roster', async () => {
    const { campus, clock, pass } = await setUp();
    campus.approve('roster', 'R-1', member);
    await pass(2);
    const of = (text: string) =>
      campus.hub.gates.identify({ method: 'looked-up', text, at: clock.now(), place: 'kiosk:hall' });
    expect(of('S1')).toMatchObject({ ok: true, value: { requestId: 'R-1' } });
    expect(of('S2')).not.toHaveProperty('value.requestId');
    campus.revoke('roster', 'R-1');
    await pass(2);
    expect(of('S1')).not.toHaveProperty('value.requestId');
  });

  it('opens both while they are cut off, and the hub tells of it afterwards', async () => {
    const { campus, clock, east, west, pass, scan } = await setUp();
    campus.approve('roster', 'R-1', member);
    await pass(2);
    for (const agent of [east, west]) agent.disconnect();
    const code = campusCode(clock.now());
    expect(await scan(east, code)).toBe('passed');
    expect(await scan(west, code)).toBe('passed');
    for (const agent of [east, west]) agent.connect();
    await pass(20);
    expect(campus.hub.gates.alarms({ limit: 5 }).map(({ alarm }) => alarm)).toEqual(['code-twice']);
  });

  it('is the same code on either side of the edge of a step, also for the hub that hears of it afterwards', async () => {
    const { campus, clock, east, west, pass, scan } = await setUp();
    campus.approve('visitor-access', 'V-1', visit());
    await pass(2);
    const visitorCode = campus.hub.gates.visitorCode('V-1', 0);
    const text = visitorCode.ok ? visitorCode.value.text : '';
    const untilTheEdge = () => pass(28 - ((clock.now() / 1_000) % 30));
    await untilTheEdge();
    expect(await scan(east, text)).toBe('passed');
    expect(clock.now() % 30_000).toBe(0);
    expect(await scan(west, text)).toBe('refused E-GATE-0135');
    for (const agent of [east, west]) agent.disconnect();
    await pass(30);
    await untilTheEdge();
    for (const agent of [east, west]) expect(await scan(agent, text)).toBe('passed');
    for (const agent of [east, west]) agent.connect();
    await pass(20);
    expect(campus.hub.gates.alarms({ limit: 5 }).map(({ alarm }) => alarm)).toEqual(['code-twice']);
  });

  it('is known by the phone it came from, also where another approval of its holder opens', async () => {
    const { campus, clock, east, west, pass, scan } = await setUp();
    campus.approve('roster', 'R-1', {
      ...member,
      credentials: [...member.credentials, { type: 'resident-id', number: ZHANG }],
    });
    // Of two that open, the one that ends first is spent.
    campus.approve('visitor-access', 'V-1', visit({ areas: [], gates: ['west'] }), 0.5);
    await pass(2);
    const code = campusCode(clock.now());
    expect(await scan(west, code)).toBe('passed');
    expect(await scan(east, code)).toBe('refused E-GATE-0135');
  });

  it('is refused at a gate of the hub as well', () => {
    const device = (id: string) => ({
      id,
      profile: 'generic/arm',
      label: { zh: '臂', en: 'Arm' },
      transport: { kind: 'memory' as const, name: id },
      params: {},
    });
    const floor = createFloor({
      areas: [{ id: 'campus' }],
      gates: [
        { id: 'here', area: 'campus', scanner: 'here-arm', barrier: 'here-arm' },
        { id: 'there', area: 'campus', scanner: 'there-arm', barrier: 'there-arm' },
      ],
      devices: [device('here-arm'), { ...device('there-arm'), agent: 'east' }],
      agents: noAgents,
    });
    floor.approve('roster', 'R-1', member);
    const now = floor.clock.now();
    const told = (id: string, step: number) =>
      floor.gates.part.apply('east', {
        specversion: '1.0',
        id,
        source: '/agents/east',
        type: 'hallhub.gate.entry-added.v1',
        subject: 'there',
        time: iso(now),
        sequence: '1',
        data: {
          ...{ at: iso(now), id, area: 'campus', way: 'in', day: '20261122', state: 'releasing', passId: 'R-1#0' },
          ...{ companion: false, method: 'campus-code', codeStep: step },
        },
      } as never);
    expect(told('E-1', Math.floor(now / 30_000))).toBeUndefined();
    floor.emit('here-arm', 'scan', { text: campusCode(now), at: now });
    expect(floor.journal().at(-1)).toBe('here refused E-GATE-0135');
  });

  it('opens once by its signature alone, at whichever gate, also long after entries are forgotten', async () => {
    const { clock, east, west, pass, scan, signed } = await setUp({ trust: 'signed' });
    const code = signed('ab'.repeat(8), hours(300 * 24));
    expect(await scan(east, code)).toBe('passed');
    await pass(60);
    expect(await scan(west, code)).toBe('refused E-GATE-0109');
    clock.stepWall(hours(30 * 24));
    await pass(700);
    expect(await scan(west, code)).toBe('refused E-GATE-0109');
    expect(await scan(east, code)).toBe('refused E-GATE-0109');
  });
});

describe('where a signature alone lets in', () => {
  it('a code whose approval was taken back opens nothing, also at an agent that never had the approval', async () => {
    const { campus, east, pass, scan } = await setUp({ trust: 'signed' });
    campus.approve('visitor-access', 'V-1', visit());
    const code = campus.hub.gates.visitorCode('V-1', 0);
    campus.revoke('visitor-access', 'V-1');
    east.disconnect();
    await east.renew();
    campus.restartHub();
    east.connect();
    await pass(30);
    expect(east.passes()).toBe(0);
    expect(await scan(east, code.ok ? code.value.text : '')).toBe('refused E-GATE-0105');
  });

  it('nor one whose approval the hub only ever heard withdrawn', async () => {
    const { campus, east, pass, scan, signed } = await setUp({ trust: 'signed' });
    campus.revoke('visitor-access', 'V-7');
    await pass(2);
    expect(await scan(east, signed(visitorCodeSubject('V-7#3')))).toBe('refused E-GATE-0105');
    expect(await scan(east, signed(visitorCodeSubject('V-8#0')))).toBe('passed');
  });

  it('nor one of somebody whom the approval no longer names', async () => {
    const { campus, east, pass, scan, signed } = await setUp({ trust: 'signed' });
    const two = [...visit().people, { name: '李四', document: { type: 'resident-id', number: '440524188001010014' } }];
    campus.approve('visitor-access', 'V-1', visit({ people: two }));
    campus.approve('visitor-access', 'V-1', visit());
    await pass(2);
    east.disconnect();
    await east.renew();
    campus.restartHub();
    east.connect();
    await pass(30);
    expect(await scan(east, signed(visitorCodeSubject('V-1#1')))).toBe('refused E-GATE-0105');
    expect(await scan(east, signed(visitorCodeSubject('V-1#0')))).toBe('passed');
  });

  it('at a gate of the hub likewise, long after the approval that was cut short is forgotten', () => {
    const floor = createFloor({
      areas: [{ id: 'campus', trust: 'signed' }],
      gates: [{ id: 'a', area: 'campus', scanner: 'a-arm', barrier: 'a-arm' }],
    });
    const now = floor.clock.now();
    floor.approve('visitor-access', 'V-1', visit(), { until: epochMs(now + hours(60 * 24)) });
    const code = floor.gates.visitorCode('V-1', 0);
    floor.approve('visitor-access', 'V-1', visit(), { until: epochMs(now + hours(1)) });
    floor.clock.stepWall(hours(20 * 24));
    floor.gates.purge(epochMs(floor.clock.now() - hours(24)));
    const shown = { text: code.ok ? code.value.text : '', at: floor.clock.now() };
    floor.emit('a-arm', 'scan', shown);
    expect(floor.journal()).toEqual(['a refused E-GATE-0105']);
  });
});
