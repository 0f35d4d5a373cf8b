import { randomBytes } from 'node:crypto';
import { epochMs, minutes, seconds, systemRandom } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFloor } from '../testing/floor.ts';
import { doubtLegacyCode, legacyCodeAt, readLegacyCode } from './legacy-code.ts';
import { createVisitorCodeIssuer } from './visitor-code.ts';

const NOW = epochMs(Date.UTC(2026, 10, 22, 2));
const CODES = { password: '123456', validFor: seconds(60) };

describe('the code of older campus systems', () => {
  it('is the one that was published', () => {
    const code = legacyCodeAt(epochMs(1_577_461_234_000), 'NO.00001', '123456');
    expect(code).toBe('091d46858f75a02559cc242cd1833727-1577461234-45f14d3fea2cf388c48b5aa97205474d');
  });

  it.each([
    [-31_000, 'E-GATE-0134'],
    [-30_000, undefined],
    [59_999, undefined],
    [60_000, 'E-GATE-0134'],
  ])('shown %i ms after it was made: %s', (late, expected) => {
    const code = readLegacyCode(legacyCodeAt(NOW, 'S1', '123456'));
    expect(code && doubtLegacyCode(code, CODES, epochMs(NOW + late))).toBe(expected);
  });

  it('is refused with any character altered, and under any other password', () => {
    const good = legacyCodeAt(NOW, 'S1', '123456');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.constantFrom(...Array.from('0123456789abcdef-g')), (at, put) => {
        fc.pre(good[at] !== put);
        const code = readLegacyCode(good.slice(0, at) + put + good.slice(at + 1));
        if (code) expect(doubtLegacyCode(code, CODES, NOW)).toBe('E-GATE-0132');
      }),
    );
    const code = readLegacyCode(good);
    expect(code && doubtLegacyCode(code, { ...CODES, password: '1234567' }, NOW)).toBe('E-GATE-0132');
  });
});

const lane = (id: string) => ({
  id,
  area: 'campus',
  scanner: `${id}-scanner`,
  barrier: `${id}-barrier`,
  passageSensor: `${id}-barrier`,
});
const open = (area: object, more: object = {}) => {
  const floor = createFloor({ areas: [{ id: 'campus', ...area }], gates: [lane('a'), lane('b')], now: NOW, ...more });
  floor.approve('roster', 'R-1', {
    person: { number: 'S1', name: '王', category: 'student' },
    credentials: [],
    areas: ['campus'],
  });
  const scan = (gate: string, text: string) => {
    floor.emit(`${gate}-scanner`, 'scan', {
      text,
      bytes: Buffer.from(text),
      at: floor.clock.now(),
      lastByteAt: floor.clock.monotonic(),
    });
  };
  return { ...floor, scan };
};

describe('a gate that still takes them', () => {
  it('opens for a member once a code, at whichever gate', async () => {
    const floor = open({}, { legacyCodes: CODES });
    const code = legacyCodeAt(NOW, 'S1', '123456');
    floor.scan('a', code);
    floor.scan('b', code.toUpperCase());
    floor.scan('b', legacyCodeAt(NOW, 'nobody', '123456'));
    await floor.clock.advanceAsync(seconds(1));
    floor.scan('b', legacyCodeAt(floor.clock.now(), 'S1', '123456'));
    expect(floor.journal().map((entry) => entry.replace('released', 'releasing'))).toEqual([
      'a releasing',
      'b refused E-GATE-0135',
      'b refused E-GATE-0101',
      'b releasing',
    ]);
  });

  it('is every gate that was told the password, and no other', () => {
    const floor = open({});
    floor.scan('a', legacyCodeAt(NOW, 'S1', '123456'));
    expect(floor.journal()).toEqual(['a refused E-GATE-0131']);
  });
});

describe('a genuine visitor code whose approval is not here', () => {
  const other = createVisitorCodeIssuer(randomBytes(32), systemRandom);
  const code = (until = NOW + minutes(60)) => other.issue({ subject: 'ab'.repeat(8), expiresAt: epochMs(until) });

  it('is refused where only what is known counts', () => {
    const floor = open({}, { visitorKeys: [other.publicKey] });
    floor.scan('a', code());
    expect(floor.journal()).toEqual(['a refused E-GATE-0101']);
  });

  it('lets in once by its signature where that is trusted, by the rules of the area, and the hall hears nothing of it', async () => {
    const floor = open({ trust: 'signed' }, { visitorKeys: [other.publicKey] });
    floor.scan('a', code());
    await floor.settle();
    floor.walk('a-barrier');
    await floor.clock.advanceAsync(seconds(1));
    floor.scan('b', code());
    floor.scan('b', code(NOW));
    const stranger = createVisitorCodeIssuer(randomBytes(32), systemRandom);
    floor.scan('b', stranger.issue({ subject: 'cd'.repeat(8), expiresAt: epochMs(NOW + minutes(60)) }));
    expect(floor.journal()).toEqual([
      'a passed',
      'b refused E-GATE-0109',
      'b refused E-GATE-0134',
      'b refused E-GATE-0133',
    ]);
    expect(floor.outcomes).toEqual([]);
    expect(floor.faults).toEqual([]);
    floor.gates.lockDown('area:campus', '1');
    floor.scan('b', other.issue({ subject: 'ef'.repeat(8), expiresAt: epochMs(NOW + minutes(60)) }));
    expect(floor.journal().at(-1)).toBe('b refused E-GATE-0116');
  });
});
