import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, minutes, seconds } from '@hallhub/sync/base';
import { walkInRequested } from '@hallhub/sync/contract';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApi } from '../../api/api.ts';
import { createLive } from '../../api/live.ts';
import { createServer } from '../../api/server.ts';
import { createLog } from '../../log.ts';
import type { Grant, Staff } from '../../staff/index.ts';
import { campusClock } from '../../calendar/index.ts';
import { createFloor } from '../testing/floor.ts';
import { deskRoutes } from './index.ts';
import { campusDay } from './lists.ts';
import type { DeskView, PaperList, VisitorView } from './views.ts';

const ZHANG = '11010519491231002X';
const WANG = '110101198812030154';
const lane = (id: string, area: string, change: object = {}) => ({
  id,
  area,
  reader: `${id}-reader`,
  barrier: `${id}-barrier`,
  passageSensor: `${id}-barrier`,
  ...change,
});
const person = (name: string, number: string, type = 'resident-id') => ({ name, document: { type, number } });
const visit = (people: readonly object[], change: object = {}) => ({
  people,
  areas: ['north'],
  host: { name: '李老师' },
  ...change,
});
const WHO: Readonly<Record<string, readonly Grant[]>> = {
  north: [{ role: 'guard', area: 'north' }],
  everywhere: [{ role: 'guard', area: '*' }],
  auditor: [{ role: 'auditor', area: 'north' }],
  counter: [{ role: 'counter', area: '*' }],
};

