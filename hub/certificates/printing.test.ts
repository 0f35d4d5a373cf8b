import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { PDFDocument, rgb } from '@cantoo/pdf-lib';
import { afterEach, describe, expect, test } from 'vitest';
import { epochMs, failure, ms, ok, systemClock, unwrap } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { PagePrinter } from '@hallhub/device-drivers/capabilities';
import {
  type SimulatedPrinter,
  type SimulatedPrinterOptions,
  ippClient,
  simulatedPrinter,
} from '@hallhub/device-drivers/protocols/ipp';
import { sha256 } from './issuing.ts';
import type { CertificateDeps } from './ports.ts';
import { externalRasteriser } from './raster/index.ts';
import { pdfProcess } from './render/index.ts';
import { isEnded, newAttempt } from './rules.ts';
import { certificateSchema } from './schema.ts';
import { certificateStore } from './store.ts';
import { loadSample } from './templates/index.ts';
import { asStudent, request, testService } from './testing/kit.ts';
import { qrOn, textIn } from './testing/tools.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'hallhub-printing-'));
  closing.push(() => {
    rmSync(made, { recursive: true });
  });
  return made;
}
const clientOf = (printer: SimulatedPrinter): PagePrinter =>
  ippClient({ uri: 'ipp://memory/', clock: systemClock({ mode: 'test' }), connect: printer.connect });

function hall(change: Partial<CertificateDeps>, abilities: SimulatedPrinterOptions['abilities'] = {}) {
  const clock = systemClock({ mode: 'test', speed: 50 });
  const printer = simulatedPrinter({ clock, perPage: ms(500), abilities });
  const standing = { printer, hidesJobs: false };
  /** The printer as it stands there; where it hides its jobs it answers no question about them. */
  const port = (): PagePrinter => {
    const real = clientOf(standing.printer);
    const away = () => Promise.resolve(failure('E-PRN-0101'));
    return standing.hidesJobs ? { ...real, job: away, findJobs: away, cancelJob: away } : real;
  };
  const handle = {
    printerId: 'printer-1',
    name: 'test',
    countsImpressions: true,
    get printer() {
      return port();
    },
  };
  const made = testService({ file: join(folder(), 'hub.db'), clock, printers: [handle], change });
  closing.push(async () => {
    await made.close();
    standing.printer.close();
  });
  made.service.upsert(request({ copiesAllowed: 5 }));
  const print = () => made.service.print('request-1', 'printer-1', 1, asStudent);
  const printed = async () => {
    const { attemptId } = unwrap(await print());
    await expect
      .poll(() => isEnded(made.service.job(attemptId)?.state ?? 'queued'), { timeout: 20_000, interval: 5 })
      .toBe(true);
    return made.service.job(attemptId);
  };
  return { ...made, clock, print, printed, standing, printer };
}

/** A page that a program can really draw. */
async function onePage(): Promise<Uint8Array> {
  const document = await PDFDocument.create();
  document.addPage([595.28, 841.89]).drawRectangle({ x: 90, y: 90, width: 60, height: 60, color: rgb(0.8, 0, 0) });
  return document.save({ useObjectStreams: false });
}
const drawing: CertificateDeps['pdf'] = {
  render: async () => ok({ pdf: await onePage(), pages: 1 }),
  inspect: () => Promise.resolve(ok({ pages: 1 })),
  overprint: (pdf) => Promise.resolve(ok({ pdf })),
  memory: undefined,
  stop: () => Promise.resolve(),
};
const imagesOnly = { formats: ['image/pwg-raster'] };

