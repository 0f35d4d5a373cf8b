import { createHash } from 'node:crypto';
import type { ManualClock } from '@hallhub/sync/base';
import { epochMs, manualClock, unwrap } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditSchema, createAudit } from '../audit/index.ts';
import type { Images } from './images.ts';
import { createImages } from './images.ts';
import { MOST_IMAGE_BYTES } from './limits.ts';
import { csvField } from './report.ts';
import { firmwareSchema } from './schema.ts';

const bytes = Uint8Array.from({ length: 2_500 }, (_, index) => (index * 13) & 0xff);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const image = { sha256, name: 'reader.bin', version: '2.0.0', profiles: ['generic/osdp-reader'], models: [] };

let clock: ManualClock;
let db: Db;
let images: Images;
beforeEach(() => {
  clock = manualClock();
  db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, firmwareSchema] });
  images = createImages({ db, clock, audit: createAudit({ db, clock }), inUse: () => false });
});
afterEach(() => {
  db.close();
});
const upload = (): void => {
  unwrap(images.begin({ ...image, size: bytes.length }, 'staff:op'));
  unwrap(images.append(sha256, 0, bytes.subarray(0, 1_000), 'staff:op'));
  unwrap(images.append(sha256, 1_000, bytes.subarray(1_000), 'staff:op'));
};

describe('an upload', () => {
  it('goes on where it stopped, and says where that is', () => {
    unwrap(images.begin({ ...image, size: bytes.length }, 'staff:op'));
    unwrap(images.append(sha256, 0, bytes.subarray(0, 1_000), 'staff:op'));
    expect(images.append(sha256, 1_500, bytes.subarray(1_500), 'staff:op')).toMatchObject({
      error: { code: 'E-FW-0105', detail: '1000' },
    });
    expect(images.begin({ ...image, size: bytes.length }, 'staff:op')).toMatchObject({ value: { received: 1_000 } });
    unwrap(images.append(sha256, 1_000, bytes.subarray(1_000), 'staff:op'));
    expect(Buffer.from(images.bytes(sha256)).equals(bytes)).toBe(true);
  });

  it('of bytes that are known as another version or for other models is refused, and not taken for the known one', () => {
    upload();
    const again = (words: object): unknown => images.begin({ ...image, ...words, size: bytes.length }, 'staff:op');
    expect(again({ version: '2.0.1' })).toMatchObject({ error: { code: 'E-FW-0108', detail: 'version' } });
    expect(again({ profiles: [...image.profiles, 'generic/osdp-reader-x'], models: ['5c2623'] })).toMatchObject({
      error: { code: 'E-FW-0108', detail: 'profiles, models' },
    });
    expect(again({ name: 'reader (1).bin' })).toMatchObject({ value: { version: '2.0.0', received: bytes.length } });
    unwrap(images.remove(sha256, 'staff:op'));
    expect(again({ version: '2.0.1' })).toMatchObject({ value: { version: '2.0.1', received: 0 } });
  });

  it('whose bytes are not the announced ones is dropped', () => {
    unwrap(images.begin({ ...image, size: bytes.length }, 'staff:op'));
    const wrong = Uint8Array.from(bytes, (byte, index) => (index === 7 ? byte ^ 1 : byte));
    expect(images.append(sha256, 0, wrong, 'staff:op')).toMatchObject({ error: { code: 'E-FW-0102' } });
    expect(images.list()).toEqual([]);
  });

  it('is bounded, and forgotten when it was never completed', () => {
    expect(images.begin({ ...image, size: MOST_IMAGE_BYTES + 1 }, 'staff:op')).toMatchObject({
      error: { code: 'E-FW-0101' },
    });
    unwrap(images.begin({ ...image, size: 10 }, 'staff:op'));
    expect(images.append(sha256, 0, bytes, 'staff:op')).toMatchObject({ error: { code: 'E-FW-0101' } });
    expect(images.purge(epochMs(clock.now() + 1))).toBe(1);
    expect(images.get(sha256)).toMatchObject({ error: { code: 'E-FW-0103' } });
  });
});

describe('a field of the CSV report', () => {
  it('is never a formula, and reads back as it was', () => {
    expect(csvField('=HYPERLINK("http://x")')).toBe(`"'=HYPERLINK(""http://x"")"`);
    fc.assert(
      fc.property(fc.string(), (text) => {
        const field = csvField(text);
        const read = field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field;
        expect(read).not.toMatch(/^\s*[=+\-@]/);
        expect(read.replace(/^'/, '')).toBe(text.replace(/^'/, ''));
        if (!field.startsWith('"')) expect(field).not.toMatch(/[",\r\n]/);
      }),
    );
  });
});
