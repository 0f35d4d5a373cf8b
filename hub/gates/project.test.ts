import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { changeSchema, requestKinds } from '@hallhub/sync/contract';
import type { RequestChange } from '@hallhub/sync/contract';
import { describe, expect, it } from 'vitest';
import { campusCodeKeyId, passDrafts } from './project.ts';
import type { GateRequest } from './project.ts';

const golden = join(dirname(createRequire(import.meta.url).resolve('@hallhub/sync/contract')), 'golden');

/** The contract's own examples, as the hub reads them. */
function draftsOf(name: string) {
  const text = readFileSync(join(golden, `change.${name}.json`), 'utf8');
  const reading = requestKinds.read(changeSchema.parse(JSON.parse(text)));
  if (reading.status !== 'accepted') throw new Error(`${name} is not accepted`);
  return passDrafts(reading.change as Extract<RequestChange, { op: 'upsert' }> as GateRequest);
}

describe('requests as passes', () => {
  it('visitors: one pass a person, companions on the first', () => {
    expect(draftsOf('visitor-access')).toMatchObject([
      {
        person: 0,
        effect: 'admit',
        companions: 1,
        places: ['east-1', 'main-campus'],
        windows: [],
        escorted: false,
        credentials: [{ type: 'resident-id', value: '110101199003070011' }],
        account: 'pass',
      },
      { person: 1, companions: 0, credentials: [{ type: 'passport', value: 'C01X00T47' }] },
    ]);
  });

  it('visitors who come again: windows, uses and escort', () => {
    expect(draftsOf('visitor-access-recurring')).toMatchObject([
      {
        windows: [
          { weekdays: [1, 3, 5], on: 'workday', from: 480, until: 1_080 },
          { from: 1_320, until: 120 },
        ],
        uses: { max: 2, per: 'day' },
        escorted: true,
      },
    ]);
  });

  it('vehicles: one pass a plate in its compared form, uses on the account of the request', () => {
    expect(draftsOf('vehicle-access')).toMatchObject([
      { person: 0, credentials: [{ type: 'plate', value: '京A12345' }], account: 'request', oneInside: true },
      { person: 1, credentials: [{ type: 'plate', value: '京AD12345' }], uses: { max: 1, per: 'request' } },
    ]);
  });

  it('events: a place in a slot, once', () => {
    expect(draftsOf('event-access')).toMatchObject([
      {
        slot: { id: 'museum-2026/2026-03-01-am', capacity: 120 },
        uses: { max: 1, per: 'request' },
        companions: 1,
      },
    ]);
  });

  it('members: every credential opens, and a block on member or card holder holds', () => {
    const [draft, ...others] = draftsOf('roster');
    expect(others).toEqual([]);
    expect(draft?.credentials.map(({ type, value }) => `${type} ${value}`)).toEqual([
      'resident-id 110101199003070011',
      'uid 04A1B2C3',
      `campus-code ${campusCodeKeyId('AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=')}`,
      'face 20260001',
      expect.stringMatching(/^legacy-code [0-9a-f]{32}$/),
    ]);
    expect(draft?.identities).toEqual([
      { type: 'member', value: '20260001' },
      { type: 'resident-id', value: '110101199003070011' },
    ]);
  });

  it('leaves: the way out only, for the member', () => {
    expect(draftsOf('leave')).toMatchObject([
      { direction: 'out', places: ['main-campus'], identities: [{ type: 'member', value: '20260001' }] },
    ]);
    expect(
      passDrafts({
        kind: 'leave',
        data: { student: { number: '1', name: '陈' }, type: 'sick', exit: false, gates: [], areas: [] },
      }),
    ).toEqual([]);
  });

  it('blocks: one denial a target', () => {
    expect(draftsOf('block').map(({ effect, credentials }) => [effect, credentials[0]?.type])).toEqual([
      ['deny', 'resident-id'],
      ['deny', 'uid'],
      ['deny', 'plate'],
    ]);
  });
});
