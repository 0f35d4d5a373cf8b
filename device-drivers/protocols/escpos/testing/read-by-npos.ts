import Parser from 'npos/lib/parser/index.js';
import rules from 'npos/lib/parser/rules.js';
import { unwrap } from '@hallhub/sync/base';
import type { EscposParams } from '../params.ts';
import type { Picture } from '../simulator/raster.ts';
import type { Cell, PaperItem } from '../simulator/types.ts';
import { ticketBytes } from '../ticket-bytes.ts';
import { QUEUE_TICKET } from './tickets.ts';

const GS = 0x1d;
const decoder = new TextDecoder('gb18030', { fatal: true });

/** What must stand on a {@link QUEUE_TICKET}, whoever reads it. */
const WORDS = ['师生服务大厅', 'A023', '前方等待', '3 人', '㐀𠮷镕', '¥0.00 免费'];

/** What npos, a decoder written elsewhere, reads: the text with its line ends, and the images in the order in which they come. */
export interface Read {
  readonly text: string;
  readonly pictures: readonly Picture[];
  readonly commands: number;
}

/** npos does not know the native QR commands; with their length it reads on behind them. */
const nposParser = (): Parser => new Parser({ ...rules, [GS]: { ...rules[GS], '(k': [0, 'd16'] } });

export async function readBytesByNpos(bytes: Buffer): Promise<Read> {
  const parser = nposParser();
  const { entries, tree } = await parser.parse(bytes);
  const pictures: Picture[] = [];
  let before = '';
  for (const { type, data } of entries) {
    if (type === 'raster') {
      // An image comes in bands, one under the other.
      const above = before === 'raster' ? pictures.pop() : undefined;
      pictures.push(under(above, dotsOf(data)));
    }
    before = type;
  }
  const texts = entries.filter(({ type }) => type === 'text').map(({ data }) => decoder.decode(data));
  return { text: texts.join(''), pictures, commands: tree.length };
}

const ALIGNS = ['left', 'center', 'right'] as const;
type Align = (typeof ALIGNS)[number];

/**
 * The whole ticket as npos takes it apart: which bytes are text, which a command and which an image is its word; a native QR code,
 * which no decoder draws, comes with its parameters.
 */
export async function rollByNpos(bytes: Buffer): Promise<readonly PaperItem[]> {
  const { entries, tree } = await nposParser().parse(bytes);
  const images = new Map(
    entries.flatMap(({ type, nodes: [first], data }) =>
      type === 'raster' && first ? [[first.offset, data] as const] : [],
    ),
  );
  const roll: PaperItem[] = [];
  let cells: Cell[] = [];
  let style: { readonly align: Align; readonly width: number; readonly height: number; readonly bold: boolean } = PLAIN;
  const qr = { module: 3, data: '' };
  const feed = (): void => {
    roll.push({ type: 'line', cells, align: style.align });
    cells = [];
  };
  for (const { ascii, fn = '', offset, length } of tree) {
    const at = offset + 1 + fn.length;
    const n = bytes[at] ?? 0;
    switch (`${ascii} ${fn}`.trim()) {
      case 'STX':
        for (const character of decoder.decode(bytes.subarray(offset, offset + length))) {
          if (character === '\n') {
            feed();
            continue;
          }
          const columns = (character.codePointAt(0) ?? 0) < 0x80 ? 1 : 2;
          cells.push({ character, columns, width: style.width, height: style.height, bold: style.bold });
        }
        break;
      case 'LF':
        feed();
        break;
      case 'ESC @':
        style = PLAIN;
        break;
      case 'ESC a':
        style = { ...style, align: ALIGNS[n % 3] ?? 'left' };
        break;
      case 'ESC E':
        style = { ...style, bold: (n & 1) === 1 };
        break;
      case 'GS !':
        style = { ...style, width: (n >> 4) + 1, height: (n & 7) + 1 };
        break;
      case 'ESC d':
        if (cells.length > 0) feed();
        for (let line = 0; line < n; line += 1) feed();
        break;
      case 'GS V':
        roll.push({ type: 'cut', partial: (n & 1) === 1 });
        break;
      case 'GS v0': {
        const image = images.get(offset);
        if (image) roll.push({ ...packed(dotsOf(image)), align: style.align });
        break;
      }
      case 'GS (k': {
        const body = bytes.subarray(at + 2, offset + length);
        if (body[1] === 0x43) qr.module = body[2] ?? 3;
        if (body[1] === 0x50) qr.data = body.subarray(3).toString('latin1');
        if (body[1] === 0x51) roll.push({ type: 'qr', ...qr, align: style.align });
      }
    }
  }
  return roll;
}
const PLAIN = { align: 'left', width: 1, height: 1, bold: false } as const;

/** Eight dots to a byte, as a roll has them. */
function packed({ width, height, dots }: Picture) {
  const rowBytes = Math.ceil(width / 8);
  const bits = new Uint8Array(rowBytes * height);
  dots.forEach((dot, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    if (dot === 1) bits[y * rowBytes + (x >> 3)] = (bits[y * rowBytes + (x >> 3)] ?? 0) | (0x80 >> (x & 7));
  });
  return { type: 'raster', rowBytes, rows: height, bits } as const;
}

const dotsOf = (image: {
  readonly width: number;
  readonly height: number;
  getPixel(x: number, y: number): number;
}): Picture => ({
  width: image.width,
  height: image.height,
  dots: Uint8Array.from({ length: image.width * image.height }, (_, at) =>
    image.getPixel(at % image.width, Math.floor(at / image.width)) === 0 ? 1 : 0,
  ),
});

function under(above: Picture | undefined, below: Picture): Picture {
  if (above?.width !== below.width) return below;
  const dots = new Uint8Array(above.dots.length + below.dots.length);
  dots.set(above.dots);
  dots.set(below.dots, above.dots.length);
  return { width: below.width, height: above.height + below.height, dots };
}

/**
 * npos reads a ticket as the driver sends it with these parameters.
 * @throws {Error} when it does not find a word of the ticket.
 */
export async function readByNpos(params: EscposParams): Promise<Read> {
  const read = await readBytesByNpos(Buffer.concat(unwrap(ticketBytes(QUEUE_TICKET, params))));
  if (read.commands <= 20) throw new Error(`npos found ${String(read.commands)} commands`);
  for (const word of WORDS) if (!read.text.includes(word)) throw new Error(`npos did not read ${word}`);
  return read;
}