describe('a printer is examined before it is trusted with a paper', () => {
  test('one without A4 is refused with the reason, and staff see it', async () => {
    const hub = hall({}, { media: ['na_letter_8.5x11in'] });
    expect(await hub.print()).toMatchObject({ error: { code: 'E-CERT-0601' } });
    expect(hub.service.printers()).toMatchObject([
      { printerId: 'printer-1', check: { verdict: { fit: false, findings: [{ code: 'E-CERT-0601', grave: true }] } } },
    ]);
    expect(hub.printer.jobs).toEqual([]);
  });

  test('staff see it without a student having tried', async () => {
    const hub = hall({}, { operations: [0x0002, 0x0008, 0x0009, 0x000a, 0x000b] });
    hub.service.start();
    await expect
      .poll(() => hub.service.printers()[0]?.check?.verdict.findings.map(({ code }) => code))
      .toEqual(['E-CERT-0604']);
  });

  test('another printer in its place is examined anew, also while a job stands in its line', async () => {
    const hub = hall({});
    expect((await hub.printed())?.state).toBe('printed');
    const first = hub.service.printers()[0]?.check?.printerUuid;
    hub.standing.printer.inject({ type: 'busy' });
    const waiting = unwrap(await hub.print());
    hub.standing.printer = simulatedPrinter({
      clock: hub.clock,
      perPage: ms(500),
      abilities: { media: ['na_letter_8.5x11in'] },
    });
    await expect
      .poll(() => hub.service.job(waiting.attemptId), { timeout: 20_000 })
      .toMatchObject({ state: 'not-printed', code: 'E-CERT-0601' });
    expect(await hub.print()).toMatchObject({ error: { code: 'E-CERT-0601' } });
    const now = hub.service.printers()[0]?.check;
    expect(now?.verdict.fit).toBe(false);
    expect(now?.printerUuid).not.toBe(first);
    expect(hub.standing.printer.tray).toEqual([]);
  });
});

describe('a printer that takes page images only', () => {
  const raster = externalRasteriser({ command: 'mutool', dpi: 300, clock: systemClock({ mode: 'test' }) });

  test('gets them, and the job remembers what was sent', async () => {
    const hub = hall({ pdf: drawing, raster }, imagesOnly);
    const job = await hub.printed();
    expect(job).toMatchObject({ state: 'printed', format: 'image/pwg-raster' });
    expect(hub.printer.tray).toMatchObject([{ documentSha256: job?.sentSha256 }]);
    expect(job?.sentSha256).not.toBe(hub.service.get('request-1')?.documentSha256);
    expect(Buffer.from(hub.printer.jobs[0]!.document!.bytes).toString('latin1', 0, 14)).toBe('RaS2PwgRaster\0');
  });

  test('is not fit where no program makes them', async () => {
    expect(await hall({ pdf: drawing }, imagesOnly).print()).toMatchObject({ error: { code: 'E-CERT-0603' } });
  });

  test('the program is missing: said so, no sheet, the copies free again, the printer not blocked', async () => {
    const missing = externalRasteriser({ command: '/nowhere/mutool', dpi: 300, clock: systemClock({ mode: 'test' }) });
    const hub = hall({ pdf: drawing, raster: missing }, imagesOnly);
    expect(await hub.printed()).toMatchObject({ state: 'not-printed', code: 'E-CERT-0611' });
    expect(hub.service.get('request-1')?.copiesUsed).toBe(0);
    expect(hub.printer.jobs.filter(({ state }) => state < 7)).toEqual([]);
    expect(hub.printer.tray).toEqual([]);
  });
});

