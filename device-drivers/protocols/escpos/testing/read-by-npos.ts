import Parser from 'npos/lib/parser/index.js';
import rules from 'npos/lib/parser/rules.js';
import { unwrap } from '@hallhub/sync/base';
import type { EscposParams } from '../params.ts';
import type { Picture } from '../simulator/raster.ts';
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
export async function readBytesByNpos(bytes: Buffer): Promise<Read> {
  const parser = new Parser({ ...rules, [GS]: { ...rules[GS], '(k': [0, 'd16'] } });
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
