import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '@hallhub/sync/base';
import { builtInFiles } from '../schema/index.ts';
import { createBundle, openBundle, overlaid } from './index.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = (publicKey.export({ format: 'der', type: 'spki' }) as Buffer).subarray(-32).toString('base64');
const keys = { maker: raw };
const files = builtInFiles();
const make = (over: Partial<Parameters<typeof createBundle>[0]> = {}): Uint8Array =>
  createBundle({ version: '2026.11', createdAt: 1, files, keyId: 'maker', privateKey, ...over });

describe('a bundle', () => {
  it('opens to what was put in, small enough to travel as one message', () => {
    const bytes = make();
    expect(bytes.length).toBeLessThan(100_000);
    expect(openBundle(bytes, keys)).toEqual({
      ok: true,
      value: { version: '2026.11', createdAt: 1, keyId: 'maker', files },
    });
  });

  it('is refused with another key, an unknown one, or without any', () => {
    const stranger = generateKeyPairSync('ed25519').privateKey;
    expect(openBundle(make({ privateKey: stranger }), keys)).toMatchObject({ error: { code: 'E-PROFILE-0202' } });
    expect(openBundle(make({ keyId: 'toString' }), keys)).toMatchObject({ error: { code: 'E-PROFILE-0202' } });
    expect(openBundle(make(), {})).toMatchObject({ error: { code: 'E-PROFILE-0202' } });
    expect(openBundle(make(), { maker: 'nonsense' })).toMatchObject({ error: { code: 'E-PROFILE-0202' } });
  });

  it('is refused when any byte of it was changed', () => {
    const bytes = make();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const spoilt = Buffer.from(bytes);
        spoilt[at] = (spoilt[at] ?? 0) ^ flip;
        const opened = openBundle(spoilt, keys);
        // Base64 has letters whose last bits say nothing: what opens must be exactly what was signed.
        if (opened.ok) expect(opened.value.files).toEqual(files);
      }),
      { numRuns: 200 },
    );
  });

  it('is refused when it is signed and makes no sense', () => {
    const odd = new Map([
      ['generic/odd.json', '{"label": 5}'],
      ['generic/odd.vectors.json', '{}'],
    ]);
    expect(openBundle(make({ files: odd }), keys)).toMatchObject({ error: { code: 'E-PROFILE-0102' } });
    const escape = new Map([['../../etc/passwd.json', '{}']]);
    expect(openBundle(make({ files: escape }), keys)).toMatchObject({ error: { code: 'E-PROFILE-0201' } });
    for (const bytes of ['', '{}', '[]', 'null']) {
      expect(openBundle(Buffer.from(bytes), keys)).toMatchObject({ error: { code: 'E-PROFILE-0201' } });
    }
  });

  it('goes over the profiles that are there, and leaves the others', () => {
    const name = 'generic/resident-id-serial.json';
    const changed = { ...(JSON.parse(files.get(name) ?? '') as object), label: { zh: '新版', en: 'New' } };
    const bundle = {
      files: new Map([
        [name, JSON.stringify(changed)],
        ['generic/resident-id-serial.vectors.json', '{}'],
      ]),
    };
    const catalogue = unwrap(overlaid(files, bundle));
    expect(catalogue.get('generic/resident-id-serial')?.label.en).toBe('New');
    expect(catalogue.get('generic/ipp-everywhere')).toBeDefined();
    expect(unwrap(overlaid(files, undefined)).list().length).toBe(catalogue.list().length);
  });
});
