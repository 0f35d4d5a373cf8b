import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { manualClock, minutes, ms, seconds, systemClock, unwrap } from '@hallhub/sync/base';
import { sampleInput } from '../testing/sample.ts';
import { type PdfProcessOptions, pdfProcess } from './process.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function maker(options: Partial<PdfProcessOptions> = {}): ReturnType<typeof pdfProcess> {
  const made = pdfProcess({ clock: systemClock({ mode: 'test' }), ...options });
  closing.push(() => made.stop());
  return made;
}
/** A program that answers the way `body` says. */
function worker(body: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-worker-'));
  closing.push(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'worker.mjs');
  writeFileSync(file, body);
  return file;
}
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('the PDF process', () => {
  test('makes PDFs one after the other, reads ready ones, and tells its memory', async () => {
    const pdf = maker();
    const [first, second] = await Promise.all([
      pdf.render(sampleInput()),
      pdf.render(sampleInput({ studentName: '周小舟' })),
    ]);
    expect(unwrap(first).pages).toBe(1);
    expect(unwrap(second).pdf).not.toEqual(unwrap(first).pdf);
    expect(unwrap(await pdf.inspect(unwrap(first).pdf))).toEqual({ pages: 1 });
    expect(await pdf.inspect(new TextEncoder().encode('%PDF-1.7 broken'))).toMatchObject({
      error: { code: 'E-CERT-0207' },
    });
    expect(await pdf.render(sampleInput({ template: 'nonsense' }))).toMatchObject({ error: { code: 'E-CERT-0201' } });
    expect(pdf.memory?.peakBytes).toBeGreaterThan(50 << 20);
  });

  test('survives its own death between two PDFs', async () => {
    const pdf = maker();
    unwrap(await pdf.render(sampleInput()));
    process.kill(pdf.pid ?? 0, 'SIGKILL');
    expect((await pdf.render(sampleInput())).ok).toBe(true);
  });

  test('a process that dies over every PDF is a passing failure, not an endless loop', async () => {
    const pdf = maker({ worker: worker('process.once("message", () => process.exit(7));') });
    expect(await pdf.render(sampleInput())).toMatchObject({ error: { code: 'E-CERT-0301' } });
  });

  test('a PDF that takes too long is given up, and its process killed', async () => {
    const clock = manualClock();
    const pdf = maker({ clock, worker: worker('process.on("message", () => {});'), atMost: seconds(30) });
    const asked = pdf.render(sampleInput());
    await expect.poll(() => pdf.pid !== undefined && clock.pending > 0).toBe(true);
    const pid = pdf.pid ?? 0;
    clock.advance(seconds(30));
    expect(await asked).toMatchObject({ error: { code: 'E-CERT-0302' } });
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  test('ends when there was no work for a while, and at stop; starts again by itself', async () => {
    const clock = manualClock();
    const pdf = maker({ clock, idleAfter: minutes(5) });
    unwrap(await pdf.render(sampleInput()));
    const idle = pdf.pid ?? 0;
    clock.advance(ms(minutes(5) - 1));
    expect(isAlive(idle)).toBe(true);
    clock.advance(ms(1));
    await expect.poll(() => isAlive(idle)).toBe(false);
    unwrap(await pdf.render(sampleInput()));
    const again = pdf.pid ?? 0;
    expect(again).not.toBe(idle);
    await pdf.stop();
    expect(isAlive(again)).toBe(false);
    expect(clock.pending).toBe(0);
    expect(await pdf.render(sampleInput())).toMatchObject({ ok: false });
  });
});
