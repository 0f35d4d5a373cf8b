import { z } from 'zod';
import { type Result, failure, ok } from '@hallhub/sync/base';
import { type Bitmap, qrBitmap } from '../escpos/raster.ts';
import { columnsOf, wrap } from '../escpos/width.ts';
import { code128 } from './code128.ts';

/*
 * What a label looks like, in millimetres from its upper left corner. `{name}` in a text or a code stands for a field of the
 * order. Nothing is ever cut off: a destination of which the end is missing is another destination.
 */
const millimetres = z.number().min(0).max(300);
const place = { x: millimetres, y: millimetres };
const content = z.string().min(1).max(200);

const element = z.discriminatedUnion('type', [
  /** `height` of the characters, `width` of the field, in at most so many lines. */
  z.strictObject({
    type: z.literal('text'),
    ...place,
    text: content,
    height: z.number().min(1.5).max(40),
    width: millimetres.min(2),
    lines: z.int().min(1).max(10).default(1),
  }),
  /** `module`: dots to the narrowest bar. */
  z.strictObject({
    type: z.literal('code128'),
    ...place,
    data: content,
    height: millimetres.min(3),
    module: z.int().min(1).max(8).default(2),
  }),
  z.strictObject({ type: z.literal('qr'), ...place, data: content, module: z.int().min(2).max(12).default(5) }),
  z.strictObject({
    type: z.literal('line'),
    ...place,
    width: millimetres,
    thickness: z.number().min(0.1).max(5).default(0.3),
  }),
]);

export const labelSchema = z.strictObject({
  width: z.number().min(15).max(220),
  height: z.number().min(10).max(300),
  elements: z.array(element).min(1).max(50),
});

export type LabelDesign = z.output<typeof labelSchema>;
type Element = z.output<typeof element>;

/** For a sealed bag: where to in large letters, its number in bars for scanners, and all of it in a QR code. */
export const BAG_LABEL: LabelDesign = labelSchema.parse({
  width: 70,
  height: 50,
  elements: [
    { type: 'text', x: 3, y: 3, text: '{to}', height: 9, width: 64 },
    { type: 'line', x: 3, y: 14, width: 64 },
    { type: 'text', x: 3, y: 16, text: '{from}', height: 4, width: 40 },
    { type: 'text', x: 3, y: 21, text: '{number}', height: 4, width: 40 },
    { type: 'text', x: 3, y: 26, text: '{note}', height: 3, width: 40, lines: 2 },
    { type: 'code128', x: 2, y: 34, data: '{number}', height: 13 },
    { type: 'qr', x: 46, y: 16, data: '{code}', module: 4 },
  ],
});

/** What goes onto the label, in dots. */
export type Mark =
  | { readonly type: 'text'; readonly x: number; readonly y: number; readonly text: string; readonly height: number }
  | { readonly type: 'bitmap'; readonly x: number; readonly y: number; readonly bitmap: Bitmap }
  | { readonly type: 'box'; readonly x: number; readonly y: number; readonly width: number; readonly height: number };

const MM_PER_INCH = 25.4;
const QUIET_BARS = 10;

/** The label with its fields filled in. Errors: `E-LBL-0102` a field is missing, `E-LBL-0103` it does not fit. */
export function layLabel(
  design: LabelDesign,
  fields: Readonly<Record<string, string>>,
  dpi: number,
): Result<readonly Mark[]> {
  const dots = (value: number): number => Math.round((value * dpi) / MM_PER_INCH);
  const marks: Mark[] = [];
  for (const one of design.elements) {
    const filled = fill('text' in one ? one.text : 'data' in one ? one.data : '', fields);
    if (!filled.ok) return filled;
    const laid = lay(one, filled.value, dots);
    if (!laid) return failure('E-LBL-0103', describe(one));
    const within = laid.every((mark) => {
      const [width, height] = sizeOf(mark);
      return mark.x + width <= dots(design.width) && mark.y + height <= dots(design.height);
    });
    if (!within) return failure('E-LBL-0103', describe(one));
    marks.push(...laid);
  }
  return ok(marks);
}

/** Which element, by its design: what stands in it may be somebody's name. */
const describe = (one: Element): string => `${one.type} at ${one.x}, ${one.y} mm`;

/** The text with the fields in it. Error: `E-LBL-0102`, with the one that is missing. */
export function fill(text: string, fields: Readonly<Record<string, string>>): Result<string> {
  const missing = [...text.matchAll(/\{(\w+)\}/g)].find(([, name = '']) => !Object.hasOwn(fields, name));
  if (missing) return failure('E-LBL-0102', missing[1]);
  return ok(text.replaceAll(/\{(\w+)\}/g, (_, name: string) => fields[name] ?? ''));
}

function lay(one: Element, filled: string, dots: (value: number) => number): readonly Mark[] | undefined {
  const at = { x: dots(one.x), y: dots(one.y) };
  switch (one.type) {
    case 'line':
      return [{ type: 'box', ...at, width: dots(one.width), height: Math.max(1, dots(one.thickness)) }];
    case 'text': {
      const height = dots(one.height);
      const columns = Math.floor(dots(one.width) / halfWidth(height));
      if (columns < 2) return undefined;
      const lines = wrap(filled.replaceAll(/\s+/g, ' '), columns).filter((line) => line !== '');
      if (lines.length > one.lines) return undefined;
      return lines.map((text, index) => ({ type: 'text', x: at.x, y: at.y + index * leading(height), text, height }));
    }
    case 'qr': {
      const bitmap = qrBitmap(filled, one.module, Number.MAX_SAFE_INTEGER);
      return bitmap && [{ type: 'bitmap', ...at, bitmap }];
    }
    case 'code128':
      if (!/^[\x20-\x7e]+$/.test(filled)) return undefined;
      return [{ type: 'bitmap', ...at, bitmap: bars(filled, one.module, dots(one.height)) }];
  }
}

const leading = (height: number): number => Math.ceil(height * 1.2);
/** A half-width character is half as wide as it is high, a full-width one as wide: what a printer's font is told to be. */
export const halfWidth = (height: number): number => Math.ceil(height / 2);

function sizeOf(mark: Mark): readonly [width: number, height: number] {
  if (mark.type === 'text') return [columnsOf(mark.text) * halfWidth(mark.height), mark.height];
  const { width, height } = mark.type === 'bitmap' ? mark.bitmap : mark;
  return [width, height];
}

/** Bars with their quiet zones. */
export function bars(text: string, module: number, height: number): Bitmap {
  const widths = code128(text);
  const width = (widths.reduce((sum, each) => sum + each, 0) + 2 * QUIET_BARS) * module;
  const rowBytes = Math.ceil(width / 8);
  const row = new Uint8Array(rowBytes);
  let at = QUIET_BARS * module;
  for (const [index, each] of widths.entries()) {
    const end = at + each * module;
    if (index % 2 === 0) for (; at < end; at += 1) row[at >> 3] = (row[at >> 3] ?? 0) | (0x80 >> (at & 7));
    at = end;
  }
  const bits = new Uint8Array(rowBytes * height);
  for (let line = 0; line < height; line += 1) bits.set(row, line * rowBytes);
  return { width, height, bits };
}
