import type { GateEntry } from './testing/agent-journal.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GATE } from './testing/campus.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { Person } from './testing/people.ts';
import { approveVisit, person } from './testing/people.ts';
import { choices } from './testing/random.ts';
import type { RemoteGate, TwoGates } from './testing/two-gates.ts';
import { openTwoGates } from './testing/two-gates.ts';
import { until } from './testing/until.ts';

/*
 * Two gates whose agents are cut off from their hub, used meanwhile, and joined again; then agents and hub killed in the midst of
 * it. Every release is counted at the relay boards, every entry compared to the last one.
 */

const API = { every: 100 } as const;
const ENTERED = 'hallhub.visitor-access.entered.v1';
const BOTH = { gates: [GATE, 'north'] };
const PASSED: ReadonlySet<string> = new Set(['passed']);
/** How an order ends on a machine so busy that nobody could confirm it counts as let in, here as at the hall. */
const LET_IN: ReadonlySet<string> = new Set(['passed', 'unconfirmed']);

const running = cleanUp();
let site: TwoGates;
let gates: readonly [RemoteGate, RemoteGate];

beforeAll(async () => {
  site = await openTwoGates(running);
  gates = [site.south, site.north];
});
afterAll(() => running.run());

const approved = async (visitor: Person, terms: object = {}): Promise<string> => {
  const id = approveVisit(site.campus.hall, visitor, GATE, { ...BOTH, ...terms });
  await until('both agents hold the approval', () => gates.every((gate) => gate.knows(id)));
  return id;
};
const stateOf = (gate: RemoteGate, { id }: GateEntry): string | undefined =>
  gate.entries().find((entry) => entry.id === id)?.state;
const isWaiting = ({ state }: GateEntry): boolean => state === 'releasing' || state === 'released';
/** Who is still expected from before would be taken for the one who walks now. */
const walkIn = async (gate: RemoteGate, visitor: Person, ends: ReadonlySet<string> = PASSED): Promise<GateEntry> => {
  await until('nobody else is expected', () => !gate.entries().some(isWaiting));
  const entry = await gate.swipe(visitor);
  await until('somebody walks through', () => gate.turnstile.walk());
  await until('the gate has seen it', () => {
    const state = stateOf(gate, entry);
    if (ends.has(state ?? '')) return true;
    throw new Error(`it is ${state}`);
  });
  return entry;
};
/** Both have the same to tell, to the last entry, and nobody waits for anything any more. */
const agreed = (): Promise<unknown> =>
  until('hub and agents agree', () => {
    for (const gate of gates) {
      const own = gate.entries();
      if (own.some(isWaiting)) return false;
      expect(gate.told()).toEqual(own);
    }
    return true;
  });
const entered = (id: string): number =>
  site.campus.hall.inbox.list({ limit: 1_000 }).filter(({ type, subject }) => type === ENTERED && subject === id)
    .length;
const cutAll = (): void => {
  for (const { cable } of gates) cable.cut();
};
const joinAll = (): void => {
  for (const { cable } of gates) cable.join();
};

describe('two gates that cannot hear each other', () => {
  const guest = person('张三', 1);
  let visit: string;

  test('go on by themselves: one use is used at both, a stranger at neither', async () => {
    visit = await approved(guest, { uses: { max: 1, per: 'request' } });
    cutAll();
    await until(
      'the hub misses both',
      async () =>
        (await site.staff.ask<{ connected: boolean }[]>('GET', '/api/agents')).every(({ connected }) => !connected),
      API,
    );
    for (const gate of gates) {
      await walkIn(gate, guest);
      expect(await gate.swipe(person('赵无名', 2))).toMatchObject({ state: 'refused', code: 'E-GATE-0101' });
      expect(await gate.swipe(guest)).toMatchObject({ state: 'refused', code: 'E-GATE-0109' });
      expect(gate.turnstile.pulses).toHaveLength(1);
      expect(gate.told()).toEqual([]);
    }
    expect(entered(visit)).toBe(0);
  });

  test('agree with the hub to the last entry once they are joined, and the use too many is reported', async () => {
    joinAll();
    await agreed();
    await until('the hall hears of both', () => entered(visit) === 2);
    const { alarms } = await site.staff.ask<{ alarms: { alarm: string }[] }>('GET', '/api/gates/desk');
    expect(alarms.filter(({ alarm }) => alarm === 'overused')).toHaveLength(1);
    // Nothing that was decided meanwhile was done again.
    for (const gate of gates) expect(gate.turnstile.pulses).toHaveLength(1);
  });

  test('hear of a revocation as soon as they are joined', async () => {
    const other = person('王五', 3);
    const id = await approved(other);
    cutAll();
    site.campus.hall.requests.revoke(id, '来访取消');
    // Nobody could have told them.
    await walkIn(site.south, other);
    joinAll();
    await until('the agents know', () => gates.every((gate) => !gate.knows(id)));
    expect(await site.north.swipe(other)).toMatchObject({ state: 'refused', code: 'E-GATE-0105' });
    await agreed();
    await until('the hall hears of it', () => entered(id) === 1);
  });
});

