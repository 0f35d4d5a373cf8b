import { describe, expect, test } from 'vitest';
import type { SimulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import type { Death } from './testing/killed-hub.ts';
import { killedHub } from './testing/killed-hub.ts';

/* The printer fails and the hub is killed on top of it. One copy of two pages is allowed, so two sides may come out, ever. */

const PAGES = 2;

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
/** What may be said in the end, wherever the hub was killed. */
const ends: Readonly<Record<Fault, readonly string[]>> = {
  'paper out': ['printed', 'uncertain', 'not-printed'],
  'jam after one page': ['uncertain', 'not-printed'],
  abort: ['not-printed', 'uncertain'],
  'restart in mid-job': ['uncertain', 'not-printed'],
  slow: ['printed', 'uncertain', 'not-printed'],
  lies: ['printed', 'uncertain', 'not-printed'],
  swallows: ['uncertain', 'not-printed'],
};
/** Before its document is on the way a job has no paper to be wrong about. The first kills again while it is found out what became of it. */
const WOUND_DOWN: readonly Death[] = [
  ['sending', 'after'],
  ['winding-down', 'after'],
];
const DEATHS: readonly (readonly [path: readonly Death[], faults: readonly Fault[]])[] = [
  [WOUND_DOWN, Object.keys(faults) as Fault[]],
  // While it watches a job only what the job goes through in the meantime makes a difference.
  [[['sent', 'after']], ['paper out', 'jam after one page', 'restart in mid-job']],
  [[['sending', 'during']], ['jam after one page', 'abort']],
];
const cases = DEATHS.flatMap(([path, among]) =>
  among.map((fault) => [fault, path.map((death) => death.join(' ')).join(', then '), path] as const),
);

describe.concurrent('SIGKILL of the hub while the printer fails', () => {
  test.each(cases)('%s, killed in %s', { timeout: 120_000 }, async (fault, _, path) => {
    const { printer, hub, close } = await killedHub({ pages: PAGES });
    try {
      faults[fault](printer);
      for (const [index, death] of path.entries())
        expect(await hub(index === 0 ? 'print' : 'resume', death)).toBe('SIGKILL');
      // Somebody refills; what was jammed stays so.
      if (printer.faults.some(({ type }) => type === 'paper-out')) printer.clearFaults();
      const end = await hub('resume');
      expect(ends[fault]).toContain(end);
      const sides = printer.tray.length;
      // Only what is certain is called so.
      if (end === 'not-printed') expect(sides).toBe(0);
      if (end === 'printed' && fault !== 'lies') expect(sides).toBe(PAGES);
      const again = await hub('print');
      expect(printer.tray.length).toBeLessThanOrEqual(PAGES);
      if (end !== 'not-printed') {
        expect(['E-CERT-0401', 'E-PRN-0201', 'E-PRN-0202']).toContain(again);
        expect(printer.tray).toHaveLength(sides);
      }
      expect(printer.jobs.filter((job) => job.state < 7)).toEqual([]);
    } finally {
      await close();
    }
  });
});
