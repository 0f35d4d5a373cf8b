import { unwrap } from '@hallhub/sync/base';
import { afterEach, expect, it } from 'vitest';
import { createFront } from '../api/testing/front.ts';
import type { Staff } from '../staff/index.ts';
import type { ItemView, TrackView } from './contract.ts';
import { openLockers } from './testing/rig.ts';
import { lockersWeb } from './web.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function setUp() {
  const rig = openLockers();
  const front = await createFront({
    clock: rig.clock,
    who: {
      courier: [{ role: 'courier', area: '*' }],
      auditor: [{ role: 'auditor', area: '*' }],
      guard: [{ role: 'guard', area: '*' }],
      operator: [{ role: 'operator', area: '*' }],
    },
    routes: (api, live) => {
      lockersWeb(api, {
        ...{ lockers: rig.lockers, clock: rig.clock, live, audit: rig.audit },
        // Nobody stands by here.
        staff: {} as unknown as Staff,
      });
    },
  });
  closing.push(() => front.close());
  return { rig, front };
}

it('lets couriers work, auditors read, and nobody else in', async () => {
  const { rig, front } = await setUp();
  const id = rig.approve({ to: 'hub-west' });
  const scan = { scans: [{ key: 'drop-off-1', scan: { do: 'drop-off', item: id } }] };
  const batch = '/api/lockers/scans/batch';
  expect(await front.ask('guard', 'POST', batch, scan)).toBe('403 E-STAFF-0104');
  expect(await front.ask('auditor', 'POST', batch, scan)).toBe('403 E-STAFF-0104');
  expect(await front.ask('nobody', 'POST', batch, scan)).toBe('401 E-STAFF-0103');
  expect(await front.ask('courier', 'POST', batch, scan)).toBe('200');
  expect(rig.toldOf(id)).toEqual(['dropped-off']);
  for (const url of ['desk', 'runs', 'journeys', 'cases', 'retention', 'cabinets', 'peers'].map(
    (one) => `/api/lockers/${one}`,
  )) {
    expect(await front.ask('auditor', 'GET', url)).toBe('200');
    expect(await front.ask('guard', 'GET', url)).toBe('403 E-STAFF-0104');
  }
  expect(await front.ask('courier', 'GET', '/api/lockers/key')).toBe('403 E-STAFF-0104');
  expect(await front.read('operator', '/api/lockers/key')).toMatchObject({ hub: 'hub-east' });
});

it('shows everybody with the code where it is, and nobody whose it is', async () => {
  const { rig, front } = await setUp();
  const id = rig.approve({ to: 'hub-west', sender: { name: '欧阳修远', number: 'S77' } });
  const batch = { scans: [{ key: 'drop-off-1', scan: { do: 'drop-off', item: id } }] };
  expect(await front.ask('courier', 'POST', '/api/lockers/scans/batch', batch)).toBe('200');
  const seen = (await front.read('courier', `/api/lockers/items/${id}`)) as ItemView;
  expect(seen).toMatchObject({ custodian: { is: 'hub', hub: 'hub-east' }, recipient: '李*', epoch: 1 });
  const tracked = (await front.read('nobody', `/api/lockers/track/${seen.tracking ?? ''}`)) as TrackView;
  expect(tracked).toMatchObject({ state: 'with-us', from: 'hub-east', to: 'hub-west' });
  expect(JSON.stringify(tracked)).not.toMatch(/欧阳|李四|S77|R1|staff/);
  expect(await front.ask('nobody', 'GET', '/api/lockers/track/0000000000000000')).toBe('404 E-CUST-0101');
});

it('turns away whoever is no peer, or repeats an old question', async () => {
  const { front } = await setUp();
  expect(await front.ask('nobody', 'POST', '/peers/custody/links', {})).toBe('403 E-CUST-0605');
  const said = { type: 'question', from: 'hub-west', to: 'hub-east', nonce: 'x'.repeat(20), issuedAt: 1, after: 0 };
  const forged = { said: { ...said, incarnation: 0 }, keyId: 'hub-west', signature: 'AAAA' };
  expect(await front.ask('nobody', 'POST', '/peers/custody/links', forged)).toBe('403 E-CUST-0605');
});

it('does in its order what a page did off line, once, and says of each what became of it', async () => {
  const { rig, front } = await setUp();
  const id = rig.approve({ to: 'hub-west' });
  const place = { do: 'place', item: id, place: { at: 'bag', bag: 'b' }, ready: false };
  const scans = [
    { key: 'place-early', scan: place },
    { key: 'drop-off-1', scan: { do: 'drop-off', item: id } },
    { key: 'place-later', scan: place },
    {
      key: 'open-it-up',
      scan: { do: 'unseal-bag', bag: 'b', seal: 's', reason: 'x', witness: { login: 'a', password: 'b' } },
    },
  ];
  for (let times = 0; times < 2; times++)
    expect(await front.ask('courier', 'POST', '/api/lockers/scans/batch', { scans })).toBe('200');
  const { state, steps } = rig.lockers.chain.item(id);
  expect(state?.place).toEqual({ at: 'bag', bag: 'b' });
  // The one that was refused the first time is not refused for ever.
  expect(steps.map(({ link }) => link.body.do)).toEqual(['dropped-off', 'placed', 'placed']);
  expect(unwrap(rig.lockers.chain.verify()).links).toBe(3);
});
