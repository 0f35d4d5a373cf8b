import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFront } from '../api/testing/front.ts';
import { attendanceRoutes } from './routes.ts';
import { createHouse } from './testing/house.ts';

const HOUSE = '/api/dorms/dorm-3';
const NIGHT = `${HOUSE}/nights/2026-11-20`;
const WHO = {
  warden: [{ role: 'dorms', area: 'dorm-3' }],
  neighbour: [{ role: 'dorms', area: 'dorm-4' }],
  auditor: [{ role: 'auditor', area: 'dorm-3' }],
  'auditor elsewhere': [{ role: 'auditor', area: 'dorm-4' }],
  guard: [{ role: 'guard', area: 'dorm-3' }],
  desk: [{ role: 'counter', area: '*' }],
} as const;
const NOT_YOU = '403 E-STAFF-0104';
const ELSEWHERE = '404 E-ATT-0101';

let house: ReturnType<typeof createHouse>;
let front: Awaited<ReturnType<typeof createFront>>;
let resident: string;
beforeAll(async () => {
  house = createHouse({
    checkIn: [
      { id: 'gym', label: { zh: '体育馆', en: 'Gymnasium' } },
      { id: 'lobby', label: { zh: '三号楼大厅', en: 'Lobby of dorm 3' }, area: 'dorm-3' },
    ],
  });
  house.resident('1');
  house.until('+1 00:41');
  resident = house.subject('1');
  front = await createFront({
    clock: house.floor.clock,
    who: WHO,
    routes: (api, live) => {
      attendanceRoutes(api, { attendance: house.attendance, live });
    },
  });
});
afterAll(async () => {
  await front.close();
  house.stop();
  house.floor.gates.stop();
});

interface Ask {
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly url: (subject: string) => string;
  readonly body?: object;
}
const get = (what: string, url: Ask['url']): Ask => ({ what, method: 'GET', url });
const post = (what: string, url: Ask['url'], body?: object): Ask => ({
  what,
  method: 'POST',
  url,
  ...(body && { body }),
});
const LOOKS: readonly Ask[] = [
  get('the nights', () => `${HOUSE}/nights`),
  get('one night', () => NIGHT),
  post('a list to take away', () => `${NIGHT}/export`),
  get("a resident's month", (subject) => `${HOUSE}/residents/${subject}?month=2026-11`),
  get('the alerts', () => `${HOUSE}/alerts`),
];
const ACTS: readonly Ask[] = [
  post('to confirm a night', () => `${NIGHT}/confirm`, {}),
  post('to set a result right', (subject) => `${NIGHT}/residents/${subject}`, {
    set: { status: 'in', reason: 'seen-in-person' },
  }),
  post('to see who it is', (subject) => `${HOUSE}/residents/${subject}/look`),
];
const CHECK_IN: readonly Ask[] = [
  get('how many are here', () => '/api/check-in'),
  post('who shows something', () => '/api/check-in/gym/present', { method: 'looked-up', text: '2026001' }),
  post('that it is them', () => '/api/check-in/gym/confirm', { requestId: 'N-1', method: 'looked-up' }),
  get('the picture on record', () => '/api/check-in/photo/N-1'),
  get('who has come by', () => '/api/check-in/gym/arrivals'),
  get('what the terminal saw', () => '/api/check-in/gym/arrivals/019ac4a1-0000-7000-8000-000000000000/snapshot'),
  post('that they were seen to', () => '/api/check-in/gym/arrivals/019ac4a1-0000-7000-8000-000000000000/dismiss'),
];

describe('a dormitory is open', () => {
  it.each(LOOKS)("to its warden and its auditor, and to nobody else's eyes: $what", async ({ method, url, body }) => {
    const ask = (who: string) => front.ask(who, method, url(resident), body);
    expect([await ask('warden'), await ask('auditor')]).toEqual(['200', '200']);
    expect([await ask('neighbour'), await ask('auditor elsewhere')]).toEqual([ELSEWHERE, ELSEWHERE]);
    expect([await ask('guard'), await ask('desk')]).toEqual([NOT_YOU, NOT_YOU]);
    expect(await ask('nobody')).toBe('401 E-STAFF-0103');
  });

  it.each(ACTS)('to its warden alone: $what', async ({ method, url, body }) => {
    const ask = (who: string) => front.ask(who, method, url(resident), body);
    const before = house.list();
    expect(await ask('neighbour')).toBe(ELSEWHERE);
    for (const who of ['auditor', 'auditor elsewhere', 'guard', 'desk'])
      expect([who, await ask(who)]).toEqual([who, NOT_YOU]);
    expect(await ask('nobody')).toBe('401 E-STAFF-0103');
    expect(house.list()).toEqual(before);
    expect(await ask('warden')).toMatch(/^20[04]$/);
  });

  it('to those who work in it when all are asked for', async () => {
    expect(await front.read('warden', '/api/dorms')).toMatchObject([{ id: 'dorm-3' }]);
    expect(await front.read('neighbour', '/api/dorms')).toEqual([]);
    expect(await front.ask('guard', 'GET', '/api/dorms')).toBe(NOT_YOU);
  });

  it('to its warden alone: to see to an alert', async () => {
    const see = (who: string) => front.ask(who, 'POST', '/api/dorms/alerts/seen', { id: 'one that never was' });
    expect([await see('warden'), await see('neighbour')]).toEqual(['404 E-ATT-0104', '404 E-ATT-0104']);
    expect([await see('auditor'), await see('guard'), await see('desk')]).toEqual([NOT_YOU, NOT_YOU, NOT_YOU]);
  });
});

describe('check-in is open to wardens and counters alone', () => {
  it.each(CHECK_IN)('$what', async ({ method, url, body }) => {
    const ask = (who: string) => front.ask(who, method, url(resident), body);
    // Of a newcomer whom nobody knows: let in, and told so.
    const letIn = /^(?:200|404 E-ATT-020\d|409 E-ATT-020\d)$/;
    expect(await ask('warden')).toMatch(letIn);
    expect(await ask('desk')).toMatch(letIn);
    expect([await ask('guard'), await ask('auditor')]).toEqual([NOT_YOU, NOT_YOU]);
    expect(await ask('nobody')).toBe('401 E-STAFF-0103');
  });

  it('at a point of an area to those who work there', async () => {
    const shown = { method: 'looked-up', text: '2026001' };
    const present = (who: string) => front.ask(who, 'POST', '/api/check-in/lobby/present', shown);
    const confirm = (who: string) =>
      front.ask(who, 'POST', '/api/check-in/lobby/confirm', { requestId: 'N-1', method: 'looked-up' });
    const arrivals = (who: string) => front.ask(who, 'GET', '/api/check-in/lobby/arrivals');
    expect([await arrivals('warden'), await arrivals('desk')]).toEqual(['200', '200']);
    expect(await arrivals('neighbour')).toBe('404 E-ATT-0201');
    const points = async (who: string) => {
      const { points: own } = (await front.read(who, '/api/check-in')) as {
        readonly points: readonly { id: string }[];
      };
      return own.map(({ id }) => id);
    };
    for (const who of ['warden', 'desk']) {
      expect([await present(who), await confirm(who)]).toEqual(['404 E-ATT-0202', '404 E-ATT-0202']);
      expect(await points(who)).toEqual(['gym', 'lobby']);
    }
    expect([await present('neighbour'), await confirm('neighbour')]).toEqual(['404 E-ATT-0201', '404 E-ATT-0201']);
    expect(await points('neighbour')).toEqual(['gym']);
  });
});
