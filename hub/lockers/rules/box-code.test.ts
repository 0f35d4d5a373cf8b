import { createHmac } from 'node:crypto';
import { epochMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BoxStop } from './box-code.ts';
import { NEW_BOX, boxCode, tryBoxCode } from './box-code.ts';

const macOf = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest();
const mac = macOf('the box');
const HOUR = 3_600_000;
const DAY: readonly BoxStop[] = [
  { run: 'morning-20261123', stop: 'east', from: epochMs(8 * HOUR), to: epochMs(9 * HOUR) },
  { run: 'morning-20261123', stop: 'west', from: epochMs(9 * HOUR), to: epochMs(10 * HOUR) },
  { run: 'noon-20261123', stop: 'east', from: epochMs(12 * HOUR), to: epochMs(13 * HOUR) },
];

describe('the box on the bus', () => {
  it('opens for its code at its stop and in its time, and once', () => {
    fc.assert(
      fc.property(fc.nat(2), fc.nat(24 * HOUR), (which, at) => {
        const stop = DAY[which];
        if (!stop) throw new Error('no stop');
        const code = boxCode(mac, stop);
        const now = epochMs(at);
        const first = tryBoxCode(DAY, mac, { code, now, memory: NEW_BOX });
        expect(first.answer.ok).toBe(stop.from <= at && at < stop.to);
        const second = tryBoxCode(DAY, mac, { code, now, memory: first.memory });
        expect(second.answer.ok).toBe(false);
      }),
    );
  });

  it('has another code for every box', () => {
    for (const stop of DAY) expect(boxCode(mac, stop)).not.toBe(boxCode(macOf('another'), stop));
  });

  it('shuts itself after five wrong codes, also for the right one, until a quarter of an hour has passed', () => {
    const [stop] = DAY;
    if (!stop) throw new Error('no stop');
    const code = boxCode(mac, stop);
    let memory = NEW_BOX;
    for (let tries = 0; tries < 5; tries++)
      ({ memory } = tryBoxCode(DAY, mac, { code: 'guess', now: stop.from, memory }));
    const early = tryBoxCode(DAY, mac, { code, now: stop.from, memory });
    expect(early.answer).toMatchObject({ error: { code: 'E-CUST-0502' } });
    expect(tryBoxCode(DAY, mac, { code, now: epochMs(stop.from + 900_000), memory }).answer.ok).toBe(true);
  });
});
