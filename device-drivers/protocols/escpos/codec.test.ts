import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, unwrap } from '@hallhub/sync/base';
import { ticketSchema } from '../../capabilities/index.ts';
import { framerConformance } from '../../kit/testing/index.ts';
import { layOut } from './layout.ts';
import { escposSchema } from './params.ts';
import { defused, qrBitmap, rasterCommands } from './raster.ts';
import { createReplyFramer } from './replies.ts';
import { blockedBy, decodeStatus } from './status.ts';
import { QUEUE_TICKET, ticketOf } from './testing/tickets.ts';
import { ticketBytes } from './ticket-bytes.ts';
import { columnsOf, encodeText, pad, wrap } from './width.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const decoder = new TextDecoder('gb18030', { fatal: true });

/** Names, words, marks, letters of many scripts, higher planes. */
const character = fc.oneof(
  fc.constantFrom(...Array.from('你好师生㐀𠮷镕¥$éñ。，ｱ한ก'), 'e\u0301', '👨‍👩‍👧', '葛\u{e0100}'),
  fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
  fc.integer({ min: 0x4e00, max: 0x9fff }).map((code) => String.fromCodePoint(code)),
  fc.integer({ min: 0x20000, max: 0x2a6d6 }).map((code) => String.fromCodePoint(code)),
);
const line = fc
  .array(character, { maxLength: 60 })
  .map((parts) => parts.join('').slice(0, 400))
  .filter((text) => text.isWellFormed());

describe('text', () => {
  it.each([
    ['你好', 'c4e3bac3'],
    ['㐀', '8139ee39'],
    ['𠮷', '9534b235'],
  ])('%s is %s in GB18030', (text, bytes) => {
    expect(hex(encodeText(text))).toBe(bytes);
  });

  it('survives GB18030 whatever it is, and gives every code its cell', () => {
    fc.assert(
      fc.property(line, (text) => {
        const bytes = encodeText(text);
        expect(decoder.decode(bytes)).toBe(text);
        const cells = Array.from(text).reduce((sum, each) => sum + Math.min(2, encodeText(each).length), 0);
        expect(columnsOf(text)).toBe(cells);
      }),
    );
  });

  it('is broken into lines that fit, and loses no character', () => {
    fc.assert(
      fc.property(line, fc.integer({ min: 2, max: 48 }), (text, columns) => {
        const lines = wrap(text, columns);
        expect(lines.join('')).toBe(text);
        for (const each of lines) expect(columnsOf(each)).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('keeps words and marked letters together where it can', () => {
    expect(wrap('Graduate School office', 16)).toEqual(['Graduate School ', 'office']);
    expect(wrap('一二三e\u0301四', 8)).toEqual(['一二三', 'e\u0301四']);
    expect(wrap('', 8)).toEqual(['']);
    expect(pad('师', 6, 'center')).toBe('  师  ');
  });
});

describe('layout', () => {
  const align = fc.constantFrom('left', 'center', 'right');
  const blocks = fc.array(
    fc.oneof(
      fc.record({ type: fc.constant('text' as const), text: line, align, size: fc.constantFrom(1, 2, 3, 4) }),
      fc.record({ type: fc.constant('pair' as const), left: line, right: line }),
      fc.record({
        type: fc.constant('row' as const),
        cells: fc.array(fc.record({ text: line, share: fc.integer({ min: 1, max: 12 }), align }), {
          minLength: 1,
          maxLength: 4,
        }),
      }),
    ),
    { minLength: 1, maxLength: 6 },
  );
  const visible = (text: string): string =>
    Array.from(text)
      .filter((each) => each !== ' ')
      .sort()
      .join('');

  it('makes no line wider than the paper and brings every character onto it', () => {
    fc.assert(
      fc.property(blocks, fc.constantFrom(24, 32, 42, 48), (given, columns) => {
        const ticket = ticketSchema.parse({ blocks: given });
        const printed = layOut(ticket, { columns }).filter((item) => item.type === 'line');
        for (const { text, size } of printed) expect(columnsOf(text) * size).toBeLessThanOrEqual(columns);
        const all = ticket.blocks
          .flatMap((block) => {
            if (block.type === 'text') return [block.text];
            if (block.type === 'pair') return [block.left, block.right];
            return block.type === 'row' ? block.cells.map(({ text }) => text) : [];
          })
          .join('');
        expect(visible(printed.map(({ text }) => text).join(''))).toBe(visible(all));
      }),
    );
  });

  it('puts rows of equal shares under each other', () => {
    const row = (...texts: string[]) => ({ type: 'row' as const, cells: texts.map((text) => ({ text })) });
    const lines = layOut(ticketOf(row('窗口', 'B'), row('5', '二号')), { columns: 24 });
    expect(lines).toMatchObject([{ text: '窗口         B          ' }, { text: '5            二号       ' }]);
  });
});

describe('what leaves for the printer', () => {
  it.each([
    ['native QR', {}],
    ['raster QR, 58 mm', { columns: 32, dots: 384, qr: 'raster', cut: 'none' }],
  ])('holds no real-time command and asks for Chinese mode after every reset: %s', (_name, params) => {
    const bytes = hex(Buffer.concat(unwrap(ticketBytes(QUEUE_TICKET, escposSchema.parse(params)))));
    expect(bytes.match(/../g)?.join(' ')).not.toMatch(/\b10 (04|05|14)\b/);
    for (const part of bytes.split('1b40').slice(1)) expect(part.startsWith('1c26')).toBe(true);
    // The code pages that the library would switch to.
    expect(bytes).not.toContain('1b5208');
    expect(bytes).toContain(hex(encodeText('㐀𠮷镕')));
  });

  it('puts out what would be a real-time command inside an image, and changes no other dot', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0x10, 0x04, 0x05, 0x14, 0x00, 0xff), { minLength: 64, maxLength: 640 }),
        (data) => {
          const height = Math.floor(data.length / 8);
          const bits = Uint8Array.from(data.slice(0, height * 8));
          const sent = Buffer.concat(rasterCommands({ width: 64, height, bits }, 24));
          expect(hex(sent).match(/../g)?.join(' ')).not.toMatch(/\b10 (04|05|14)\b/);
          const safe = defused(bits);
          bits.forEach((byte, at) => {
            expect(((safe[at] ?? 0) ^ byte) & ~0x02).toBe(0);
            if (bits[at - 1] !== 0x10) expect(safe[at]).toBe(byte);
          });
        },
      ),
    );
  });

  it('refuses a QR code that is wider than the paper', () => {
    expect(qrBitmap('A'.repeat(600), 8, 384)).toBeUndefined();
    const wide = ticketOf({ type: 'qr', data: 'A'.repeat(600), module: 8 });
    for (const qr of ['native', 'raster']) {
      expect(ticketBytes(wide, escposSchema.parse({ dots: 384, qr }))).toMatchObject({
        ok: false,
        error: { code: 'E-TKT-0106' },
      });
    }
  });
});

