import { createHash, randomBytes } from 'node:crypto';
import type { EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, seconds, systemRandom } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { campusCodeKeyId } from '../project.ts';
import { createFloor } from '../testing/floor.ts';
import { fromBase45, toBase45 } from './base45.ts';
import { CAMPUS_PREFIX, campusCodeAt, doubtCampusCode, readCampusCode } from './campus-code.ts';
import { VISITOR_PREFIX, createVisitorCodeIssuer, createVisitorCodeVerifier } from './visitor-code.ts';

const ZHANG = '11010519491231002X';
const NOW = epochMs(Date.UTC(2026, 10, 22, 2));
const KEY = Buffer.alloc(32, 7);
const KEY_ID = campusCodeKeyId(KEY.toString('base64'));
const bytes = fc.uint8Array({ maxLength: 200 });
/** One byte of what is behind the prefix, changed. */
const altered = (code: string, prefix: string, index: number, by: number): string => {
  const inside = Buffer.from(fromBase45(code.slice(prefix.length)) ?? []);
  const at = index % inside.length;
  inside[at] = (inside[at] ?? 0) ^ by;
  return prefix + toBase45(inside);
};

describe('base45', () => {
  it.each([
    ['AB', 'BB8'],
    ['Hello!!', '%69 VD92EX0'],
    ['base-45', 'UJCLQE7W581'],
    ['ietf!', 'QED8WEX0'],
  ])('writes %s as RFC 9285 does: %s', (plain, text) => {
    expect(toBase45(Buffer.from(plain))).toBe(text);
    expect(Buffer.from(fromBase45(text) ?? []).toString()).toBe(plain);
  });

  it.each(['GGW', '::', ':::', 'A', 'ab', 'BB8A', '中文字', '\0\0\0'])('has no bytes for %j', (text) => {
    expect(fromBase45(text)).toBeUndefined();
  });

  it('gives back any bytes, and of any text either nothing or what is written the same way', () => {
    fc.assert(
      fc.property(bytes, (plain) => {
        expect(fromBase45(toBase45(plain))).toEqual(plain);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 30 }), (text) => {
        const read = fromBase45(text);
        if (read) expect(toBase45(read)).toBe(text);
      }),
    );
  });
});

describe('the dynamic code of a member', () => {
  const check = (text: string, now: EpochMs, key: Uint8Array = KEY) => {
    const code = readCampusCode(text);
    return code ? doubtCampusCode(code, key, now) : 'unreadable';
  };

  it('is known again: a QR code of 42 characters', () => {
    const code = campusCodeAt(NOW, KEY_ID, KEY);
    expect(code).toHaveLength(42);
    expect(readCampusCode(code)).toMatchObject({ keyId: KEY_ID, step: NOW / 30_000 });
    // The same tag, computed by OpenSSL's command line from the bytes that the format names.
    expect(Buffer.from(readCampusCode(code)?.tag ?? []).toString('hex')).toBe('6f11a1e2d0c027fa21f7de1a');
  });

  it.each([
    [-91_000, 'E-GATE-0134'],
    [-90_000, undefined],
    [0, undefined],
    [119_999, undefined],
    [120_000, 'E-GATE-0134'],
  ])('shown %i ms after its step began: %s', (late, code) => {
    expect(check(campusCodeAt(NOW, KEY_ID, KEY), epochMs(NOW + late))).toBe(code);
  });

  it('is refused with any byte altered, and under any other key', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), fc.integer({ min: 0, max: 2 ** 40 }), (index, by, at) => {
        const now = epochMs(at);
        expect(check(altered(campusCodeAt(now, KEY_ID, KEY), CAMPUS_PREFIX, index, by), now)).toMatch(
          /unreadable|E-GATE-0132/,
        );
      }),
    );
    expect(check(campusCodeAt(NOW, KEY_ID, KEY), NOW, Buffer.alloc(32, 8))).toBe('E-GATE-0132');
  });
});

describe("a visitor's code", () => {
  const issuer = createVisitorCodeIssuer(randomBytes(32), systemRandom);
  const verify = createVisitorCodeVerifier([issuer.publicKey]);
  const subject = createHash('sha256').update('V-1#0').digest('hex').slice(0, 16);
  const code = issuer.issue({ subject, expiresAt: epochMs(NOW + 1_000) });

  it('is verified off line with the public key alone, until it ends', () => {
    expect(code).toHaveLength(133);
    expect(verify(code, NOW)).toEqual({ subject, expiresAt: NOW + 1_000 });
    expect(verify(code, epochMs(NOW + 1_000))).toBe('E-GATE-0134');
  });

  it('of a key that nobody knows is refused, whatever it says', () => {
    const stranger = createVisitorCodeIssuer(randomBytes(32), systemRandom);
    expect(verify(stranger.issue({ subject, expiresAt: epochMs(NOW + 1_000) }), NOW)).toBe('E-GATE-0133');
  });

  it('is refused with any byte altered', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (index, by) => {
        expect(verify(altered(code, VISITOR_PREFIX, index, by), NOW)).toMatch(/E-GATE-013[123]/);
      }),
    );
  });
});

