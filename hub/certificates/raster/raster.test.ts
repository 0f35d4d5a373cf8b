import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { PDFDocument, rgb } from '@cantoo/pdf-lib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seconds, systemClock, unwrap } from '@hallhub/sync/base';
import { run } from '../testing/tools.ts';
import { externalRasteriser } from './index.ts';
import { completePwg } from './pwg.ts';

const clock = systemClock({ mode: 'test' });
const folder = mkdtempSync(join(tmpdir(), 'hallhub-raster-test-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function pdfOf(pages: number, size: [number, number] = [595.28, 841.89]): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  for (let page = 0; page < pages; page += 1) {
    document.addPage(size).drawRectangle({ x: 100, y: 100, width: 80, height: 80, color: rgb(0.8, 0, 0) });
  }
  return document.save();
}
function program(name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

beforeAll(() => {
  for (const tool of ['mutool', 'gs']) run('which', [tool]);
});

describe.each(['mutool', 'gs'])('pages as images by %s', (command) => {
  test.each(['srgb_8', 'sgray_8'] as const)('two whole A4 pages in %s, marked as the standard has it', async (type) => {
    const rasteriser = externalRasteriser({ command, dpi: 300, clock });
    const made = Buffer.from(unwrap(await rasteriser.rasterise(await pdfOf(2), { type, dpi: 300, pages: 2 })));
    expect(made.toString('latin1').split('PwgRaster\0')).toHaveLength(3);
    expect(made.readUInt32BE(4 + 452)).toBe(2);
    // Something is on the page: the red square shows as runs that are not white.
    expect(made.subarray(1800).some((byte) => byte !== 0xff && byte > 0x80)).toBe(true);
  });

  test('a page that is not A4, or one more than was counted, is refused before it is sent', async () => {
    const rasteriser = externalRasteriser({ command, dpi: 300, clock });
    const wish = { type: 'sgray_8', dpi: 300, pages: 1 } as const;
    expect(await rasteriser.rasterise(await pdfOf(1, [400, 600]), wish)).toMatchObject({
      error: { code: 'E-CERT-0613', detail: 'page 1: 141 × 212 mm' },
    });
    expect((await rasteriser.rasterise(await pdfOf(2), wish)).ok).toBe(false);
    expect(await rasteriser.rasterise(await pdfOf(2), { ...wish, pages: 3 })).toMatchObject({
      error: { code: 'E-CERT-0613', detail: '2 of 3 pages' },
    });
  });

  test('what is no PDF fails', async () => {
    const rasteriser = externalRasteriser({ command, dpi: 300, clock });
    const made = await rasteriser.rasterise(Buffer.from('no PDF'), { type: 'sgray_8', dpi: 300, pages: 1 });
    expect(made.ok).toBe(false);
  });
});

describe('a program that does not do its work', () => {
  const wish = { type: 'sgray_8', dpi: 300, pages: 1 } as const;
  test('is missing: said by name', async () => {
    const rasteriser = externalRasteriser({ command: '/nowhere/mutool', dpi: 300, clock });
    expect(await rasteriser.rasterise(await pdfOf(1), wish)).toMatchObject({
      error: { code: 'E-CERT-0611', detail: '/nowhere/mutool' },
    });
  });

  test('is too slow: killed', async () => {
    const fast = systemClock({ mode: 'test', speed: 1_000 });
    const command = program('mutool-slow', 'exec sleep 600');
    const rasteriser = externalRasteriser({ command, dpi: 300, clock: fast, atMost: seconds(30) });
    expect(await rasteriser.rasterise(await pdfOf(1), wish)).toMatchObject({ error: { code: 'E-CERT-0612' } });
  });

  test('writes without end: killed', async () => {
    const rasteriser = externalRasteriser({ command: program('mutool-loud', 'exec yes'), dpi: 300, clock });
    expect(await rasteriser.rasterise(await pdfOf(1), wish)).toMatchObject({
      error: { code: 'E-CERT-0612', detail: 'more than so many pages can be' },
    });
  });

  test('wants more memory than it may have', async () => {
    const rasteriser = externalRasteriser({ command: 'mutool', dpi: 300, clock, memoryBytes: 16 << 20 });
    expect((await rasteriser.rasterise(await pdfOf(1), wish)).ok).toBe(false);
  });
});

describe('PWG raster', () => {
  const wish = { type: 'sgray_8', dpi: 300, pages: 1 } as const;
  let page: Uint8Array;
  beforeAll(async () => {
    const rasteriser = externalRasteriser({ command: 'mutool', dpi: 300, clock });
    page = unwrap(await rasteriser.rasterise(await pdfOf(1), wish));
  });

  test('cut anywhere, it is refused; whole, it stays as it is', () => {
    expect(Buffer.from(unwrap(completePwg(page, wish))).equals(page)).toBe(true);
    fc.assert(
      fc.property(fc.nat(page.length - 1), (length) => {
        expect(completePwg(page.subarray(0, length), wish)).toMatchObject({ error: { code: 'E-CERT-0613' } });
      }),
    );
  });

  test('anything else is refused and never read past its end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 4_000 }), (noise) => {
        expect(completePwg(noise, wish).ok).toBe(false);
        expect(completePwg(Buffer.concat([page.subarray(0, 1_800), noise]), wish).ok).toBe(false);
      }),
    );
  });

  test('another resolution or kind of pixel than was asked for is refused', () => {
    expect(completePwg(page, { ...wish, dpi: 600 })).toMatchObject({ error: { detail: 'page 1: 300 × 300 dpi' } });
    expect(completePwg(page, { ...wish, type: 'srgb_8' }).ok).toBe(false);
  });
});