describe('tickets', () => {
  it.each(['\u001b@', 'a\nb', '\ud800', '\u0010\u0004\u0001', '\ue5e5'])('hold no %j', (text) => {
    expect(ticketSchema.safeParse({ blocks: [{ type: 'text', text }] }).success).toBe(false);
  });
});

const frames = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((byte) => Uint8Array.of((byte & ~0x93) | 0x12)),
  fc
    .tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255))
    .map(([a, b, c, d]) => Uint8Array.of((a & ~0x93) | 0x10, b & ~0x90, c & ~0x90, d & ~0x90)),
  fc
    .array(fc.integer({ min: 0x30, max: 0x39 }), { minLength: 4, maxLength: 4 })
    .map((id) => Uint8Array.of(0x37, 0x22, ...id, 0)),
);

framerConformance('ESC/POS replies', {
  create: createReplyFramer,
  frames,
  bytesOf: ({ bytes }) => bytes,
  falseStart: Uint8Array.of(0x37, 0x22, 0x30),
});

it('reads the status bits of the sheet', () => {
  const status = (printer: number, offline: number, paper: number) =>
    decodeStatus({ printer, offline, paper }, epochMs(0));
  expect(status(0x12, 0x12, 0x12)).toMatchObject({ online: true, cover: 'closed', paper: 'ok', error: false });
  expect(blockedBy(status(0x1a, 0x32, 0x72), 'before')).toMatchObject({ code: 'E-TKT-0101' });
  expect(blockedBy(status(0x1a, 0x16, 0x12), 'during')).toMatchObject({ code: 'E-TKT-0202' });
  expect(blockedBy(status(0x1a, 0x52, 0x12), 'before')).toMatchObject({ code: 'E-TKT-0103' });
  expect(blockedBy(status(0x1a, 0x12, 0x12), 'before')).toMatchObject({ code: 'E-TKT-0104' });
  expect(status(0x12, 0x12, 0x1e)).toMatchObject({ paper: 'near-end' });
});
