import commands from 'escpos/commands.js';
import thermal from 'node-thermal-printer';
import { type Result, failure, ok } from '@hallhub/sync/base';
import type { Ticket } from '../../capabilities/index.ts';
import { type Printed, layOut } from './layout.ts';
import type { EscposParams } from './params.ts';
import { type Bitmap, qrBitmap, qrModules, rasterCommands } from './raster.ts';
import { encodeText } from './width.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Chinese mode; a reset leaves it, and node-thermal-printer never asks for it. */
const CHINESE_MODE = bytesOf(`${commands.FS}&`);
/** Tell by yourself when the drawer, the line, an error or the paper changes (`GS a`). */
const ASB_ON = bytesOf(`${commands.GS}a\x0f`);
const RESET = bytesOf(commands.HARDWARE.HW_INIT);
const LF = bytesOf(commands.LF);
/** Real-time clearing of the buffers (`DLE DC4`, function 8, with the fixed bytes that guard it). */
export const CLEAR_BUFFERS: Uint8Array = Uint8Array.of(0x10, 0x14, 0x08, 0x01, 0x03, 0x14, 0x01, 0x06, 0x02, 0x08);

/** `DLE EOT n`: 1 printer, 2 why it is offline, 4 paper. */
export const statusQuestion = (n: 1 | 2 | 4): Uint8Array =>
  bytesOf(`${commands.DLE}${commands.EOT}${String.fromCharCode(n)}`);

/** `GS ( H`, function 48: report when everything before this is on paper. The id is four printable characters. */
export const completionRequest = (id: string): Uint8Array => bytesOf(`${commands.GS}(H\x06\x00\x30\x30${id}`);

/** After power-on and after every reset. */
export function wakeUp({ status }: Pick<EscposParams, 'status'>): Uint8Array {
  return Buffer.concat([RESET, CHINESE_MODE, ...(status === 'asb' ? [ASB_ON] : [])]);
}

/**
 * The ticket as runs of whole commands; between two runs the printer may be asked how it does. node-thermal-printer knows
 * the dialect; text reaches it as GB18030 bytes only, because its own strings switch code pages behind one odd character.
 * Error: `E-TKT-0106` with what does not fit on this paper.
 */
export function ticketBytes(ticket: Ticket, params: EscposParams): Result<readonly Uint8Array[]> {
  const runs: Uint8Array[] = [];
  const page = createPage(params);
  page.add(wakeUp(params));
  const printed = layOut(ticket, params);
  const items: readonly Printed[] = printed.at(-1)?.type === 'cut' ? printed : [...printed, { type: 'cut' }];
  for (const item of items) {
    const bands = addItem(page, item, params);
    if (!bands.ok) return bands;
    for (const band of bands.value) {
      runs.push(page.take(), band);
    }
    if (page.size >= RUN_BYTES) runs.push(page.take());
  }
  runs.push(page.take());
  return ok(runs.filter(({ length }) => length > 0));
}

const RUN_BYTES = 512;

type Page = ReturnType<typeof createPage>;

function createPage({ columns }: EscposParams) {
  const fresh = (): InstanceType<typeof thermal.ThermalPrinter> =>
    new thermal.ThermalPrinter({
      type: thermal.PrinterTypes.EPSON,
      // Never used: only the bytes are asked for. An empty name makes the library open nothing.
      interface: '',
      width: columns,
      breakLine: thermal.BreakLine.NONE,
    });
  let printer = fresh();
  return {
    get printer() {
      return printer;
    },
    get size() {
      return bufferOf(printer).length;
    },
    add: (bytes: Uint8Array) => {
      printer.add(Buffer.from(bytes));
    },
    /** What was laid out so far; the next run begins empty. */
    take: (): Uint8Array => {
      const taken = bufferOf(printer);
      printer = fresh();
      return taken;
    },
  };
}

/** The library's buffer is null before the first byte. */
const bufferOf = (printer: { getBuffer(): Buffer | null }): Buffer => printer.getBuffer() ?? Buffer.alloc(0);

/** Adds the item to the page; the bands of an image come back, because each is a run of its own. */
function addItem(page: Page, item: Printed, params: EscposParams): Result<readonly Uint8Array[]> {
  const { printer } = page;
  switch (item.type) {
    case 'line': {
      if (item.align === 'center') printer.alignCenter();
      else if (item.align === 'right') printer.alignRight();
      else printer.alignLeft();
      printer.setTextSize(item.size - 1, item.size - 1);
      printer.bold(item.bold);
      page.add(encodeText(item.text));
      page.add(LF);
      return ok([]);
    }
    case 'feed':
      page.add(Buffer.concat(Array.from({ length: item.lines }, () => LF)));
      return ok([]);
    case 'cut':
      // The library feeds the paper to the knife, cuts and resets.
      if (params.cut === 'none') page.add(Buffer.concat(Array.from({ length: 4 }, () => LF)));
      else if (params.cut === 'partial') printer.partialCut({ verticalTabAmount: 1 });
      else printer.cut({ verticalTabAmount: 1 });
      if (params.cut !== 'none') page.add(wakeUp(params).subarray(RESET.length));
      return ok([]);
    case 'qr': {
      if (params.qr === 'native') {
        if (qrModules(item.data) * item.module > params.dots) return tooWide('QR code');
        printer.alignCenter();
        // The printer draws no quiet zone; a blank line keeps the text above away.
        page.add(LF);
        printer.printQR(item.data, { cellSize: item.module, correction: 'M', model: 2 });
        page.add(LF);
        return ok([]);
      }
      const bitmap = qrBitmap(item.data, item.module, params.dots);
      if (!bitmap) return tooWide('QR code');
      printer.alignCenter();
      return ok(rasterCommands(bitmap, params.bandRows));
    }
    case 'image': {
      const bitmap: Bitmap = item;
      if (bitmap.width > params.dots) return tooWide('image');
      if (bitmap.bits.length !== Math.ceil(bitmap.width / 8) * bitmap.height) {
        return failure('E-TKT-0106', 'the image has another number of bytes than its size says');
      }
      printer.alignCenter();
      return ok(rasterCommands(bitmap, params.bandRows));
    }
  }
}

const tooWide = (what: string): ReturnType<typeof failure> =>
  failure('E-TKT-0106', `the ${what} is wider than the paper`);