const SEED = 20_261_122;
const VICTIMS = ['south', 'north', 'hub'] as const;
const ROUNDS = 6;
/** How long an order to open lives, with what two clocks of one machine may read apart. */
const OPEN_WITHIN = 2_000;

describe('hub and agents that are killed at any moment', () => {
  test('lose nothing and open nothing late', async () => {
    const random = choices(SEED);
    const people = [person('李一', 11), person('李二', 12), person('李三', 13)];
    const visits = await Promise.all(people.map((one) => approved(one)));
    const before = gates.map((gate) => ({ entries: gate.entries().length, pulses: gate.turnstile.pulses.length }));
    const walksBefore = gates.map(({ turnstile }) => turnstile.walks);
    let turn = 0;
    const nextPerson = (): Person => people[(turn += 1) % people.length]!;
    for (let round = 0; round < ROUNDS; round += 1) {
      const victim = VICTIMS[round % VICTIMS.length]!;
      const gate = victim === 'hub' ? random.of(gates) : site[victim];
      const other = gates.find((one) => one !== gate)!;
      if (random.chance(0.4)) random.of(gates).cable.cut();
      // Somebody stands there when it happens: before the card is read, while it is, or when the gate has opened.
      const known = gate.turnstile.pulses.length;
      await gate.reader.put(nextPerson().card);
      if (random.chance(0.6)) await until('it opens', () => gate.turnstile.pulses.length > known);
      if (victim === 'hub') await site.killHub();
      else await gate.kill();
      gate.turnstile.walk();
      await gate.reader.lift();
      // Somebody tries at the dead gate and goes on to the other one.
      const late = nextPerson();
      if (victim !== 'hub') {
        await gate.reader.put(late.card);
        await gate.reader.lift();
      }
      await walkIn(other, late, LET_IN);
      if (victim === 'hub') await site.beginHub();
      else await gate.begin();
      if (random.chance(0.5)) joinAll();
    }
    joinAll();
    for (const gate of gates) await walkIn(gate, nextPerson(), LET_IN);
    await agreed();

    for (const [index, gate] of gates.entries()) {
      const own = gate.entries().slice(before[index]!.entries);
      const grants = own.filter(({ state }) => state !== 'refused' && state !== 'unexpected');
      const pulses = gate.turnstile.pulses.slice(before[index]!.pulses);
      // Each release belongs to a grant that had been committed a moment before, and to no other's.
      const left = [...grants];
      for (const { at } of pulses) {
        const mine = left.findIndex((grant) => at >= grant.at && at - grant.at <= OPEN_WITHIN);
        expect(mine, `a release at ${gate.id} without a grant`).toBeGreaterThanOrEqual(0);
        left.splice(mine, 1);
      }
      // Who died between the commit and the order says that nobody knows.
      for (const { state } of left) expect(state).toBe('unconfirmed');
      const walks = gate.turnstile.walks - walksBefore[index]!;
      expect(own.filter(({ state }) => LET_IN.has(state) || state === 'unexpected').length).toBeGreaterThanOrEqual(
        walks,
      );
    }
    const letIn = gates.flatMap((gate, index) =>
      gate
        .entries()
        .slice(before[index]!.entries)
        .filter(({ state }) => LET_IN.has(state)),
    );
    await until('the hall has heard of all', () => visits.reduce((sum, id) => sum + entered(id), 0) === letIn.length);
  });
});
