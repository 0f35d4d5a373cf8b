import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { manualClock, unwrap } from '@hallhub/sync/base';
import { createMemoryLine } from '../../transports/index.ts';
import { BAG_LABEL } from '../zpl/label.ts';
import { createTicketPrinterSimulator, drawRoll } from './index.ts';
import { labelTicket } from './label-ticket.ts';
import { escposSchema } from './params.ts';
import { notoGlyphs } from './testing/glyphs.ts';
import { toPng } from './testing/png.ts';
import { ticketBytes } from './ticket-bytes.ts';

const params = escposSchema.parse({ qr: 'raster' });
const fields = { to: '北校区', from: '档案馆', number: 'BAG-000123', note: '机要', code: 'HALL1:BAG-000123' };

describe('a label on a roll of tickets', () => {
  it('shows all of its words, and its bars and its QR code are read', async () => {
    const ticket = unwrap(labelTicket(BAG_LABEL, { fields, copies: 1 }, params.dots));
    const line = createMemoryLine({ name: 'labels' });
    const printer = createTicketPrinterSimulator({ transport: line.device, clock: manualClock(), dots: params.dots });
    await printer.start();
    await line.host.open();
    await line.host.write(Buffer.concat(unwrap(ticketBytes(ticket, params))));
    const folder = mkdtempSync(join(tmpdir(), 'labels-'));
    try {
      const file = join(folder, 'label.png');
      writeFileSync(file, toPng(drawRoll(printer.roll, params.dots, notoGlyphs())));
      const read = execFileSync('zbarimg', ['--quiet', file], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(read.trim().split('\n').toSorted()).toEqual(['CODE-128:BAG-000123', 'QR-Code:HALL1:BAG-000123']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    for (const word of ['北校区', '档案馆', 'BAG-000123', '机要']) expect(printer.text()).toContain(word);
    await printer.stop();
  });

  it('comes out as often as it was ordered, each cut from the next', () => {
    const { blocks } = unwrap(labelTicket(BAG_LABEL, { fields, copies: 3 }, params.dots));
    expect(blocks.filter(({ type }) => type === 'cut')).toHaveLength(3);
  });

  it('that lacks a word, or whose bars are wider than the paper, is refused', () => {
    const { to: destination, ...others } = fields;
    expect(labelTicket(BAG_LABEL, { fields: others, copies: 1 }, params.dots)).toMatchObject({
      ok: false,
      error: { code: 'E-LBL-0102', detail: 'to' },
    });
    const wide = { ...others, to: destination, number: 'BAG-000123-0000000000000000000000' };
    expect(labelTicket(BAG_LABEL, { fields: wide, copies: 1 }, 384)).toMatchObject({
      ok: false,
      error: { code: 'E-LBL-0103' },
    });
  });
});
