import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { ippClient } from '@hallhub/device-drivers/protocols/ipp';
import { sha256 } from './issuing.ts';
import { type EvePrinter, evePrinter } from './testing/eve-printer.ts';
import { type TestService, asStudent, request, testService, tinyPdf } from './testing/kit.ts';

/* Printing on a printer that was not written here: ippeveprinter, with a print command that can be told to fail. */

const closing: (() => Promise<void> | void)[] = [];
let printer: EvePrinter;
let hub: TestService;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-eve-db-'));
  closing.push(() => {
    rmSync(folder, { recursive: true });
  });
  printer = await evePrinter();
  closing.push(() => printer.stop());
  const client = ippClient({ uri: printer.uri, clock: systemClock({ mode: 'test' }) });
  await vi.waitFor(async () => unwrap(await client.status()), { timeout: 20_000, interval: 50 });
  hub = testService({
    file: join(folder, 'hub.db'),
    clock: systemClock({ mode: 'test', speed: 10 }),
    printers: [{ printerId: 'printer-1', name: 'eve', printer: client, countsImpressions: true }],
  });
  closing.push(() => hub.close());
  hub.service.upsert(request({ copiesAllowed: 10 }));
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Prints one copy in this mode: how it ended, what it waited for, and the sheets that came out. */
async function print(
  mode: Parameters<EvePrinter['set']>[0],
  help?: () => void,
): Promise<{ readonly state: string; readonly sheets: readonly string[]; readonly waited: readonly string[] }> {
  printer.set(mode);
  const before = printer.tray().length;
  const { attemptId } = unwrap(await hub.service.print('request-1', 'printer-1', 1, asStudent));
  const waited = new Set<string>();
  await expect
    .poll(
      () => {
        const job = hub.service.job(attemptId);
        if (job?.code !== undefined && job.state === 'sent') {
          waited.add(job.code);
          help?.();
        }
        return job?.state;
      },
      { timeout: 20_000, interval: 20 },
    )
    .toMatch(/^(printed|not-printed|uncertain)$/);
  const state = hub.service.job(attemptId)?.state ?? '';
  return { state, sheets: printer.tray().slice(before), waited: [...waited] };
}
const document = sha256(tinyPdf(1));

describe('on ippeveprinter', () => {
  test('the bytes that come out are the bytes that were issued', async () => {
    expect(await print('ok')).toMatchObject({ state: 'printed', sheets: [document] });
  });

  test('a slow page is waited for', async () => {
    expect(await print('slow')).toMatchObject({ state: 'printed', sheets: [document] });
  });

  test('out of paper in mid-job shows as such, and prints when refilled', async () => {
    const refill = (): void => {
      printer.set('ok');
    };
    expect(await print('paper-out', refill)).toEqual({ state: 'printed', sheets: [document], waited: ['E-PRN-0201'] });
  });

  test('an abort before the first page is no sheet, and the copy is free again', async () => {
    const used = hub.service.get('request-1')?.copiesUsed;
    expect(await print('abort')).toMatchObject({ state: 'not-printed', sheets: [] });
    expect(hub.service.get('request-1')?.copiesUsed).toBe(used);
  });

  // Last: this printer keeps its jam.
  test('a jam after the first page is uncertain: there is a sheet, and the copy is not given again', async () => {
    const used = hub.service.get('request-1')?.copiesUsed ?? 0;
    expect(await print('jam')).toMatchObject({ state: 'uncertain', sheets: [document] });
    expect(hub.service.get('request-1')?.copiesUsed).toBe(used + 1);
    expect(await hub.service.print('request-1', 'printer-1', 1, asStudent)).toMatchObject({
      error: { code: 'E-PRN-0202' },
    });
  });
});
