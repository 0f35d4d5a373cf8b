import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manualClock, unwrap } from '@hallhub/sync/base';
import { createMemoryLine } from '../../transports/index.ts';
import { createTicketPrinterSimulator, drawRoll } from './index.ts';
import { escposSchema } from './params.ts';
import { notoGlyphs } from './testing/glyphs.ts';
import { readByNpos } from './testing/read-by-npos.ts';
import { toPng } from './testing/png.ts';
import { QUEUE_TICKET } from './testing/tickets.ts';
import { ticketBytes } from './ticket-bytes.ts';

const NATIVE = escposSchema.parse({});
const SMALL = escposSchema.parse({ columns: 32, dots: 384, qr: 'raster', cut: 'none' });
const bytesFor = (params: typeof NATIVE): Buffer => Buffer.concat(unwrap(ticketBytes(QUEUE_TICKET, params)));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tickets-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** What zbarimg (Debian package `zbar-tools`) reads in a picture. */
function qrIn(png: Buffer): string {
  const file = join(folder, 'ticket.png');
  writeFileSync(file, png);
  try {
    return execFileSync('zbarimg', ['--quiet', '--raw', file], {
      encoding: 'utf8',
      // It tells of a message bus that it does not need.
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    throw new Error('zbarimg found nothing, or is not there: apt install zbar-tools', { cause: error });
  }
}

describe('npos, a decoder written elsewhere', () => {
  it('reads an image in which a QR code is found', async () => {
    const entries = await readByNpos(SMALL);
    const rasters = entries.filter(({ type }) => type === 'raster');
    expect(rasters).toHaveLength(1);
    const [{ data: image }] = rasters as [(typeof rasters)[number]];
    const dots = Uint8Array.from({ length: image.width * image.height }, (_, at) =>
      image.getPixel(at % image.width, Math.floor(at / image.width)) === 0 ? 1 : 0,
    );
    expect(qrIn(toPng({ width: image.width, height: image.height, dots }))).toBe(
      'https://hall.example.edu/t/A023-7F3K',
    );
  });
});

describe('the picture of a ticket', () => {
  it.each([
    ['80', NATIVE],
    ['58', SMALL],
  ])('%s mm: its QR code is read', async (name, params) => {
    const line = createMemoryLine({ name: 'picture' });
    const printer = createTicketPrinterSimulator({ transport: line.device, clock: manualClock(), dots: params.dots });
    await printer.start();
    await line.host.open();
    await line.host.write(bytesFor(params));
    const picture = drawRoll(printer.roll, params.dots, notoGlyphs());
    expect(picture.dots.length).toBe(picture.width * picture.height);
    const png = toPng(picture);
    const kept = process.env['TICKET_PICTURES'];
    if (kept !== undefined) writeFileSync(join(kept, `ticket-${name}.png`), png);
    expect(qrIn(png)).toBe('https://hall.example.edu/t/A023-7F3K');
    await printer.stop();
  });
});