describe('a gate with a scanner', () => {
  const lane = (id: string) => ({
    id,
    area: 'campus',
    scanner: `${id}-scanner`,
    barrier: `${id}-barrier`,
    passageSensor: `${id}-barrier`,
  });
  const open = () => {
    const floor = createFloor({ areas: [{ id: 'campus' }], gates: [lane('a'), lane('b')], now: NOW });
    floor.approve('roster', 'R-1', {
      person: { number: '2026001', name: '王', category: 'student' },
      credentials: [{ type: 'campus-code', key: KEY.toString('base64') }],
      areas: ['campus'],
    });
    floor.approve('visitor-access', 'V-1', {
      people: [{ name: '张三', document: { type: 'resident-id', number: ZHANG } }],
      areas: ['campus'],
      host: { name: '李' },
    });
    const scan = (gate: string, text: string) => {
      floor.emit(`${gate}-scanner`, 'scan', {
        text,
        bytes: Buffer.from(text),
        at: floor.clock.now(),
        lastByteAt: floor.clock.monotonic(),
      });
    };
    const visitorCode = () => {
      const code = floor.gates.visitorCode('V-1', 0);
      if (!code.ok) throw new Error(code.error.code);
      return code.value.text;
    };
    return { ...floor, scan, visitorCode };
  };

  it('opens for a dynamic code once, at whichever gate, and for the next one again', async () => {
    const floor = open();
    const code = campusCodeAt(floor.clock.now(), KEY_ID, KEY);
    floor.scan('a', code);
    floor.scan('a', code);
    floor.scan('b', code);
    await floor.settle();
    floor.walk('a-barrier');
    await floor.clock.advanceAsync(seconds(5));
    floor.scan('a', code);
    await floor.clock.advanceAsync(seconds(30));
    floor.scan('b', campusCodeAt(floor.clock.now(), KEY_ID, KEY));
    expect(floor.journal()).toEqual(['a passed', 'b refused E-GATE-0135', 'a refused E-GATE-0135', 'b releasing']);
  });

  it('knows after a restart which codes were used', async () => {
    const floor = open();
    const code = campusCodeAt(floor.clock.now(), KEY_ID, KEY);
    floor.scan('a', code);
    await floor.settle();
    floor.gates.stop();
    floor.gates.start();
    floor.scan('b', code);
    expect(floor.journal()).toEqual(['a unconfirmed', 'b refused E-GATE-0135']);
    await floor.clock.advanceAsync(hours(1));
    floor.scan('b', campusCodeAt(floor.clock.now(), KEY_ID, KEY));
    expect(floor.db.prepare('SELECT count(*) FROM gate_code_seen').pluck().get()).toBe(1);
  });

  it("opens for a visitor's code as long as the approval stands", () => {
    const floor = open();
    const code = floor.visitorCode();
    floor.scan('a', code);
    floor.revoke('visitor-access', 'V-1');
    floor.scan('b', code);
    expect(floor.journal()).toEqual(['a releasing', 'b refused E-GATE-0105']);
    expect(floor.gates.visitorCode('V-1', 0)).toMatchObject({ error: { code: 'E-GATE-0242' } });
  });

  it('refuses a genuine code of an approval that has not arrived here', () => {
    const here = open();
    const issuer = createVisitorCodeIssuer(here.vault.derive('visitor-code'), systemRandom);
    here.scan('a', issuer.issue({ subject: '00'.repeat(8), expiresAt: epochMs(NOW + 60_000) }));
    expect(here.journal()).toEqual(['a refused E-GATE-0101']);
  });

  it.each([
    ['10 kB of text', 'A'.repeat(10_240), 'E-GATE-0131'],
    ['10 kB behind our prefix', CAMPUS_PREFIX + '0'.repeat(10_240), 'E-GATE-0131'],
    ['bytes that are no text', '\0\u0001\uFFFD', 'E-GATE-0131'],
    ['an address', 'https://example.edu/?id=1', 'E-GATE-0131'],
    ['nothing', '', 'E-GATE-0131'],
    ['a dynamic code of nobody', campusCodeAt(NOW, 'ff'.repeat(8), KEY), 'E-GATE-0133'],
    ['a dynamic code under a wrong key', campusCodeAt(NOW, KEY_ID, Buffer.alloc(32, 9)), 'E-GATE-0132'],
    ['a dynamic code of yesterday', campusCodeAt(epochMs(NOW - 86_400_000), KEY_ID, KEY), 'E-GATE-0134'],
    ['a dynamic code of tomorrow', campusCodeAt(epochMs(NOW + 86_400_000), KEY_ID, KEY), 'E-GATE-0134'],
  ])('refuses %s, and goes on', (_, text, code) => {
    const floor = open();
    floor.scan('a', text);
    floor.scan('a', campusCodeAt(NOW, KEY_ID, KEY));
    expect(floor.journal()).toEqual([`a refused ${code}`, 'a releasing']);
    expect(floor.faults).toEqual([]);
  });
});
