import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ms, ok, systemClock } from '@hallhub/sync/base';
import { type SimulatedPrinter, simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { request, testService, tinyPdf } from './testing/kit.ts';

/* The printer fails and the hub is killed on top of it. One copy of two pages is allowed, so two sides may come out, ever. */

const program = fileURLToPath(new URL('./testing/edge-process.ts', import.meta.url));
const PAGES = 2;

function hub(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.once('error', reject);
    child.once('exit', (_, signal) => {
      resolve(signal ?? said.trim());
    });
  });
}

/** Once, when the first side lies in the tray. */
function atFirstSide(printer: SimulatedPrinter, act: () => void): void {
  const cancel = printer.onChange(() => {
    if (printer.tray.length === 0) return;
    cancel();
    act();
  });
}

type Fault = 'paper out' | 'jam after one page' | 'abort' | 'restart in mid-job' | 'slow' | 'lies' | 'swallows';
const faults: Readonly<Record<Fault, (printer: SimulatedPrinter) => void>> = {
  'paper out': (printer) => {
    atFirstSide(printer, () => {
      printer.inject({ type: 'paper-out' });
    });
  },
  'jam after one page': (printer) => {
    printer.inject({ type: 'jam', afterPages: 1 });
  },
  abort: (printer) => {
    printer.inject({ type: 'abort' });
  },
  'restart in mid-job': (printer) => {
    atFirstSide(printer, () => {
      printer.restart();
    });
  },
  slow: (printer) => {
    printer.inject({ type: 'slow', factor: 5 });
  },
  lies: (printer) => {
    printer.inject({ type: 'lies' });
  },
  swallows: (printer) => {
    printer.inject({ type: 'swallows' });
  },
};
/** What may be said in the end, whether the hub was killed with the document on its way or while it watched the job. */
const ends: Readonly<Record<Fault, readonly string[]>> = {
  'paper out': ['printed', 'uncertain', 'not-printed'],
  'jam after one page': ['uncertain'],
  abort: ['not-printed', 'uncertain'],
  'restart in mid-job': ['uncertain'],
  slow: ['printed', 'uncertain', 'not-printed'],
  lies: ['printed', 'uncertain', 'not-printed'],
  swallows: ['uncertain'],
};
/** While it watches a job only what the job goes through in the meantime makes a difference. */
const watched: readonly Fault[] = ['paper out', 'jam after one page', 'restart in mid-job'];
const cases = (Object.keys(faults) as Fault[]).flatMap((fault) =>
  (watched.includes(fault) ? (['sendDocument', 'job'] as const) : (['sendDocument'] as const)).map(
    (step) => [fault, step] as const,
  ),
);

describe('SIGKILL of the hub while the printer fails', () => {
  test.each(cases)('%s, killed after %s', { timeout: 120_000 }, async (fault, step) => {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-kill-faults-'));
    const file = join(folder, 'hub.db');
    const printer = simulatedPrinter({ clock: systemClock({ mode: 'test' }), perPage: ms(60) });
    const { uri, close } = await printer.listen();
    try {
      const pdf = {
        render: () => Promise.resolve(ok({ pdf: tinyPdf(PAGES), pages: PAGES })),
        inspect: () => Promise.resolve(ok({ pages: PAGES })),
        overprint: (same: Uint8Array) => Promise.resolve(ok({ pdf: same })),
        memory: undefined,
        stop: () => Promise.resolve(),
      };
      const before = testService({ file, clock: systemClock({ mode: 'test' }), printers: [], change: { pdf } });
      before.service.upsert(request({ copiesAllowed: 1 }));
      expect((await before.service.issue('request-1')).ok).toBe(true);
      await before.close();

      faults[fault](printer);
      expect(await hub(file, uri, 'print', step, 'after')).toBe('SIGKILL');
      // Somebody refills; what was jammed stays so.
      if (printer.faults.some(({ type }) => type === 'paper-out')) printer.clearFaults();
      const end = await hub(file, uri, 'resume');
      expect(ends[fault]).toContain(end);
      const sides = printer.tray.length;
      // Only what is certain is called so.
      if (end === 'not-printed') expect(sides).toBe(0);
      if (end === 'printed' && fault !== 'lies') expect(sides).toBe(PAGES);
      const again = await hub(file, uri, 'print');
      expect(printer.tray.length).toBeLessThanOrEqual(PAGES);
      if (end !== 'not-printed') {
        expect(['E-CERT-0401', 'E-PRN-0201', 'E-PRN-0202']).toContain(again);
        expect(printer.tray).toHaveLength(sides);
      }
      expect(printer.jobs.filter((job) => job.state < 7)).toEqual([]);
    } finally {
      printer.close();
      await close();
      rmSync(folder, { recursive: true });
    }
  });
});
