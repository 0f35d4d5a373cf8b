import type { CloudEvent } from '@hallhub/sync/contract';
import { iso } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { cabinetKinds } from './cabinet-contract.ts';
import { openLockers } from './testing/rig.ts';

type Rig = ReturnType<typeof openLockers>;
let events = 0;
const tell = (rig: Rig, type: 'ended' | 'door' | 'guessed', data: object, id = `e${++events}`) => {
  const at = rig.clock.now();
  const event: CloudEvent = {
    ...{ specversion: '1.0', id, source: '/hubs/box', type: `hallhub.locker.${type}.v1`, subject: 'north' },
    ...{ time: iso(at), hubsequence: events },
    data: { id, at: iso(at), clock: { at, mono: 0, run: 'r' }, ...data },
  };
  return rig.lockers.part.apply('box', event);
};
/** What the agent knows now; each as its contract says. */
const projected = (rig: Rig, kind: (typeof cabinetKinds)[number]['kind']) => {
  rig.lockers.part.assign('box');
  const schema = cabinetKinds.find((one) => one.kind === kind)?.schema;
  return rig.projected(kind).map((data) => schema?.parse(data));
};
const stored = (item: string) => ({
  ...{ compartment: 'A1', order: 'o', purpose: 'deposit', item, by: 'locker-code', outcome: 'stored', sure: true },
});

it('tells a cabinet for whom it opens, and never a code', () => {
  const rig = openLockers();
  const id = rig.approve({ dropOffCode: '48213907' });
  expect(projected(rig, 'locker-cabinet')).toMatchObject([
    { id: 'north', compartments: [{ id: 'A1', lock: 1 }, {}, {}] },
  ]);
  expect(projected(rig, 'locker-pass')).toMatchObject([
    {
      ...{ purpose: 'deposit', item: id, cabinet: 'north', size: 'small' },
      credentials: [{ kind: 'locker-code', hash: rig.hashed('locker-code', '48213907') }],
    },
  ]);
  expect(tell(rig, 'ended', stored(id), 'once')).toBeUndefined();
  expect(tell(rig, 'ended', stored(id), 'once')).toBeUndefined();
  expect(rig.toldOf(id)).toEqual(['dropped-off', 'ready']);
  const sent = /Code: (\d{8})/.exec(rig.notices.at(-1)?.personal ?? '')?.[1] ?? '';
  expect(projected(rig, 'locker-pass')).toMatchObject([
    { purpose: 'collect', compartment: 'A1', credentials: [{ hash: rig.hashed('locker-code', sent) }] },
  ]);
  expect(JSON.stringify(projected(rig, 'locker-pass'))).not.toContain(sent);
  expect(projected(rig, 'locker-content')).toEqual([{ cabinet: 'north', compartment: 'A1', item: id }]);
  const collected = { ...stored(id), purpose: 'collect', outcome: 'collected' };
  expect(tell(rig, 'ended', collected)).toBeUndefined();
  expect(projected(rig, 'locker-pass')).toEqual([]);
  expect(projected(rig, 'locker-content')).toEqual([]);
  expect(rig.toldOf(id)).toEqual(['dropped-off', 'ready', 'collected']);
});

it('opens for nobody once a delivery is withdrawn', () => {
  const rig = openLockers();
  const id = rig.approve({ dropOffCode: '48213907' });
  const now = rig.clock.now();
  rig.lockers.consignments.handler.revoke({
    ...{ op: 'revoke', kind: 'document-delivery', id, revision: 2, validFrom: now, validUntil: now, committedAt: now },
    ...{ data: {}, because: 'hall' },
  });
  expect(projected(rig, 'locker-pass')).toEqual([]);
});

it('keeps a door out of use that its cabinet holds, and calls staff to one that was forced', () => {
  const rig = openLockers();
  expect(tell(rig, 'door', { compartment: 'A2', what: 'held', why: 'did-not-open' })).toBeUndefined();
  expect(projected(rig, 'locker-hold')).toEqual([{ cabinet: 'north', compartment: 'A2', why: 'did-not-open' }]);
  expect(tell(rig, 'door', { compartment: 'A2', what: 'checked' })).toBeUndefined();
  expect(projected(rig, 'locker-hold')).toEqual([]);
  expect(tell(rig, 'door', { compartment: 'A1', what: 'opened-without-order' })).toBeUndefined();
  expect(rig.notices.map(({ channel }) => channel)).toEqual(['desk']);
  expect(rig.lockers.doors.events('north', 'A1', 9).map(({ what }) => what)).toEqual(['opened-without-order']);
});

it('takes from an agent what is of its own cabinets, and goes on when that does not fit the chain', () => {
  const rig = openLockers();
  const event = { specversion: '1.0', id: 'x', source: '/', type: 'hallhub.locker.door.v1', subject: 'south' } as const;
  const said = { ...event, time: '2026-11-23T02:00:00Z', hubsequence: 1 };
  expect(rig.lockers.part.apply('box', { ...said, data: {} })).toMatchObject({ code: 'E-AGENT-0102' });
  expect(tell(rig, 'ended', stored('nobody-knows-it'))).toBeUndefined();
  expect(rig.notices.map(({ channel }) => channel)).toEqual(['desk']);
});
