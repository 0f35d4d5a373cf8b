import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, manualClock, minutes, seconds, systemRandom, unwrap } from '../base/index.ts';
import { canonicalCode, codeSha256, groupedCode, newCode } from './code.ts';
import { firstValue, isBoundedDer } from './der.ts';
import { DOCUMENT_BYTES_AT_MOST, examine } from './document.ts';
import { createGuard } from './guard.ts';

const code = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => newCode(() => bytes));
const examined = (bytes: Uint8Array) => examine(bytes, { roots: [], at: epochMs(0) });

describe('a verification code', () => {
  it('is read however people type it', () => {
    const full = (text: string): string =>
      text.replace(/[!-~]/g, (character) => String.fromCodePoint((character.codePointAt(0) ?? 0) + 0xfee0));
    const habits = [
      (text: string) => text,
      groupedCode,
      (text: string) => groupedCode(text).replaceAll('-', ' '),
      (text: string) => groupedCode(text).replaceAll('-', '—'),
      (text: string) => ` ${text.toLowerCase()}\n`,
      (text: string) => full(text),
      (text: string) => text.replaceAll('0', 'o'),
      (text: string) => text.replaceAll('1', 'l'),
      (text: string) => text.replaceAll('1', 'I').replaceAll('0', 'O'),
      (text: string) => `https://hall.example.edu.cn/verify?code=${text}`,
      (text: string) => `https://hall.example.edu.cn/verify?lang=en&code=${groupedCode(text)}#top`,
    ];
    fc.assert(
      fc.property(code, fc.constantFrom(...habits), (known, habit) => {
        expect(canonicalCode(habit(known))).toBe(known);
      }),
    );
  });

  it('is nothing else: what is shorter, longer or of other characters is no code', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const read = canonicalCode(text);
        if (read !== undefined) expect(read).toMatch(/^[0-9A-HJKMNP-TV-Z]{16}$/);
      }),
    );
    for (const text of [
      '',
      '7K3M-Q2XD-9FHP',
      'U'.repeat(16),
      '证明证明证明证明证明证明证明证明',
      'A'.repeat(100_000),
    ]) {
      expect(canonicalCode(text)).toBeUndefined();
    }
  });

  it('has 80 random bits, and is told by its hash', () => {
    const many = new Set(Array.from({ length: 2_000 }, () => newCode(systemRandom)));
    expect(many.size).toBe(2_000);
    expect(new Set([...many].join('')).size).toBe(32);
    // printf 7K3MQ2XD9FHP04WT | sha256sum
    expect(codeSha256('7K3MQ2XD9FHP04WT')).toBe('e313f2f4d34271757658114363ec2720a9c3dd39f8cdc39f6f7d2e83b86fb011');
  });
});

describe('what an ASN.1 parser is given', () => {
  const value = fc.letrec<{ readonly value: Uint8Array }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.uint8Array({ maxLength: 40 }).map((bytes) => tlv(0x04, bytes)),
      fc.array(tie('value'), { maxLength: 4 }).map((parts) => tlv(0x30, Buffer.concat(parts))),
    ),
  })).value;

  it('is DER of bounded depth; what is behind the first value is not its', () => {
    fc.assert(
      fc.property(value, fc.uint8Array({ minLength: 1, maxLength: 5 }), (bytes, more) => {
        expect(isBoundedDer(bytes)).toBe(true);
        const longer = Buffer.concat([bytes, more]);
        expect(isBoundedDer(longer)).toBe(false);
        expect(firstValue(longer)).toEqual(longer.subarray(0, bytes.length));
      }),
    );
  });

  it('is refused when torn, nested without end, of indefinite length, or of too many values', () => {
    const nested = (levels: number): Uint8Array =>
      Array.from({ length: levels }).reduce<Uint8Array>((inner) => tlv(0x30, inner), Uint8Array.of(5, 0));
    expect(isBoundedDer(nested(30))).toBe(true);
    expect(isBoundedDer(nested(5_000))).toBe(false);
    expect(isBoundedDer(Uint8Array.of(0x30, 0x80, 0, 0))).toBe(false);
    expect(isBoundedDer(tlv(0x30, Buffer.alloc(60_000)))).toBe(false);
    fc.assert(
      fc.property(value, fc.nat(), (bytes, at) => {
        expect(isBoundedDer(bytes.subarray(0, at % bytes.length))).toBe(false);
      }),
    );
  });
});

