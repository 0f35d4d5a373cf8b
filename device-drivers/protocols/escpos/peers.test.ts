import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manualClock, unwrap } from '@hallhub/sync/base';
import { createMemoryLine } from '../../transports/index.ts';
import { createTicketPrinterSimulator, drawRoll } from './index.ts';
import { escposSchema } from './params.ts';
import { notoGlyphs } from './testing/glyphs.ts';
import { readByNpos } from './testing/read-by-npos.ts';
import { toPng } from './testing/png.ts';
import { qrIn } from './testing/zbar.ts';
import { QUEUE_TICKET } from './testing/tickets.ts';
import { ticketBytes } from './ticket-bytes.ts';

const NATIVE = escposSchema.parse({});
const SMALL = escposSchema.parse({ columns: 32, dots: 384, qr: 'raster', cut: 'none' });
const bytesFor = (params: typeof NATIVE): Buffer => Buffer.concat(unwrap(ticketBytes(QUEUE_TICKET, params)));

describe('npos, a decoder written elsewhere', () => {
  it('reads an image in which a QR code is found', async () => {
    const { pictures } = await readByNpos(SMALL);
    expect(pictures.map((picture) => qrIn(toPng(picture)))).toEqual(['https://hall.example.edu/t/A023-7F3K']);
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
