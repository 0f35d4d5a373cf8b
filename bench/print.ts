import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ms, systemClock, unwrap } from '@hallhub/sync/base';
import { ippClient, simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { asStudent, request, student, testService, tinyPdf } from '../hub/certificates/testing/kit.ts';
import { median, quantile, report } from './kit/measure.ts';

/*
 * From a person who was just recognised to "the printer has all of it": the list of their papers, the printer asked, the job
 * accepted and each step on the disk, over HTTP to a virtual printer of 100 kB documents. The baseline is the same document
 * handed to the same printer by the IPP client alone, with nothing written down.
 */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 200);

const folder = mkdtempSync(join(tmpdir(), 'hallhub-bench-print-'));
const clock = systemClock({ mode: 'production' });
const printer = simulatedPrinter({ clock, perPage: ms(1) });
const { uri, close } = await printer.listen();
const client = ippClient({ uri, clock });
const hub = testService({
  file: join(folder, 'hub.db'),
  clock,
  printers: [{ printerId: 'printer-1', name: 'bench', printer: client, countsImpressions: true }],
});
hub.service.upsert(request({ copiesAllowed: 1_000_000 }));
unwrap(await hub.service.issue('request-1'));

const idle = async (): Promise<void> => {
  while (printer.state !== 'idle') await new Promise((resolve) => setTimeout(resolve, 1));
};
const sent: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  await idle();
  const over = new Promise<void>((resolve) => {
    let attemptId: string | undefined;
    const cancel = hub.service.onChange((change) => {
      attemptId ??= change.attemptId;
      const job = attemptId === undefined ? undefined : hub.service.job(attemptId);
      if (job?.state !== 'printed') return;
      cancel();
      resolve();
    });
  });
  const begun = performance.now();
  const arrived = new Promise<number>((resolve) => {
    const cancel = hub.service.onChange(({ attemptId }) => {
      const state = attemptId === undefined ? undefined : hub.service.job(attemptId)?.state;
      if (state !== 'sent') return;
      cancel();
      resolve(performance.now() - begun);
    });
  });
  const [paper] = hub.service.list(student);
  unwrap(await hub.service.print(paper?.certificateId ?? '', 'printer-1', 1, asStudent));
  sent.push(await arrived);
  await over;
}

const bare: number[] = [];
const document = tinyPdf(1);
for (let round = 0; round < ROUNDS; round += 1) {
  await idle();
  const begun = performance.now();
  const { jobId } = unwrap(await client.createJob({ name: `bare-${round}`, copies: 1, duplex: false }));
  unwrap(await client.sendDocument(jobId, document, 'application/pdf'));
  bare.push(performance.now() - begun);
}

report({
  name: 'print/identify-to-sent',
  value: median(sent),
  unit: 'ms',
  baseline: 'the IPP client alone, nothing written down',
  baselineValue: median(bare),
  p99: quantile(sent, 0.99),
  samples: sent.length,
});
await hub.close();
printer.close();
await close();
rmSync(folder, { recursive: true });
