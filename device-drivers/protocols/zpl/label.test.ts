import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manualClock, seconds, unwrap } from '@hallhub/sync/base';
import { createMemoryLine } from '../../transports/index.ts';
import { toPng } from '../escpos/testing/png.ts';
import { columnsOf } from '../escpos/width.ts';
import { labelBytes } from './bytes.ts';
import { code128 } from './code128.ts';
import { BAG_LABEL, halfWidth, labelSchema, layLabel } from './label.ts';
import { type ZplParams, zplSchema } from './params.ts';
import { type PrintedLabel, createLabelPrinterSimulator } from './simulator.ts';

const FIELDS = { to: 'North Campus', from: 'Hall 1', number: 'BAG-000123', note: 'sealed', code: 'HALL1:BAG-000123' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'labels-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What zbarimg (Debian package `zbar-tools`) reads in a picture, sorted. */
function codesIn({ width, height, dots }: PrintedLabel): readonly string[] {
  const file = join(folder, 'label.png');
  writeFileSync(file, toPng({ width, height, dots }));
  try {
    return execFileSync('zbarimg', ['--quiet', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n')
      .toSorted();
  } catch (error) {
    throw new Error('zbarimg found nothing, or is not there: apt install zbar-tools', { cause: error });
  }
}

/** The label as it comes out of a printer that is given these bytes. */
async function printed(bytes: Uint8Array): Promise<PrintedLabel> {
  const clock = manualClock();
  const line = createMemoryLine({ name: 'labels' });
  const printer = createLabelPrinterSimulator({ transport: line.device, clock });
  await printer.start();
  await line.host.open();
  await line.host.write(bytes);
  await clock.advanceAsync(seconds(5));
  await printer.stop();
  const [label] = printer.printed;
  if (!label) throw new Error('nothing came out');
  return label;
}
const program = (fields: Readonly<Record<string, string>>, params: ZplParams): Uint8Array =>
  unwrap(labelBytes({ template: 'bag', fields, copies: 1 }, params));

describe('a bag label', () => {
  it.each([203, 300] as const)('at %i dpi: its bars and its QR code are read', async (dpi) => {
    const label = await printed(program(FIELDS, zplSchema.parse({ dpi })));
    expect(codesIn(label)).toEqual(['CODE-128:BAG-000123', 'QR-Code:HALL1:BAG-000123']);
    expect(label.texts.map(({ text }) => text)).toEqual(['North Campus', 'Hall 1', 'BAG-000123', 'sealed']);
  });

  it('in Chinese is printed in the font that the printer has, and refused where it has none', async () => {
    const fields = { ...FIELDS, to: '北校区', from: '档案馆 3 楼' };
    const label = await printed(program(fields, zplSchema.parse({ font: 'E:SIMSUN.FNT' })));
    expect(label.texts.slice(0, 3).map(({ font, text }) => [font, text])).toEqual([
      ['E:SIMSUN.FNT', '北校区'],
      ['E:SIMSUN.FNT', '档案馆 3 楼'],
      ['0', 'BAG-000123'],
    ]);
    expect(labelBytes({ template: 'bag', fields, copies: 1 }, zplSchema.parse({}))).toMatchObject({
      ok: false,
      error: { code: 'E-LBL-0104' },
    });
  });

  it('whose destination is too long is refused, and nothing of it is cut off', () => {
    const params = zplSchema.parse({ font: 'E:SIMSUN.FNT' });
    const fields = { ...FIELDS, to: '学生事务与发展中心北校区办公室' };
    expect(labelBytes({ template: 'bag', fields, copies: 1 }, params)).toMatchObject({
      ok: false,
      error: { code: 'E-LBL-0103', detail: 'text at 3, 3 mm' },
    });
  });

  it('that lacks something, or that nobody knows, is refused', () => {
    const params = zplSchema.parse({});
    const { from, number, note, code } = FIELDS;
    expect(labelBytes({ template: 'bag', fields: { from, number, note, code }, copies: 1 }, params)).toMatchObject({
      ok: false,
      error: { code: 'E-LBL-0102', detail: 'to' },
    });
    expect(labelBytes({ template: 'constructor', fields: FIELDS, copies: 1 }, params)).toMatchObject({
      ok: false,
      error: { code: 'E-LBL-0101' },
    });
  });
});

describe('whatever stands on a label', () => {
  it('is no command to the printer, and comes out as it was given', async () => {
    const design = labelSchema.parse({
      width: 200,
      height: 20,
      elements: [{ type: 'text', x: 1, y: 1, text: '{any}', height: 3, width: 198 }],
    });
    const params = { ...zplSchema.parse({ font: 'E:SIMSUN.FNT' }), labels: { any: design } };
    const text = fc
      .oneof(fc.string({ maxLength: 30 }), fc.constantFrom('^XZ', '~JA', '^FS^XZ~HS', '_5E', '北^校', '𠮷'))
      .map((given) => given.replaceAll(/\s+/g, ' '))
      .filter((given) => given.trim() === given && given !== '');
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        const bytes = unwrap(labelBytes({ template: 'any', fields: { any: given }, copies: 1 }, params));
        const commands = Buffer.from(bytes)
          .toString('latin1')
          .split(/[\^~]/)
          .slice(1)
          .map((part) => part.slice(0, 2));
        expect(commands).toEqual([
          'XA',
          'CI',
          'PW',
          'LL',
          'LH',
          'FO',
          /^[\x20-\x7e]*$/.test(given) ? 'A0' : 'A@',
          'FH',
          'FD',
          'FS',
          'PQ',
          'XZ',
        ]);
        expect((await printed(bytes)).texts.map((line) => line.text)).toEqual([given]);
      }),
      { numRuns: 50 },
    );
  });

  it('lies within the label, and all of it is there', () => {
    const words = fc.string({ unit: fc.constantFrom('北', '区', 'A', 'b', '1', ' '), maxLength: 30 });
    const fields = fc.record({
      to: words,
      from: words,
      note: words,
      number: fc.stringMatching(/^[A-Z0-9-]{1,30}$/),
      code: fc.stringMatching(/^[A-Z0-9:-]{1,80}$/),
    });
    fc.assert(
      fc.property(fields, fc.constantFrom(203, 300, 600), (given, dpi) => {
        const laid = layLabel(BAG_LABEL, given, dpi);
        if (!laid.ok) {
          expect(laid.error.code).toBe('E-LBL-0103');
          return;
        }
        const [right, bottom] = [BAG_LABEL.width, BAG_LABEL.height].map((mm) => Math.round((mm * dpi) / 25.4));
        let text = '';
        for (const mark of laid.value) {
          const size = mark.type === 'bitmap' ? mark.bitmap : mark;
          const width =
            mark.type === 'text' ? columnsOf(mark.text) * halfWidth(mark.height) : 'width' in size ? size.width : 0;
          expect(mark.x + width).toBeLessThanOrEqual(right ?? 0);
          expect(mark.y + size.height).toBeLessThanOrEqual(bottom ?? 0);
          if (mark.type === 'text') text += mark.text;
        }
        const solid = (value: string): string => value.replaceAll(' ', '');
        expect(solid(text)).toBe(solid(given.to + given.from + given.number + given.note));
      }),
    );
  });
});

describe('code 128', () => {
  it('is as wide as its characters say, and each symbol has three bars and three gaps', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x20-\x7e]{1,40}$/), (text) => {
        const widths = code128(text);
        expect(widths).toHaveLength(6 * (text.length + 2) + 7);
        expect(widths.reduce((sum, width) => sum + width, 0)).toBe(11 * (text.length + 2) + 13);
      }),
    );
    expect(() => code128('')).toThrow(RangeError);
    expect(() => code128('é')).toThrow(RangeError);
  });

  it('is read with every character that it can hold', async () => {
    const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('');
    const design = labelSchema.parse({
      width: 120,
      height: 20,
      elements: [{ type: 'code128', x: 1, y: 2, data: '{data}', height: 12 }],
    });
    const params = { ...zplSchema.parse({}), labels: { code: design } };
    for (let at = 0; at < printable.length; at += 19) {
      // A blank at an end would not be seen in what is printed out.
      const data = `x${printable.slice(at, at + 19)}x`;
      const label = await printed(unwrap(labelBytes({ template: 'code', fields: { data }, copies: 1 }, params)));
      expect(codesIn(label)).toEqual([`CODE-128:${data}`]);
    }
  });
});
