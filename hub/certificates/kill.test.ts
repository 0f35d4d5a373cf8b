import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ms, systemClock } from '@hallhub/sync/base';
import { simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { request, testService } from './testing/kit.ts';

const program = fileURLToPath(new URL('./testing/edge-process.ts', import.meta.url));

/** Runs the small hub to its end: what it said, or the signal that ended it. */
function hub(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    let failed = '';
    child.stdout.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr.on('data', (text: Buffer) => (failed += text.toString()));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (signal !== null) resolve(signal);
      else if (code === 0) resolve(said.trim());
      else reject(new Error(failed));
    });
  });
}

describe('SIGKILL of the printing process at every state', () => {
  // What one killed attempt may end as, and whether its sheet came out, as the tray has it.
  // The third column is where the recovering process is killed in its turn.
  test.each<[step: string, moment: string, ends: readonly string[], again?: string]>([
    ['createJob', 'before', ['printed']],
    ['createJob', 'after', ['printed']],
    ['sendDocument', 'before', ['not-printed']],
    ['sendDocument', 'during', ['not-printed', 'uncertain']],
    ['sendDocument', 'after', ['uncertain']],
    ['job', 'before', ['printed']],
    ['job', 'after', ['printed']],
    ['createJob', 'after', ['printed'], 'findJobs'],
    ['createJob', 'after', ['printed'], 'cancelJob'],
    ['sendDocument', 'after', ['uncertain'], 'job'],
  ])('killed at %s, %s', async (step, moment, ends, twice) => {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-kill-'));
    const file = join(folder, 'hub.db');
    const printer = simulatedPrinter({ clock: systemClock({ mode: 'test' }), perPage: ms(60) });
    const { uri, close } = await printer.listen();
    try {
      const before = testService({ file, clock: systemClock({ mode: 'test' }), printers: [] });
      before.service.upsert(request({ copiesAllowed: 1 }));
      expect((await before.service.issue('request-1')).ok).toBe(true);
      await before.close();

      expect(await hub(file, uri, 'print', step, moment)).toBe('SIGKILL');
      if (twice !== undefined) expect(await hub(file, uri, 'resume', twice, 'after')).toBe('SIGKILL');
      const end = await hub(file, uri, 'resume');
      expect(ends).toContain(end);
      // And the student tries again, twice.
      const again = [await hub(file, uri, 'print'), await hub(file, uri, 'print')];
      expect(printer.tray.length).toBeLessThanOrEqual(1);
      if (end === 'not-printed') expect(again).toEqual(['printed', 'E-CERT-0401']);
      else expect(again).toEqual(['E-CERT-0401', 'E-CERT-0401']);
      if (end === 'printed') expect(printer.tray).toHaveLength(1);
      expect(printer.jobs.filter((job) => job.state < 7)).toEqual([]);

      const after = testService({ file, clock: systemClock({ mode: 'test' }), printers: [] });
      const told = after.events().filter(({ type }) => type !== 'certificate.issued');
      expect(told.map(({ type, data }) => [type, data.copies])).toEqual([
        [end === 'uncertain' ? 'certificate.uncertain' : 'certificate.printed', 1],
      ]);
      await after.close();
    } finally {
      printer.close();
      await close();
      rmSync(folder, { recursive: true });
    }
  });
});
