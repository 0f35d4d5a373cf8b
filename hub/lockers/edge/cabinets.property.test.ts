import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rig } from './testing/rig.ts';
import { CABINET, IN_TIME, createRig, doorOf } from './testing/rig.ts';

/*
 * People, staff, a board and the power in any order: a lock is pulsed only for an order that is on record for that door, and
 * never for the thing of somebody else; nothing is in two compartments, and what was stored stays on record until it is
 * collected or staff have said otherwise.
 */

const ITEMS = ['one', 'two', 'three'] as const;
const item = fc.constantFrom(...ITEMS);
const lock = fc.integer({ min: 1, max: 3 });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('deposit' as const), item }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('collect' as const), item }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('shut' as const), lock, inside: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      with: fc.constantFrom('done' as const, 'cancel' as const, 'again' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('force' as const), lock }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stick' as const), lock, stuck: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('silence' as const), silent: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cut' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('open' as const), lock }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('checked' as const), lock }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Open {
  readonly purpose: string;
  readonly item: string | null;
}

async function play(rig: Rig, steps: readonly Step[]): Promise<void> {
  const openAt = rig.db.prepare<[string], Open>(
    'SELECT purpose, item FROM locker_edge_order WHERE compartment = ? AND ended_at IS NULL',
  );
  const contentOf = rig.db
    .prepare<[string], string>('SELECT item FROM locker_edge_content WHERE compartment = ?')
    .pluck();
  rig.hardware.onPulse((pulsed) => {
    const order = openAt.get(doorOf(pulsed));
    const lies = contentOf.get(doorOf(pulsed));
    if (!order) throw new Error(`${doorOf(pulsed)} was pulsed for nobody`);
    const fits = order.purpose === 'deposit' ? lies === undefined : order.purpose === 'service' || lies === order.item;
    if (!fits)
      throw new Error(`${doorOf(pulsed)} with ${lies ?? 'nothing'} was pulsed to ${order.purpose} ${order.item ?? ''}`);
  });
  const orders = new Set<string>();
  const seen = new Map<string, number>();
  for (const one of steps) {
    switch (one.do) {
      case 'deposit':
      case 'collect': {
        const id = `${one.do}-${one.item}`;
        if (!seen.has(id)) rig.allow(one.do, one.item, `${seen.size}00000`);
        seen.set(id, (seen.get(id) ?? 0) + 1);
        const begun = rig.cabinets().begin(id, 'locker-code');
        if (begun.ok) orders.add(begun.value.id);
        break;
      }
      case 'shut':
        if (rig.hardware.isOpen(one.lock)) rig.hardware.place(one.lock, one.inside);
        rig.hardware.shut(one.lock);
        break;
      case 'answer':
        for (const id of orders) rig.cabinets().answer(id, one.with);
        break;
      case 'wait':
        await rig.pass(one.seconds);
        break;
      case 'force':
        rig.hardware.force(one.lock);
        break;
      case 'stick':
        rig.hardware.setStuck(one.lock, one.stuck);
        break;
      case 'silence':
        rig.simulator.setFaults({ silent: one.silent });
        break;
      case 'cut':
        rig.simulator.setFaults({ powerCut: true });
        break;
      case 'restart':
        rig.simulator.setFaults({});
        await rig.restart();
        break;
      case 'open':
      case 'checked': {
        const at = { cabinet: CABINET, compartment: doorOf(one.lock), expiresAt: IN_TIME };
        rig
          .part()
          .answer(
            one.do,
            one.do === 'open' ? { ...at, order: `staff-${orders.size}-${seen.size}` } : { ...at, item: null },
          );
        break;
      }
    }
    await rig.pass(1);
    for (const id of orders) expect(rig.cabinets().order(id)).toBeDefined();
  }
  // Whatever was begun comes to an end by itself: nobody waits for ever, and every end was told once.
  rig.simulator.setFaults({});
  for (let round = 0; round < 4; round += 1) {
    for (let n = 1; n <= 8; n += 1) rig.hardware.shut(n);
    await rig.pass(60);
  }
  for (const id of orders) expect(rig.cabinets().order(id)?.state).toBe('ended');
  const ended = rig.told.filter(({ type }) => type === 'ended').map(({ data }) => data['order']);
  expect(new Set(ended).size).toBe(ended.length);
  for (const id of orders) expect(ended).toContain(id);

  // What the ends say is what lies there, but for what staff have said since.
  if (steps.some((one) => one.do === 'checked')) return;
  const lies = new Map<unknown, unknown>();
  for (const { type, data } of rig.told) {
    if (type !== 'ended') continue;
    if (data['outcome'] === 'stored') lies.set(data['item'], data['compartment']);
    if (data['outcome'] === 'collected') lies.delete(data['item']);
  }
  const kept = rig.db
    .prepare<[], { item: string; compartment: string }>('SELECT item, compartment FROM locker_edge_content')
    .all();
  expect(new Map(kept.map((row) => [row.item, row.compartment]))).toEqual(lies);
}

test('a door opens only for whom an order is on record, and what is stored stays stored', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('KERONG', 'WKLY'), fc.array(step, { maxLength: 25 }), async (kind, steps) => {
      const rig = await createRig(kind);
      try {
        await play(rig, steps);
      } finally {
        await rig.stop();
      }
    }),
  );
}, 120_000);
