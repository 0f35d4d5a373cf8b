import { unwrap } from '@hallhub/sync/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Campus } from './testing/campus.ts';
import { startCampus } from './testing/campus.ts';
import type { GateWatch } from './testing/gate-watch.ts';
import { watchGates } from './testing/gate-watch.ts';
import type { HttpClient } from './testing/http-client.ts';
import { approve } from './testing/people.ts';
import { logInAsFirst } from './testing/staff.ts';
import type { DoorsByThemselves } from './testing/terminals.ts';
import { startDoors } from './testing/terminals.ts';
import { until } from './testing/until.ts';

/*
 * Doors whose devices let people in by themselves, by their own bytes: a controller over UDP, a terminal over HTTP. They are
 * given whom the hall approves, shut in a lock-down, opened by the hub alone then, and relieved of whom the hall takes back.
 */

const API = { every: 100 } as const;
/** Numbers of the cards below, lowest byte first. */
const MEMBER = 0xa403_0201;
const OVERRIDES = 0x0d0c_0b0a;

let campus: Campus;
let doors: DoorsByThemselves;
let staff: HttpClient;
let watch: GateWatch;

beforeAll(async () => {
  doors = await startDoors();
  campus = await startCampus({ extra: doors.extra });
  const hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  watch = watchGates(campus, staff);
  await watch.ready();
});
afterAll(async () => {
  await campus.stop();
  await doors.stop();
});

interface Door {
  /** Holds a card to it; whether it opens by itself. */
  swipe(card: number): boolean;
  has(card: number): boolean;
  /** How often it took an order to open. */
  opened(): number;
}
const DOORS: readonly (readonly [string, Door])[] = [
  [
    'lab',
    {
      swipe: (card) => doors.controller.swipe(card),
      has: (card) => doors.controller.cards.has(card),
      opened: () => doors.controller.done(0x40),
    },
  ],
  [
    'office',
    {
      swipe: (card) => doors.terminal.swipe(String(card)),
      has: (card) => doors.terminal.cards.has(String(card)),
      opened: () => doors.terminal.done('PUT RemoteControl/door/1 open'),
    },
  ],
];
const member = (number: string, uid: string, gate: string, terms: object = {}): string =>
  approve(campus.hall, 'roster', {
    person: { number, name: '陈六', category: 'staff' },
    credentials: [{ type: 'campus-card', uid }],
    gates: [gate],
    areas: [],
    ...terms,
  });
const order = (gate: string, standing: 'lock-down' | 'as-scheduled') =>
  staff.ask('POST', '/api/gates/orders', { scopes: [`gate:${gate}`], standing, confirmed: true });

describe.each(DOORS)('the door %s', (gate, door) => {
  test('opens by itself for members, for nobody in a lock-down, and then by the hub for who may override', async () => {
    const id = member(`2026${gate}1`, '010203A4', gate);
    const leader = member(`2026${gate}2`, '0A0B0C0D', gate, { may: ['override'] });
    await until('both are on it', () => door.has(MEMBER) && door.has(OVERRIDES));
    const first = await watch.decides(gate, () => {
      expect(door.swipe(MEMBER)).toBe(true);
    });
    expect(first).toMatchObject({ requestId: id, state: 'released' });

    await order(gate, 'lock-down');
    await until('it has been shut', () => !door.swipe(MEMBER));
    expect(door.opened()).toBe(0);
    expect(door.swipe(OVERRIDES)).toBe(false);
    await until(
      'the hub lets in who may override',
      async () =>
        (await watch.entries(gate)).some(({ requestId, state }) => requestId === leader && state === 'released'),
      API,
    );
    expect(door.opened()).toBe(1);

    await order(gate, 'as-scheduled');
    await until('it opens by itself again', () => door.swipe(MEMBER));
    unwrap(campus.hall.requests.revoke(id, ''));
    await until('it is relieved of the member', () => !door.has(MEMBER));
    const last = await watch.decides(gate, () => {
      expect(door.swipe(MEMBER)).toBe(false);
    });
    expect(last).toMatchObject({
      state: 'refused',
      code: 'E-GATE-0105',
    });
  });
});