describe('第 N 次打印', () => {
  test(
    'stands at the foot of the sheets and nowhere in the document that was issued',
    { timeout: 60_000 },
    async () => {
      const clock = systemClock({ mode: 'test' });
      const pdf = pdfProcess({ clock });
      closing.push(() => pdf.stop());
      const hub = hall({ pdf, overprint: ({ ready }) => !ready });
      hub.service.upsert(request({ revision: 2, copiesAllowed: 5, ...loadSample('enrolment', 1) }));
      const runs: (number | undefined)[] = [];
      hub.printer.inject({ type: 'abort' });
      while (runs.length < 3) runs.push((await hub.printed())?.run);
      // The aborted one put out nothing, and its number is free.
      expect(runs).toEqual([1, 1, 2]);
      const sheets = hub.printer.jobs.filter(({ state }) => state === 9).map(({ document }) => document!.bytes);
      expect(sheets.map((sheet) => /第\d次打印PrintNo\.\d/.exec(textIn(sheet))?.[0])).toEqual([
        '第1次打印PrintNo.1',
        '第2次打印PrintNo.2',
      ]);
      expect(qrOn(sheets[1]!)).toMatch(/^https:\/\/hall\.example\.edu\.cn\/verify\?code=/);
      const issued = unwrap(hub.service.document('request-1', asStudent));
      expect(sha256(issued)).toBe(hub.service.get('request-1')?.documentSha256);
      expect(textIn(issued)).not.toContain('次打印');
    },
  );

  test('no two runs that put out paper, or may have, bear one number', () => {
    const db = openDatabase({ file: join(folder(), 'runs.db') });
    closing.push(() => {
      db.close();
    });
    migrate({ db, components: [certificateSchema] });
    const store = certificateStore(db);
    const none = {
      studentKey: 's',
      idKey: null,
      pickUpKey: null,
      template: 't',
      sealed: Buffer.of(1),
      copiesAllowed: 9,
    };
    let serial = 0;
    const step = fc.record({
      act: fc.constantFrom('print', 'end', 'resolve'),
      pick: fc.nat(20),
      state: fc.nat(2),
      found: fc.nat(1),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const certificateId = `c${++serial}`;
        store.upsert({
          ...none,
          certificateId,
          revision: 1,
          validFrom: epochMs(0),
          validUntil: epochMs(1),
          receivedAt: epochMs(0),
        });
        const attempts: {
          attemptId: string;
          run: number;
          state: 'queued' | 'printed' | 'not-printed' | 'uncertain';
          noPaper: boolean;
        }[] = [];
        const save = ({ attemptId, run, state }: (typeof attempts)[number]): void => {
          const wish = {
            attemptId,
            certificateId,
            printerId: attemptId,
            documentSha256: '',
            pages: 1,
            copies: 1,
            duplex: false,
          };
          store.saveAttempt(
            { ...newAttempt({ ...wish, countsImpressions: true, run }, epochMs(0)), state },
            '2026-01-01',
          );
        };
        for (const { act, pick, state, found } of steps) {
          const open = attempts.filter((one) => one.state === 'queued');
          const doubtful = attempts.filter((one) => one.state === 'uncertain' && !one.noPaper);
          if (act === 'print') {
            attempts.push({
              attemptId: `${certificateId}-${attempts.length}`,
              run: store.nextRun(certificateId),
              state: 'queued',
              noPaper: false,
            });
            save(attempts.at(-1)!);
          } else if (act === 'end' && open.length > 0) {
            const one = open[pick % open.length]!;
            one.state = (['printed', 'not-printed', 'uncertain'] as const)[state] ?? 'printed';
            save(one);
          } else if (act === 'resolve' && doubtful.length > 0) {
            const one = doubtful[pick % doubtful.length]!;
            store.resolve(one.attemptId, found, 'staff', epochMs(1));
            one.noPaper = found === 0;
          }
          const numbered = attempts.filter((one) => one.state !== 'not-printed' && !one.noPaper).map(({ run }) => run);
          expect(new Set(numbered).size).toBe(numbered.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a job that staff want gone', () => {
  test('in the line: it ends at once without paper, audited, and its copies are free', async () => {
    const hub = hall({});
    hub.printer.inject({ type: 'slow', factor: 100 });
    unwrap(await hub.print());
    const second = unwrap(await hub.print());
    expect(hub.service.job(second.attemptId)).toMatchObject({ before: 1 });
    expect(hub.service.cancel(second.attemptId, 'staff-7', ' ')).toMatchObject({ error: { code: 'E-CERT-0409' } });
    expect(unwrap(hub.service.cancel(second.attemptId, 'staff-7', 'wrong person'))).toMatchObject({
      state: 'not-printed',
      code: 'E-CERT-0410',
    });
    expect(hub.audits).toMatchObject([
      { actor: 'staff-7', action: 'certificate.cancel-print', reason: 'wrong person' },
    ]);
    expect(hub.service.get('request-1')?.copiesUsed).toBe(1);
    expect(hub.service.cancel(second.attemptId, 'staff-7', 'again')).toMatchObject({ error: { code: 'E-CERT-0411' } });
  });

  test('while it waits for a busy printer: no byte leaves', async () => {
    const hub = hall({});
    hub.printer.inject({ type: 'busy' });
    const { attemptId } = unwrap(await hub.print());
    await expect.poll(() => hub.service.job(attemptId)?.code).toBe('E-PRN-0102');
    unwrap(hub.service.cancel(attemptId, 'staff-7', 'wrong person'));
    await expect.poll(() => hub.service.job(attemptId)?.state, { timeout: 10_000 }).toBe('not-printed');
    expect(hub.service.job(attemptId)?.code).toBe('E-CERT-0410');
    expect(hub.printer.jobs).toEqual([]);
  });

  test('without paper in mid-job: the printer is told, and it does not come out when somebody refills', async () => {
    const hub = hall({});
    hub.printer.inject({ type: 'slow', factor: 20 });
    const { attemptId } = unwrap(await hub.print());
    await expect.poll(() => hub.service.job(attemptId)?.state).toBe('sent');
    hub.printer.inject({ type: 'paper-out' });
    await expect.poll(() => hub.service.job(attemptId)?.code, { timeout: 10_000 }).toBe('E-PRN-0201');
    unwrap(hub.service.cancel(attemptId, 'staff-7', 'she has gone'));
    await expect.poll(() => hub.service.job(attemptId)?.state, { timeout: 10_000 }).toBe('not-printed');
    hub.printer.clearFaults();
    expect(hub.printer.jobs.map(({ state }) => state)).toEqual([7]);
    expect(hub.printer.tray).toEqual([]);
  });
});

describe('a job that nobody saw end', () => {
  test(
    'is cancelled when the printer answers again, before the next one starts and before copies are given back',
    { timeout: 60_000 },
    async () => {
      const hub = hall({});
      hub.printer.inject({ type: 'slow', factor: 1_000 });
      const first = unwrap(await hub.print());
      await expect.poll(() => hub.service.job(first.attemptId)?.state).toBe('sent');
      hub.standing.hidesJobs = true;
      unwrap(hub.service.cancel(first.attemptId, 'staff-7', 'no answer'));
      await expect
        .poll(() => hub.service.job(first.attemptId), { timeout: 10_000 })
        .toMatchObject({ state: 'uncertain', leftover: true });
      const settle = () =>
        hub.service.resolveUncertain(first.attemptId, { copiesFound: 0 }, 'staff-7', 'tray is empty');
      expect(settle()).toMatchObject({ error: { code: 'E-CERT-0414' } });

      const second = unwrap(await hub.print());
      await expect
        .poll(() => hub.service.job(second.attemptId), { timeout: 10_000 })
        .toMatchObject({ state: 'queued', code: 'E-CERT-0413' });
      await expect
        .poll(() => hub.service.job(second.attemptId), { timeout: 10_000 })
        .toMatchObject({ state: 'not-printed', code: 'E-CERT-0413' });
      expect(hub.printer.jobs).toHaveLength(1);

      hub.standing.hidesJobs = false;
      hub.printer.clearFaults();
      await expect.poll(() => hub.service.job(first.attemptId)?.leftover, { timeout: 15_000 }).toBeUndefined();
      expect(hub.printer.jobs.map(({ state }) => state)).toEqual([7]);
      const sheets = hub.printer.tray.length;
      expect(await hub.printed()).toMatchObject({ state: 'printed' });
      expect(hub.printer.tray).toHaveLength(sheets + 1);
      expect(settle()).toMatchObject({ value: { resolution: { copiesFound: 0 } } });
      expect(hub.service.get('request-1')?.copiesUsed).toBe(1);
    },
  );
});
