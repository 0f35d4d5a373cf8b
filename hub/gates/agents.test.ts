import { epochMs, hours, ms, seconds, systemRandom } from '@hallhub/sync/base';
import type { FeedRecord } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { campusCodeKeyId } from './project.ts';
import { campusCodeAt } from './qr/campus-code.ts';
import { createVisitorCodeIssuer } from './qr/index.ts';
import { legacyCodeAt } from './qr/legacy-code.ts';
import { LEGACY_PASSWORD } from './testing/agents-campus.ts';
import { createFloor } from './testing/floor.ts';
import { noAgents } from './testing/no-agents.ts';
import { LI, ZHANG, setUpTwoAgents, states, visit } from './testing/two-agents.ts';

describe('gates that decide beside their devices', () => {
  it('let in whom the hub approved, without asking it, and tell it afterwards', async () => {
    const { campus, east, pass } = setUpTwoAgents();
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(2);
    east.disconnect();
    await pass(600);
    east.card(ZHANG);
    await pass(1);
    east.walk();
    east.card(LI);
    expect(states(east.entries())).toEqual(['passed', 'refused E-GATE-0101']);
    expect(campus.told('east')).toEqual([]);
    east.connect();
    await pass(10);
    expect(campus.told('east')).toEqual(east.entries());
    expect(campus.outcomes.map(({ type, subject }) => [type.type, subject])).toEqual([
      ['hallhub.visitor-access.entered.v1', 'V-1'],
    ]);
    expect(campus.hub.gates.entries({ limit: 1, gateId: 'east' })).toMatchObject([
      { agent: 'east', code: 'E-GATE-0101' },
    ]);
  });

  it('refuse within a second of a revocation, and keep no number that could be read', async () => {
    const { campus, east, pass, clock } = setUpTwoAgents();
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(2);
    campus.revoke('visitor-access', 'V-1');
    await clock.advanceAsync(ms(900));
    east.card(ZHANG);
    expect(states(east.entries())).toEqual(['refused E-GATE-0105']);
    expect(east.opened).toEqual([]);
    expect(east.bytes().includes(ZHANG)).toBe(false);
    expect(east.bytes().includes(campus.vault.match('resident-id', ZHANG))).toBe(false);
  });

  it('count together what was used at another gate', async () => {
    const { campus, east, west, pass } = setUpTwoAgents();
    east.connect();
    west.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 1 } }));
    await pass(2);
    east.card(ZHANG);
    await pass(1);
    east.walk();
    await pass(5);
    west.card(ZHANG);
    expect(states(west.entries())).toEqual(['refused E-GATE-0109']);
    await pass(5);
    expect(campus.hub.gates.alarms({ limit: 5 })).toEqual([]);
  });

  it('know a used pass for used as long as it holds, also on a new disk', async () => {
    const { campus, east, pass, clock } = setUpTwoAgents();
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 1 } }), 30);
    await pass(2);
    east.card(ZHANG);
    await pass(1);
    east.walk();
    await pass(5);
    clock.stepWall(hours(9 * 24));
    await pass(3_700);
    east.card(ZHANG);
    expect(states(east.entries())).toEqual(['passed', 'refused E-GATE-0109']);
    await pass(5);
    east.disconnect();
    await east.renew();
    campus.restartHub();
    east.connect();
    await pass(30);
    east.card(ZHANG);
    expect(states(east.entries())).toEqual(['refused E-GATE-0109']);
  });

  it('refuse a code for another place also where a signature alone would open', async () => {
    const { campus, east, pass } = setUpTwoAgents({ area: { trust: 'signed' } });
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG, { areas: [], gates: ['museum'] }));
    await pass(2);
    const code = campus.hub.gates.visitorCode('V-1', 0);
    east.scan(code.ok ? code.value.text : '');
    expect(states(east.entries())).toEqual(['refused E-GATE-0104']);
  });

  it('open for others once somebody who may lead has come in at another gate', async () => {
    const { campus, east, west, pass } = setUpTwoAgents({ area: { firstPerson: true } });
    for (const agent of [east, west]) agent.connect();
    await pass(3);
    campus.approve('roster', 'R-1', {
      person: { number: 'T1', name: '王', category: 'staff' },
      credentials: [{ type: 'resident-id', number: LI }],
      areas: ['campus'],
      may: ['lead'],
    });
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(2);
    west.card(ZHANG);
    east.card(LI);
    await pass(1);
    east.walk();
    await pass(5);
    west.card(ZHANG);
    await pass(1);
    expect(states(west.entries())).toEqual(['refused E-GATE-0118', 'released']);
  });

  it('cut off, let in twice on one use where that is lenient, and the hub finds out', async () => {
    const { campus, east, west, pass } = setUpTwoAgents();
    for (const agent of [east, west]) agent.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 1 } }));
    await pass(2);
    for (const agent of [east, west]) {
      agent.disconnect();
      agent.card(ZHANG);
      await pass(1);
      agent.walk();
    }
    await pass(3_600);
    for (const agent of [east, west]) agent.connect();
    await pass(20);
    expect(campus.hub.gates.alarms({ limit: 5 }).map(({ alarm }) => alarm)).toEqual(['overused']);
    expect(campus.outcomes).toHaveLength(2);
  });

  it('cut off, take one code at two gates, and the hub finds out', async () => {
    const { campus, clock, east, west, pass } = setUpTwoAgents({ area: { trust: 'signed' } });
    for (const agent of [east, west]) agent.connect();
    await pass(3);
    const key = Buffer.alloc(32, 7);
    campus.approve('roster', 'R-1', {
      person: { number: 'S1', name: '王', category: 'student' },
      credentials: [{ type: 'campus-code', key: key.toString('base64') }],
      areas: ['campus'],
    });
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(2);
    const visitorCode = campus.hub.gates.visitorCode('V-1', 0);
    const unknown = createVisitorCodeIssuer(campus.vault.derive('visitor-code'), systemRandom).issue({
      subject: 'ab'.repeat(8),
      expiresAt: epochMs(clock.now() + 60_000),
    });
    const codes = [
      campusCodeAt(clock.now(), campusCodeKeyId(key.toString('base64')), key),
      legacyCodeAt(clock.now(), 'S1', LEGACY_PASSWORD),
      visitorCode.ok ? visitorCode.value.text : '',
      unknown,
    ];
    for (const agent of [east, west]) {
      agent.disconnect();
      for (const code of codes) {
        agent.scan(code);
        await pass(1);
        agent.walk();
      }
      expect(agent.entries().map(({ state }) => state)).toEqual(['passed', 'passed', 'passed', 'passed']);
    }
    expect(east.bytes().includes(LEGACY_PASSWORD)).toBe(false);
    await pass(3_600);
    for (const agent of [east, west]) agent.connect();
    await pass(20);
    const alarms = campus.hub.gates.alarms({ limit: 10 }).map(({ alarm }) => alarm);
    expect([...alarms].sort()).toEqual(['code-twice', 'code-twice', 'code-twice', 'code-twice', 'overused']);
  });

  it('cut off, refuse what is counted together where that is strict, and nothing else', async () => {
    const { campus, east, pass } = setUpTwoAgents({ area: { whenAlone: 'strict' } });
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG, { uses: { max: 1 } }));
    campus.approve('visitor-access', 'V-2', visit(LI));
    await pass(2);
    east.disconnect();
    await pass(1);
    east.card(ZHANG);
    east.card(LI);
    await pass(1);
    expect(states(east.entries())).toEqual(['refused E-GATE-0126', 'released']);
  });

  it('go on after a power cut with what they knew, and say so when the clock was lost', async () => {
    const { campus, east, pass } = setUpTwoAgents();
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(70);
    east.disconnect();
    await east.restart();
    await pass(2);
    east.card(ZHANG);
    await pass(1);
    expect(states(east.entries())).toEqual(['released']);
    east.skew = -50 * 365 * 86_400_000;
    await east.restart();
    await pass(2);
    east.card(ZHANG);
    expect(states(east.entries())).toEqual(['unconfirmed', 'refused E-GATE-0108']);
    east.skew = 0;
    east.connect();
    await pass(20);
    east.card(ZHANG);
    await pass(1);
    expect(states(east.entries()).at(-1)).toBe('released');
  });

  it('go on from the time that they last knew where a lost clock is to stop nobody, and tell it in the hub’s time', async () => {
    const { campus, east, pass, clock } = setUpTwoAgents({ area: { whenClockLost: 'continue' } });
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(70);
    east.disconnect();
    east.skew = -50 * 365 * 86_400_000;
    await east.restart();
    await pass(5_000);
    east.card(ZHANG);
    await pass(1);
    east.walk();
    const walked = clock.now();
    expect(states(east.entries())).toEqual(['passed']);
    await pass(30);
    east.connect();
    await pass(20);
    const [entry] = campus.hub.gates.entries({ limit: 1, gateId: 'east' });
    expect(Math.abs(walked - (entry?.at ?? 0))).toBeLessThan(2_000);
    east.card(ZHANG);
    await pass(1);
    const [, again] = east.entries();
    expect(again?.state).toBe('released');
    expect(campus.hub.link.state('east').clockOffset).toBeCloseTo(east.skew, -4);
  });

  it('stop believing a picture of the hall that has become too old, also over a restart', async () => {
    const { campus, east, pass } = setUpTwoAgents({ area: { maxStaleness: '2h' } });
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(70);
    east.disconnect();
    await pass(3_600);
    await east.restart();
    await pass(1);
    east.card(ZHANG);
    await pass(3_700);
    east.card(ZHANG);
    expect(states(east.entries())).toEqual(['lapsed', 'refused E-GATE-0106']);
  });

  it('stand as the hub orders, and open once for a guard whose word comes in time', async () => {
    const { campus, east, west, pass, clock } = setUpTwoAgents();
    east.connect();
    west.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    expect(campus.hub.gates.lockDown('area:campus', '7')).toMatchObject({ ok: true });
    await pass(2);
    east.card(ZHANG);
    await pass(3);
    const [refused] = campus.hub.gates.entries({ limit: 1 });
    expect(refused).toMatchObject({ code: 'E-GATE-0116' });
    const admitted = campus.hub.gates.admit({ gateId: 'east', entryId: refused?.id, reason: 'emergency' }, '7');
    await pass(1);
    expect(await admitted).toMatchObject({ ok: true });
    expect(east.opened).toHaveLength(1);
    east.walk();
    campus.hub.gates.relax('area:campus', '7');
    await pass(5);
    west.card(ZHANG);
    await pass(1);
    expect(states(west.entries())).toEqual(['released']);
    expect(campus.hub.gates.entries({ limit: 9, gateId: 'east' })).toMatchObject([
      { state: 'passed', byHand: '7:emergency' },
      {},
    ]);
    west.disconnect();
    const late = campus.hub.gates.admit({ gateId: 'west', reason: 'emergency' }, '7');
    await clock.advanceAsync(seconds(6));
    expect(await late).toMatchObject({ ok: false });
    expect(west.opened).toHaveLength(1);
  });

  it('stay released for a fire until it is taken back by hand, however often their contact tells it', async () => {
    const { campus, east, west, pass } = setUpTwoAgents();
    for (const agent of [east, west]) agent.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(2);
    for (const alarm of [true, false, true, false]) {
      east.fire(alarm);
      await pass(5);
    }
    for (const agent of [east, west]) agent.card(ZHANG);
    expect(campus.hub.gates.relax('area:campus', '7')).toMatchObject({ ok: true });
    await pass(5);
    for (const agent of [east, west]) agent.card(ZHANG);
    await pass(1);
    // The arms of these gates are pulsed: they are told to stay open by nobody.
    for (const agent of [east, west]) expect(states(agent.entries())).toEqual(['refused E-GATE-0127', 'released']);
    // What the hub took back before it heard of a new fire does not end that one.
    east.fire(true);
    await pass(5);
    east.disconnect();
    campus.hub.gates.relax('area:campus', '7');
    east.fire(true);
    east.connect();
    await pass(10);
    expect(campus.hub.gates.orders()).toMatchObject([{ scope: 'area:campus', standing: 'fire' }]);
    east.card(ZHANG);
    expect(states(east.entries()).at(-1)).toBe('refused E-GATE-0127');
  });

  it('go back to their lock-down when a fire ends that their own contact told', async () => {
    const { campus, east, west, pass } = setUpTwoAgents();
    for (const agent of [east, west]) agent.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    campus.hub.gates.lockDown('area:campus', '7');
    await pass(2);
    east.fire(true);
    await pass(5);
    for (const agent of [east, west]) agent.card(ZHANG);
    // Taken back too early: its contact still alarms, and it releases them again.
    campus.hub.gates.relax('area:campus', '7');
    await pass(5);
    expect(campus.hub.gates.orders()).toMatchObject([{ standing: 'fire' }, { standing: 'lock-down' }]);
    east.fire(false);
    await pass(2);
    campus.hub.gates.relax('area:campus', '7');
    await pass(5);
    for (const agent of [east, west]) agent.card(ZHANG);
    for (const agent of [east, west])
      expect(states(agent.entries())).toEqual(['refused E-GATE-0127', 'refused E-GATE-0116']);
  });

  it('are released by a fire that a contact of the hub tells', () => {
    const records: FeedRecord[] = [];
    const put = (_agent: string, record: FeedRecord): boolean => records.push(record) > 0;
    const floor = createFloor({
      areas: [{ id: 'campus' }],
      gates: [
        { id: 'a', area: 'campus', reader: 'a-reader', barrier: 'a-arm', fireInput: 'panel' },
        { id: 'b', area: 'campus', reader: 'b-arm', barrier: 'b-arm' },
      ],
      devices: [
        {
          id: 'b-arm',
          profile: 'generic/arm',
          label: { zh: '臂', en: 'Arm' },
          agent: 'east',
          transport: { kind: 'memory', name: 'b' },
          params: {},
        },
      ],
      agents: { ...noAgents, feeds: { ...noAgents.feeds, put } },
    });
    floor.emit('panel', 'fire', { alarm: true, at: floor.clock.now() });
    expect(records).toMatchObject([
      { id: 'standing/area:campus/fire', kind: 'gate-standing', data: { standing: 'fire', by: 'gate:a' } },
    ]);
  });

  it('judge whom a guard typed or looked up, while the word is fresh, and let nothing of it be read', async () => {
    const { campus, east, west, pass } = setUpTwoAgents();
    east.connect();
    await pass(3);
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    await pass(2);
    const { gates } = campus.hub;
    const answers = [
      gates.present('east', { method: 'typed-resident-id', type: 'resident-id', value: ZHANG }),
      gates.present('east', { method: 'looked-up', passId: 'V-1#0' }),
      gates.present('east', { method: 'typed-resident-id', type: 'resident-id', value: LI }),
      gates.present('east', { method: 'looked-up', passId: 'V-9#0' }),
    ];
    await pass(2);
    const told = (await Promise.all(answers)).map((answer) => (answer.ok ? answer.value : answer.error));
    expect(told).toMatchObject([
      { granted: true },
      { granted: true },
      { granted: false, code: 'E-GATE-0101' },
      { granted: false, code: 'E-GATE-0101' },
    ]);
    expect(east.bytes().includes(ZHANG)).toBe(false);
    // What was typed travels sealed, and the guard's page shows it all the same.
    const typed = gates.present('east', {
      ...{ method: 'typed-passport', type: 'passport', value: 'E12345678' },
      stranger: { name: '', number: 'E12345678' },
    });
    await pass(5);
    expect(await typed).toMatchObject({ value: { code: 'E-GATE-0101' } });
    expect(east.heard()).not.toContain('E12345678');
    const [entry] = gates.entries({ limit: 1, gateId: 'east' });
    expect(gates.look(entry?.id ?? '', { id: '7', mayLookIn: () => true })).toMatchObject({
      value: { number: 'E12345678' },
    });
    // The agent hears it when nobody stands there any more.
    const late = gates.present('west', { method: 'looked-up', passId: 'V-1#0' });
    await pass(60);
    west.connect();
    await pass(10);
    expect(await late).toMatchObject({ ok: false });
    expect(west.opened).toEqual([]);
  });

  it('have everything again after they were enrolled anew, and after the hub restarted', async () => {
    const { campus, east, west, pass } = setUpTwoAgents();
    for (let n = 0; n < 450; n += 1)
      campus.approve('roster', `R-${n}`, {
        person: { number: `S${n}`, name: '陈', category: 'student' },
        credentials: [{ type: 'campus-card', uid: n.toString(16).padStart(8, '0') }],
        areas: ['campus'],
      });
    campus.approve('visitor-access', 'V-1', visit(ZHANG));
    campus.hub.db.exec('DELETE FROM gate_agent; DELETE FROM feed_record; DELETE FROM feed_reader');
    campus.restartHub();
    east.connect();
    west.connect();
    await pass(60);
    east.card(ZHANG);
    await pass(1);
    expect(states(east.entries())).toEqual(['released']);
    expect(west.passes()).toBe(451);
  });
});
