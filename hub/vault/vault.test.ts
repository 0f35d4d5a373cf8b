import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openDataDir, openStore } from '../store/index.ts';
import { createVault, maskName, maskNumber, openVault, vaultSchema } from './index.ts';

describe('vault', () => {
  const vault = createVault(randomBytes(32));

  it('opens what it sealed, in its own place only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.string(), (plain, context, elsewhere) => {
        const sealed = vault.seal(plain, context);
        expect(vault.open(sealed, context)).toEqual({ ok: true, value: Buffer.from(plain) });
        if (elsewhere !== context) expect(vault.open(sealed, elsewhere).ok).toBe(false);
      }),
    );
  });

  it('notices a changed bit and never throws on rubbish', () => {
    const sealed = vault.seal(Buffer.from('张三'), 'row/1');
    for (let index = 0; index < sealed.length; index++) {
      const altered = Buffer.from(sealed);
      altered[index] = (altered[index] ?? 0) ^ 1;
      expect(vault.open(altered, 'row/1').ok).toBe(false);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => !vault.open(bytes, 'x').ok));
  });

  it('matches by the first half of an HMAC-SHA-256', () => {
    const key = vault.derive('match');
    fc.assert(
      fc.property(fc.string(), fc.string(), (type, value) => {
        const whole = createHmac('sha256', key).update(`${type}:${value}`).digest();
        expect(vault.match(type, value)).toEqual(whole.subarray(0, 16));
      }),
    );
  });

  it('matches the same credential under the same key only', () => {
    const other = createVault(randomBytes(32));
    expect(vault.match('resident-id', '11010519491231002X')).toEqual(vault.match('resident-id', '11010519491231002X'));
    expect(vault.match('resident-id', '11010519491231002X')).not.toEqual(vault.match('passport', '11010519491231002X'));
    expect(vault.match('resident-id', '11010519491231002X')).not.toEqual(
      other.match('resident-id', '11010519491231002X'),
    );
  });
});

describe('the key of a data folder', () => {
  it('is made once, and a database without its own key is refused instead of given another', () => {
    const dir = openDataDir(mkdtempSync(join(tmpdir(), 'hallhub-vault-')));
    const db = openStore({ dir, components: [vaultSchema], clock: manualClock() });
    const matched = openVault(dir, db).match('resident-id', 'x');
    expect(openVault(dir, db).match('resident-id', 'x')).toEqual(matched);
    writeFileSync(dir.file('vault.key'), randomBytes(32));
    expect(() => openVault(dir, db)).toThrow('E-VAULT-0102');
    rmSync(dir.file('vault.key'));
    expect(() => openVault(dir, db)).toThrow('E-VAULT-0102');
    db.close();
    dir.release();
  });
});

describe('masking', () => {
  it.each([
    ['11010519491231002X', '110***********002X'],
    ['E12345678', 'E12**5678'],
    ['12345', '*****'],
  ])('of number %s', (number, masked) => {
    expect(maskNumber(number)).toBe(masked);
  });

  it.each([
    ['张三', '张*'],
    ['欧阳小明', '欧**明'],
    ['𠮷野家', '𠮷*家'],
    ['Maria Silva', 'M**** S****'],
    ['王', '*'],
  ])('of name %s', (name, masked) => {
    expect(maskName(name)).toBe(masked);
  });
});