async function open() {
  const floor = createFloor({
    areas: [
      { id: 'north', limit: 50 },
      { id: 'south', campus: { zh: '南校区', en: 'South campus' } },
    ],
    gates: [lane('n1', 'north'), lane('n2', 'north', { direction: 'out' }), lane('s1', 'south')],
  });
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-desk-'));
  const server = await createServer({ log: createLog({ level: 'silent' }), webRoot: folder });
  const live = createLive({ epoch: 'e', clock: floor.clock });
  const staff = {
    whoIs: (session: string) =>
      WHO[session] && { id: session, login: session, name: session, grants: WHO[session], disabled: false },
  } as unknown as Staff;
  const pages: string[] = [];
  const api = createApi({ server, staff, isKiosk: () => false });
  deskRoutes(api, {
    gates: floor.gates,
    desk: floor.desk,
    live: {
      ...live,
      publish: (topic, _, area = '') => {
        pages.push(`${topic} ${area}`);
      },
    },
    clock: floor.clock,
  });
  let keys = 0;
  const call = async (method: 'GET' | 'POST', url: string, who: string, payload?: object, key?: string) => {
    keys += 1;
    const answer = await server.inject({
      method,
      url,
      cookies: { hallhub_session: who },
      headers: { 'x-hallhub': '1', 'idempotency-key': key ?? `key-${keys}-xx` },
      ...(payload && { payload }),
    });
    const body: unknown = answer.body === '' ? undefined : answer.json();
    return { status: answer.statusCode, body, code: (body as { code?: string } | undefined)?.code };
  };
  return {
    ...floor,
    pages,
    call,
    orders: () => floor.told.filter((line) => line.includes(' open ')),
    forget: (before: EpochMs) => floor.desk.forget(before),
    desk: async (who = 'north') => (await call('GET', '/api/gates/desk', who)).body as DeskView,
    audited: () =>
      floor.audit.list({ limit: 100 }).map(({ action, subject, detail }) => `${action} ${subject} ${detail}`),
    close: async () => {
      floor.gates.stop();
      live.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let hub: Awaited<ReturnType<typeof open>>;
beforeEach(async () => {
  hub = await open();
});
afterEach(() => hub.close());

describe('a guard', () => {
  it('sees the gates, areas and heads of their own areas only', async () => {
    const mine = await hub.desk();
    expect(mine.areas).toMatchObject([{ id: 'north', campus: { zh: '主校区' }, heads: 0, limit: 50, mayAct: true }]);
    expect(mine.gates.map(({ id }) => id)).toEqual(['n1', 'n2']);
    expect((await hub.desk('everywhere')).areas.map(({ campus }) => campus.zh)).toEqual(['主校区', '南校区']);
    expect((await hub.desk('auditor')).areas).toMatchObject([{ mayAct: false }]);
    expect((await hub.call('GET', '/api/gates/desk', 'counter')).status).toBe(403);
  });

  it('admits whoever was refused, once however often the tablet sends it, and their name stays with the entry', async () => {
    hub.emit('n1-reader', 'card', {
      presented: {
        type: 'resident-id',
        card: {
          layout: 'resident',
          number: ZHANG,
          name: '张三',
          sex: '1',
          birth: '',
          validFrom: '20200101',
          fields: {},
        },
      },
      at: hub.clock.now(),
      lastByteAt: hub.clock.monotonic(),
    });
    const [refused] = hub.gates.entries({ limit: 1 });
    const order = { entryId: refused?.id, reason: 'host-vouches' };
    const first = await hub.call('POST', '/api/gates/n1/admit', 'north', order, 'the-same-key');
    const again = await hub.call('POST', '/api/gates/n1/admit', 'north', order, 'the-same-key');
    expect([first.status, again.body]).toEqual([200, first.body]);
    expect(hub.orders()).toEqual(['n1-barrier open in']);
    expect(hub.journal()).toEqual(['n1 refused E-GATE-0101', 'n1 released']);
    expect(hub.gates.entries({ limit: 1 })).toMatchObject([{ name: '张*', byHand: 'north:host-vouches' }]);
    expect(hub.audited().filter((line) => line.startsWith('gate.admit'))).toHaveLength(1);
    const other = await hub.call('POST', '/api/gates/n1/admit', 'north', { reason: 'emergency' }, 'the-same-key');
    expect(other.code).toBe('E-GATE-0243');
  });

  it.each([
    ['a gate of another area', 'north', 's1', 404],
    ['a gate that is not there', 'everywhere', 'zz', 404],
    ['their own gate', 'everywhere', 's1', 200],
    ['a gate that they may only look at', 'auditor', 'n1', 403],
  ])('admits at %s or not (%s, %s: %i)', async (_, who, gate, status) => {
    expect((await hub.call('POST', `/api/gates/${gate}/admit`, who, { reason: 'emergency' })).status).toBe(status);
  });

  it('must give a reason of the list, and a key', async () => {
    expect((await hub.call('POST', '/api/gates/n1/admit', 'north', { reason: 'because' })).status).toBe(400);
    expect((await hub.call('POST', '/api/gates/n1/admit', 'north', { reason: 'emergency' }, 'short')).status).toBe(400);
  });

  it('types a passport number, which is judged as if it had been shown', async () => {
    hub.approve('visitor-access', 'V-1', visit([person('Maria Silva', 'AB1234567', 'passport')]));
    const present = (number: string) =>
      hub.call('POST', '/api/gates/n1/present', 'north', { document: { type: 'passport', number } });
    expect((await present('ab1234567')).body).toMatchObject({ granted: true });
    expect((await present('XX0000000')).body).toMatchObject({ granted: false, code: 'E-GATE-0101' });
    expect(hub.gates.entries({ limit: 2 }).map(({ method }) => method)).toEqual(['typed-passport', 'typed-passport']);
    expect(hub.audited().join()).not.toMatch(/AB1234567|XX0000000/i);
  });

  it('opens nothing by typing what is revoked', async () => {
    hub.approve('visitor-access', 'V-1', visit([person('Maria Silva', 'AB1234567', 'passport')]));
    hub.revoke('visitor-access', 'V-1');
    const whom = { document: { type: 'passport', number: 'AB1234567' } };
    expect((await hub.call('POST', '/api/gates/n1/present', 'north', whom)).body).toMatchObject({
      code: 'E-GATE-0105',
    });
    expect(
      (await hub.call('POST', '/api/gates/n1/present', 'north', { requestId: 'V-1', person: 0 })).body,
    ).toMatchObject({ granted: false, code: 'E-GATE-0105' });
    expect((await hub.call('POST', '/api/gates/n1/present', 'north', { requestId: 'V-9', person: 0 })).status).toBe(
      404,
    );
  });
});

describe('a search', () => {
  const search = async (query: object, who = 'north') =>
    (await hub.call('POST', '/api/gates/visitors/search', who, query)).body as readonly VisitorView[];
  beforeEach(() => {
    hub.approve('visitor-access', 'V-1', visit([person('张三', ZHANG), person('王小五', WANG)]));
    hub.approve('vehicle-access', 'C-1', { plates: ['京A12345'], areas: ['north'] });
    hub.approve('block', 'B-1', {
      targets: [{ type: 'person', document: { type: 'resident-id', number: WANG } }],
      reason: '',
    });
  });

  it.each([
    ['part of a name', { name: '小五' }, ['V-1#1']],
    ['a document number in small letters', { number: ZHANG.toLowerCase() }, ['V-1#0']],
    ['a plate as people write it', { plate: '京a·12345' }, ['C-1#0']],
    ['the number of the request', { requestId: 'V-1' }, ['V-1#0', 'V-1#1']],
    ['a name nobody has', { name: '赵六' }, []],
    ['a number nobody has', { number: '440524188001010014' }, []],
  ])('finds by %s', async (_, query, found) => {
    expect((await search(query)).map(({ requestId, person: index }) => `${requestId}#${index}`)).toEqual(found);
  });

  it('shows masked people, and whether they are blocked; the words that were typed are nowhere on record', async () => {
    expect(await search({ name: '王小五' })).toMatchObject([
      { name: '王*五', number: '110***********0154', host: '李老师', blocked: true, revoked: false },
    ]);
    expect(hub.audited().filter((line) => line.startsWith('gate.search'))).toEqual([
      'gate.search visitors {"by":"name"}',
    ]);
    expect((await hub.call('POST', '/api/gates/visitors/search', 'auditor', { name: '张' })).status).toBe(403);
  });
});

describe("a visitor's code", () => {
  it('is drawn for an approval that stands, and for no other', async () => {
    hub.approve('visitor-access', 'V-1', visit([person('张三', ZHANG)]));
    const answer = await hub.call('POST', '/api/gates/visitors/code', 'north', { requestId: 'V-1', person: 0 });
    const { text, svg } = answer.body as { text: string; svg: string };
    expect(text).toMatch(/^HHV:[0-9A-Z $%*+\-./:]{129}$/);
    expect(svg).toMatch(/^<svg/);
    expect(hub.audited()[0]).toBe('gate.code request:V-1 {"person":0}');
    hub.revoke('visitor-access', 'V-1');
    const after = await hub.call('POST', '/api/gates/visitors/code', 'north', { requestId: 'V-1', person: 0 });
    expect([after.status, after.code]).toEqual([404, 'E-GATE-0242']);
  });
});

describe('somebody without an approval', () => {
  const walkIn = { people: [person('王小五', WANG)], host: { name: '赵老师' }, purpose: '送材料', hours: 2 };

  it('is asked for at the hall once, waits, and is answered by the approval that names their document', async () => {
    const register = () => hub.call('POST', '/api/gates/n1/walk-ins', 'north', walkIn, 'walk-in-key');
    expect((await register()).status).toBe(200);
    await register();
    const asked = hub.outcomes.filter(({ type }) => type.type === walkInRequested.type);
    expect(asked).toHaveLength(1);
    expect(walkInRequested.schema.parse(asked[0]?.data)).toMatchObject({ gate: 'n1', host: { name: '赵老师' } });
    expect(asked[0]?.subject).toMatch(/^W-hub-1-/);
    expect((await hub.desk()).walkIns).toMatchObject([{ state: 'waiting', people: [{ name: '王*五' }] }]);
    hub.approve('visitor-access', 'V-8', visit([person('张三', ZHANG)]));
    expect((await hub.desk()).walkIns).toMatchObject([{ state: 'waiting' }]);
    const before = hub.pages.length;
    hub.approve('visitor-access', 'V-9', visit([person('王小五', WANG)]));
    expect((await hub.desk()).walkIns).toMatchObject([{ state: 'approved', requestId: 'V-9' }]);
    expect(hub.pages.slice(before)).toEqual(['gate-desk north']);
    hub.card('n1-reader', WANG);
    expect(hub.journal()).toEqual(['n1 releasing']);
  });

  it('is not answered by an approval of another day, and lapses', async () => {
    await hub.call('POST', '/api/gates/n1/walk-ins', 'north', walkIn);
    const from = epochMs(hub.clock.now() + hours(24));
    hub.approve('visitor-access', 'V-9', visit([person('王小五', WANG)]), { from, until: epochMs(from + hours(2)) });
    expect((await hub.desk()).walkIns).toMatchObject([{ state: 'waiting' }]);
    await hub.clock.advanceAsync(minutes(121));
    expect((await hub.desk()).walkIns).toMatchObject([{ state: 'lapsed' }]);
    hub.forget(epochMs(hub.clock.now() + 1));
    expect((await hub.desk()).walkIns).toEqual([]);
  });

  it('leaves no name and no number in the database', async () => {
    await hub.call('POST', '/api/gates/n1/walk-ins', 'north', walkIn);
    const row = Buffer.from(JSON.stringify(hub.db.prepare('SELECT * FROM gate_walk_in').all())).toString();
    const orders = JSON.stringify(hub.db.prepare('SELECT * FROM gate_desk_order').all());
    expect(row + orders + hub.audited().join()).not.toMatch(new RegExp(`${WANG}|王小五|赵老师`));
  });

  it.each([
    ['no people', { people: [] }],
    ['a number with a wrong check digit', { people: [person('王', '110101198812030155')] }],
    ['a day and an hour', { hours: 25 }],
    ['no host', { host: { name: ' ' } }],
  ])('is not taken with %s', async (_, change) => {
    expect((await hub.call('POST', '/api/gates/n1/walk-ins', 'north', { ...walkIn, ...change })).status).toBe(400);
    expect(hub.outcomes).toEqual([]);
  });
});

describe('areas', () => {
  const give = (standing: string, scopes: string[], who = 'everywhere', confirmed = true) =>
    hub.call('POST', '/api/gates/orders', who, { scopes, standing, confirmed });

  it('of a campus are locked down and released together', async () => {
    expect((await give('lock-down', ['area:north', 'area:south'])).status).toBe(204);
    expect((await hub.desk('everywhere')).gates.map(({ standing }) => standing)).toEqual(Array(3).fill('lock-down'));
    expect((await hub.desk()).orders).toMatchObject([
      { scope: 'area:north', standing: 'lock-down', by: 'staff:everywhere' },
    ]);
    hub.approve('visitor-access', 'V-1', visit([person('张三', ZHANG)]));
    hub.card('n1-reader', ZHANG);
    expect(hub.journal()).toEqual(['n1 refused E-GATE-0116']);
    expect((await give('as-scheduled', ['area:north', 'area:south'])).status).toBe(204);
    expect((await hub.desk('everywhere')).orders).toEqual([]);
    expect((await give('as-scheduled', ['area:north'])).code).toBe('E-GATE-0204');
  });

  it('are each answered for themselves: one that cannot be ordered so does not keep the others from it', async () => {
    expect((await give('open', ['area:north'])).status).toBe(204);
    expect((await give('as-scheduled', ['area:north', 'area:south'])).body).toEqual({
      refused: [{ scope: 'area:south', code: 'E-GATE-0204' }],
    });
    expect((await hub.desk('everywhere')).orders).toEqual([]);
  });

  it("are all of them the guard's own, or none is touched", async () => {
    expect((await give('lock-down', ['area:north', 'area:south'], 'north')).code).toBe('E-GATE-0203');
    expect((await hub.desk('everywhere')).orders).toEqual([]);
    expect((await give('open', ['gate:n1'], 'auditor')).status).toBe(403);
    expect((await give('open', ['gate:n1'], 'north', false)).status).toBe(400);
    expect((await give('open', ['gate:n1'], 'north')).status).toBe(204);
  });

  it('say who is inside, masked on the screen, with names in full on paper, which is on record', async () => {
    hub.approve('visitor-access', 'V-1', visit([person('张三', ZHANG)]));
    hub.card('n1-reader', ZHANG);
    await hub.settle();
    hub.walk('n1-barrier');
    expect((await hub.desk()).areas).toMatchObject([{ heads: 1 }]);
    const inside = await hub.call('GET', '/api/gates/areas/north/inside', 'auditor');
    expect(inside.body).toMatchObject([{ name: '张*', number: '110***********002X', heads: 1, gateId: 'n1' }]);
    const paper = (await hub.call('POST', '/api/gates/areas/north/lists/evacuation', 'north')).body as PaperList;
    expect(paper).toMatchObject({ heads: 1, day: '20261122', rows: [{ name: '张三', number: '110***********002X' }] });
    expect(hub.audited()[0]).toBe('gate.list area:north {"list":"evacuation","rows":1}');
    for (const who of ['counter', 'nobody'])
      expect((await hub.call('POST', '/api/gates/areas/north/lists/evacuation', who)).status).toBeGreaterThan(400);
    expect((await hub.call('POST', '/api/gates/areas/south/lists/evacuation', 'north')).status).toBe(404);
  });

  it('list whom they expect today: not the withdrawn, not those of another day or area', async () => {
    const tomorrow = epochMs(hub.clock.now() + hours(24));
    hub.approve('visitor-access', 'V-1', visit([person('张三', ZHANG)], { companions: 2 }));
    hub.approve('visitor-access', 'V-2', visit([person('王二', WANG)]));
    hub.revoke('visitor-access', 'V-2');
    hub.approve('visitor-access', 'V-3', visit([person('李四', WANG)], { areas: ['south'] }));
    hub.approve('visitor-access', 'V-4', visit([person('王五', WANG)]), {
      from: tomorrow,
      until: epochMs(tomorrow + 1),
    });
    hub.approve('vehicle-access', 'C-1', { plates: ['京A12345'], gates: ['n1'] });
    const paper = (await hub.call('POST', '/api/gates/areas/north/lists/expected', 'north')).body as PaperList;
    expect(paper.rows.map(({ name, number, heads }) => `${name} ${number} ${heads}`)).toEqual([
      ' 京A12345 1',
      '张三 110***********002X 3',
    ]);
    expect(paper.rows.map(({ places }) => places)).toEqual([['n1'], ['north']]);
  });

  it('show their alarms until somebody has seen to them', async () => {
    hub.emit('n1-barrier', 'alarm', { alarm: 'forced', at: hub.clock.now(), clear: false });
    hub.emit('s1-barrier', 'alarm', { alarm: 'forced', at: hub.clock.now(), clear: false });
    const [alarm] = (await hub.desk()).alarms;
    expect((await hub.desk()).alarms).toMatchObject([{ gateId: 'n1', alarm: 'forced', seenBy: null }]);
    expect((await hub.call('POST', `/api/gates/alarms/${alarm?.id ?? ''}/seen`, 'north')).status).toBe(204);
    expect((await hub.desk()).alarms).toMatchObject([{ seenBy: 'north' }]);
    const other = (await hub.desk('everywhere')).alarms.find(({ gateId }) => gateId === 's1');
    expect((await hub.call('POST', `/api/gates/alarms/${other?.id ?? ''}/seen`, 'north')).code).toBe('E-GATE-0202');
  });
});

describe('the day of the campus', () => {
  it.each(['Asia/Shanghai', 'Europe/Berlin', 'America/St_Johns'])(
    'in %s holds every instant of its date and no other',
    (timeZone) => {
      const clock = campusClock({ timeZone, holidays: [], workdays: [] });
      fc.assert(
        fc.property(fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 11, 31) }), (instant) => {
          const { from, until } = campusDay(epochMs(instant), clock);
          expect(from).toBeLessThanOrEqual(instant);
          expect(until).toBeGreaterThan(instant);
          const dates = [from, until - 1, from - 1, until].map((at) => clock(epochMs(at)).date);
          const { date } = clock(epochMs(instant));
          expect(dates.map((other) => other === date)).toEqual([true, true, false, false]);
          expect(until - from).toBeGreaterThanOrEqual(seconds(82_800));
        }),
        { numRuns: 60 },
      );
    },
  );
});