describe('whatever is dropped on the page', () => {
  const pdf = (body: string): Uint8Array => Buffer.from(`%PDF-1.7\n${body}\n%%EOF\n`, 'latin1');
  const range = (numbers: string): string => `/ByteRange [${numbers}]`;

  it('is answered and never called sound: bytes of any kind', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.tuple(fc.nat(400), fc.nat(400), fc.nat(400), fc.nat(400)).map((four) => range(four.join(' '))),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => `/Contents <${Buffer.from(bytes).toString('hex')}>`),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const found = examined(pdf(pieces.join(' ')));
        if (found.ok) expect(found.value.sound).toBe(false);
        else expect(found.error.code).toBe('E-VERIFY-0103');
      }),
    );
  });

  it.each([
    ['nothing', new Uint8Array(), 'E-VERIFY-0101'],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47), 'E-VERIFY-0101'],
    ['too large a file', new Uint8Array(DOCUMENT_BYTES_AT_MOST + 1), 'E-VERIFY-0102'],
    ['thousands of signatures', pdf(range('0 10 20 5').repeat(5_000)), 'E-VERIFY-0103'],
  ])('%s is refused by its code', (_what, bytes, expected) => {
    expect(examined(bytes)).toMatchObject({ ok: false, error: { code: expected } });
  });

  it.each([
    ['ranges that overlap', range('0 40 30 20')],
    ['ranges beyond the end', range('0 10 20 9999999999')],
    ['a range that does not begin at the beginning', range('5 10 20 5')],
    ['a hole that is no string', range('0 12 20 30')],
  ])('%s are a broken signature', (_what, text) => {
    expect(unwrap(examined(pdf(`${text} ${' '.repeat(100)}`))).signatures).toMatchObject([{ integrity: 'broken' }]);
  });

  it('deep ASN.1 in the place of a signature costs nothing', () => {
    const bomb = Array.from({ length: 3_000 }).reduce<Uint8Array>((inner) => tlv(0x30, inner), Uint8Array.of(5, 0));
    const hex = `<${Buffer.from(bomb).toString('hex')}>`;
    const head = '%PDF-1.7\n/ByteRange [0 0000000060 0000000000 10] ';
    const start = 60;
    const text = head.replace('0000000000', String(start + hex.length).padStart(10, '0')).padEnd(start, ' ');
    const found = unwrap(examined(Buffer.from(`${text}${hex}${' '.repeat(10)}`, 'latin1')));
    expect(found.signatures).toMatchObject([{ integrity: 'broken' }]);
  });
});

describe('the guard', () => {
  const limits = {
    address: { burst: 5, every: seconds(1) },
    guesses: { burst: 2, every: seconds(30) },
    total: { burst: 50, every: seconds(1) },
  };
  const guardOf = (told: unknown[]) => {
    const clock = manualClock();
    const guard = createGuard({ clock, limits, onRefused: (counts) => told.push(counts) });
    return { clock, guard };
  };

  it('lets an address ask as often as its bucket holds, and again when that has filled', () => {
    const { clock, guard } = guardOf([]);
    expect(Array.from({ length: 7 }, () => guard.admit('192.0.2.1'))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(guard.admit('192.0.2.2')).toBe(true);
    clock.advance(seconds(2));
    expect([guard.admit('192.0.2.1'), guard.admit('192.0.2.1'), guard.admit('192.0.2.1')]).toEqual([true, true, false]);
  });

  it('stops whoever guesses much earlier, wherever in its network that one moves to', () => {
    const { clock, guard } = guardOf([]);
    for (const last of ['1', '2']) {
      expect(guard.admit(`2001:db8:1:2::${last}`)).toBe(true);
      guard.missed(`2001:db8:1:2::${last}`);
    }
    expect(guard.admit('2001:db8:1:2:ffff::9')).toBe(false);
    expect(guard.admit('2001:db8:1:3::1')).toBe(true);
    clock.advance(minutes(1));
    expect(guard.admit('2001:db8:1:2::1')).toBe(true);
  });

  it('has a limit for all together, and tells once in an hour', () => {
    const told: unknown[] = [];
    const { clock, guard } = guardOf(told);
    const admitted = Array.from({ length: 60 }, (_, at) => guard.admit(`198.51.100.${at}`)).filter(Boolean);
    expect(admitted).toHaveLength(50);
    clock.advance(minutes(2));
    for (let at = 0; at < 200; at++) guard.admit('198.51.100.1');
    clock.advance(minutes(2));
    expect(told).toEqual([{ refused: 10, misses: 0 }]);
  });
});

function tlv(tag: number, content: Uint8Array): Uint8Array {
  const length = content.length;
  const size = length < 0x80 ? [length] : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Uint8Array.of(tag, ...size), content]);
}
