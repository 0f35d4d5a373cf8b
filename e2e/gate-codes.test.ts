import { randomBytes } from 'node:crypto';
import { epochMs, systemRandom } from '@hallhub/sync/base';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { campusCodeKeyId } from '../hub/gates/project.ts';
import { campusCodeAt } from '../hub/gates/qr/campus-code.ts';
import { createVisitorCodeIssuer, visitorCodeSubject } from '../hub/gates/qr/visitor-code.ts';
import { cleanUp } from './testing/clean-up.ts';
import { approve } from './testing/people.ts';
import type { CodeGate, TwoGates } from './testing/two-gates.ts';
import { openTwoGates } from './testing/two-gates.ts';
import { until } from './testing/until.ts';

/*
 * One code at two gates whose agents are programs of their own, over MQTT: refused at the second while they can hear each
 * other, found out afterwards when they could not.
 */

const API = { every: 100 } as const;
const HOUR = 3_600_000;
/** Another hub of the university, whose codes are believed here. */
const issuer = createVisitorCodeIssuer(randomBytes(32), systemRandom);

const running = cleanUp();
let site: TwoGates;
let south: CodeGate;
let north: CodeGate;
let members = 0;

beforeAll(async () => {
  site = await openTwoGates(running, { codes: { area: 'trust: signed', visitorKeys: [issuer.publicKey] } });
  if (!site.codes) throw new Error('no gates for codes');
  ({ south, north } = site.codes);
});
afterAll(() => running.run());

/** Signed for a visit of which nobody here has heard. */
const signed = (visit: string): string =>
  issuer.issue({ subject: visitorCodeSubject(`${visit}#0`), expiresAt: epochMs(Date.now() + HOUR) });
/** What the phone of a member shows, which both agents know. */
async function ofMember(): Promise<string> {
  const key = randomBytes(32);
  members += 1;
  const id = approve(site.campus.hall, 'roster', {
    person: { number: `2026100${members}`, name: '陈六', category: 'student' },
    credentials: [{ type: 'campus-code', key: key.toString('base64') }],
    areas: ['codes'],
  });
  await until('both agents know the member', () => site.south.knows(id) && site.north.knows(id));
  return campusCodeAt(epochMs(Date.now()), campusCodeKeyId(key.toString('base64')), key);
}
const CODES: readonly [string, () => string | Promise<string>][] = [
  ['a signed visitor code', () => signed(`V-${(members += 1)}`)],
  ['a dynamic campus code', ofMember],
];
const alarms = async (): Promise<readonly { alarm: string; gateId: string }[]> =>
  (await site.staff.ask<{ alarms: { alarm: string; gateId: string }[] }>('GET', '/api/gates/desk')).alarms;

describe.each(CODES)('%s', (_, make) => {
  test('that one gate has taken is refused at the other while they hear each other', async () => {
    const code = await make();
    const pulses = north.turnstile.pulses.length;
    const taken = await south.show(code);
    expect(taken).toMatchObject({ code: null });
    await south.passes(taken);
    await until('the other agent hears of it', () => north.hasHeard(taken));
    // By then it may know of the walk as well: a code that lets in once is then used up, whoever took it.
    expect(await north.show(code)).toMatchObject({
      state: 'refused',
      code: expect.stringMatching(/^E-GATE-0(135|109)$/) as string,
    });
    expect(north.turnstile.pulses).toHaveLength(pulses);
  });

  test('that both have taken while they were cut off is found out when they are joined', async () => {
    const code = await make();
    const before = (await alarms()).filter(({ alarm }) => alarm === 'code-twice').length;
    for (const { cable } of [site.south, site.north]) cable.cut();
    await until(
      'the hub misses both',
      async () =>
        (await site.staff.ask<{ connected: boolean }[]>('GET', '/api/agents')).every(({ connected }) => !connected),
      API,
    );
    for (const gate of [south, north]) {
      const entry = await gate.show(code);
      expect(entry).toMatchObject({ code: null });
      await gate.passes(entry);
    }
    expect((await alarms()).filter(({ alarm }) => alarm === 'code-twice')).toHaveLength(before);
    const pulses = [south, north].map(({ turnstile }) => turnstile.pulses.length);
    for (const { cable } of [site.south, site.north]) cable.join();
    await until(
      'the hub has found it out',
      async () => (await alarms()).filter(({ alarm }) => alarm === 'code-twice').length === before + 1,
      API,
    );
    // What had happened is not done again by being told.
    expect([south, north].map(({ turnstile }) => turnstile.pulses.length)).toEqual(pulses);
  });
});
