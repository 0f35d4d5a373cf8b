import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DurationMs } from '@hallhub/sync/base';
import { epochMs, manualClock, plus, seconds, unwrap } from '@hallhub/sync/base';
import { createTicketPrinterSimulator, drawRoll, escposProtocol } from '@hallhub/device-drivers/protocols/escpos';
import { silentLog } from '@hallhub/device-drivers/kit';
import { createMemoryLine } from '@hallhub/device-drivers/transports';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { describe, expect, it } from 'vitest';
import { notoGlyphs } from '../../device-drivers/protocols/escpos/testing/glyphs.ts';
import { toPng } from '../../device-drivers/protocols/escpos/testing/png.ts';
import { readBytesByNpos, rollByNpos } from '../../device-drivers/protocols/escpos/testing/read-by-npos.ts';
import { qrIn } from '../../device-drivers/protocols/escpos/testing/zbar.ts';
import type { OwnTicketView } from './contract.ts';
import { ticketPaper } from './paper.ts';

const URL = 'https://hall.example.edu/t/Zk3vQ8w1xY5mT9aBc0dEfG';
/** Long words and rare characters, as they are in names of places and services. */
const TICKET: OwnTicketView = {
  ...{ key: 'k', number: 'A012', hall: 'main', service: 'enrolment', state: 'waiting', ahead: 12 },
  hallLabel: { zh: '䶮湖校区师生服务大厅', en: 'Longhu campus service hall' },
  serviceLabel: { zh: '㛃𠮷奖学金与在读证明盖章', en: 'Scholarships and enrolment certificates' },
  takenAt: epochMs(Date.UTC(2026, 10, 23, 2, 5)),
  expected: { from: 480_000 as DurationMs, to: 1_500_000 as DurationMs },
  documents: [{ zh: '学生证或身份证原件', en: 'Student card or ID card' }],
};

/** The bytes that the driver of a built-in profile sends for a ticket, and the roll of the printer that took them. */
async function printed(profile: string, more: Readonly<Record<string, unknown>> = {}) {
  const params = { ...builtInProfiles().get(profile)?.params, ...more };
  const dots = Number(params['dots']);
  const clock = manualClock();
  const line = createMemoryLine({ name: 'tickets' });
  const bytes: Uint8Array[] = [];
  line.device.onData((part) => bytes.push(part.slice()));
  const printer = createTicketPrinterSimulator({ transport: line.device, clock, dots });
  await printer.start();
  const [driver] = unwrap(
    escposProtocol.connect(
      { transport: { kind: 'memory', name: 'tickets' }, devices: [{ deviceId: 'tickets', params }] },
      {
        clock,
        random: (size) => new Uint8Array(size).fill(7),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: line.host }),
      },
    ),
  );
  driver?.start();
  await clock.advanceAsync(seconds(2));
  const now = clock.now();
  const receipt = driver?.capabilities.ticketPrinter?.print({
    ...{ id: 'p-1', name: 'print', issuedAt: now, expiresAt: plus(now, seconds(30)), issuedBy: 'test' },
    args: { ticket: ticketPaper(TICKET, { timeZone: 'Asia/Shanghai', url: URL }) },
  });
  await clock.advanceAsync(seconds(20));
  expect(await receipt).toMatchObject({ ok: true });
  await driver?.stop();
  await printer.stop();
  return { bytes: Buffer.concat(bytes), roll: printer.roll, dots };
}

describe.each(['generic/escpos-80mm', 'generic/escpos-58mm'])('a ticket on %s', (profile) => {
  it('is read by another decoder, to its last character', async () => {
    const { bytes } = await printed(profile);
    const { text } = await readBytesByNpos(bytes);
    const flat = text.replaceAll(/\s+/g, '');
    for (const words of [
      '䶮湖校区师生服务大厅',
      '㛃𠮷奖学金与在读证明盖章',
      'A012',
      '前面人数Ahead12',
      '8-25分钟min',
      '2026-11-2310:05',
      '学生证或身份证原件',
      '过号请到窗口询问',
      'Missed?Pleaseaskatacounter',
    ])
      expect(flat).toContain(words);
    // No name stands on it, and nothing but what was asked for.
    expect(flat).not.toContain('undefined');
  });

  it.each(['raster', 'native'])('as a whole picture is what another decoder makes of it, QR code %s', async (qr) => {
    const { bytes, roll, dots } = await printed(profile, { qr });
    const glyphs = notoGlyphs();
    const missing: string[] = [];
    const draw = (items: typeof roll) =>
      drawRoll(items, dots, (character, width, height) => {
        const drawn = glyphs(character, width, height);
        if (!drawn) missing.push(character);
        return drawn;
      });
    const theirs = draw(await rollByNpos(bytes));
    // Every dot of it: sizes, places, rare characters and images.
    const ours = draw(roll);
    expect([theirs.width, theirs.height]).toEqual([ours.width, ours.height]);
    expect(Buffer.compare(theirs.dots, ours.dots)).toBe(0);
    expect(theirs.dots.reduce((sum, dot) => sum + dot, 0)).toBeGreaterThan(10_000);
    expect(missing).toEqual([]);
    expect(qrIn(toPng(theirs))).toBe(URL);
  });

  it('as a picture: its QR code is read, and no line is wider than the paper', async () => {
    const { roll, dots } = await printed(profile);
    const glyphs = notoGlyphs();
    const missing: string[] = [];
    const picture = drawRoll(roll, dots, (character, width, height) => {
      const drawn = glyphs(character, width, height);
      if (!drawn) missing.push(character);
      return drawn;
    });
    expect(missing).toEqual([]);
    expect(picture.width).toBe(dots);
    for (const item of roll)
      if (item.type === 'line')
        expect(item.cells.reduce((sum, { columns, width }) => sum + 12 * columns * width, 0)).toBeLessThanOrEqual(dots);
    const png = toPng(picture);
    const kept = process.env['TICKET_PICTURES'];
    if (kept !== undefined) writeFileSync(join(kept, `${profile.replace('/', '-')}.png`), png);
    expect(qrIn(png)).toBe(URL);
  });
});
