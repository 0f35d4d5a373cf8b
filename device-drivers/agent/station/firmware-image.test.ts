import { failure, ok } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { forDriver } from './firmware-image.ts';

const bytes = Uint8Array.of(1, 2, 3);
const url = 'https://hub.example/firmware/t/reader.bin';
const sha256 = 'a'.repeat(64);
const fed = { source: () => Promise.resolve(ok({ from: 'bytes' as const })) };
const fetching = { source: () => Promise.resolve(ok({ from: 'url' as const })) };

describe('an order to update, on an agent', () => {
  it('becomes bytes for a device that is fed by its driver', async () => {
    const asked: unknown[] = [];
    const args = { version: '2.0.0', image: { from: 'url' as const, url, sha256 } };
    const fit = await forDriver(fed, args, (image) => {
      asked.push(image);
      return Promise.resolve(ok(bytes));
    });
    expect(fit).toEqual(ok({ version: '2.0.0', image: { from: 'bytes', bytes } }));
    expect(asked).toEqual([{ url, sha256 }]);
  });

  it('stays an address for a device that fetches by itself, and bytes stay bytes', async () => {
    const never = () => Promise.reject(new Error('nothing is to be fetched'));
    const byUrl = { version: '2', image: { from: 'url' as const, url } };
    expect(await forDriver(fetching, byUrl, never)).toEqual(ok(byUrl));
    const byBytes = { version: '2', image: { from: 'bytes' as const, bytes } };
    expect(await forDriver(fed, byBytes, never)).toEqual(ok(byBytes));
  });

  it('is refused without a SHA-256, without anything that fetches, and when nothing could be fetched', async () => {
    const image = { from: 'url' as const, url };
    const fetch = () => Promise.resolve(failure('E-DEV-0304', 'status 404'));
    expect(await forDriver(fed, { version: '2', image }, fetch)).toMatchObject({ error: { code: 'E-DEV-0305' } });
    const checked = { version: '2', image: { ...image, sha256 } };
    expect(await forDriver(fed, checked, undefined)).toMatchObject({ error: { code: 'E-DEV-0304' } });
    expect(await forDriver(fed, checked, fetch)).toMatchObject({ error: { code: 'E-DEV-0304' } });
  });
});
