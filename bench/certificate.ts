import { join } from 'node:path';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { pdfProcess } from '../hub/certificates/render/index.ts';
import { sampleInput } from '../hub/certificates/testing/sample.ts';
import { startChild } from './kit/children.ts';
import { MiB, median, quantile, report } from './kit/measure.ts';

/*
 * One enrolment certificate: Chinese and Latin type in subsetted fonts, seal, QR code, PDF/A. The first includes the start
 * of the process and its fonts. The baseline is the same PDF library drawing one ASCII line in a built-in font, likewise
 * in a process of its own.
 */
const ROUNDS = 4;
const WARM = 8;

const clock = systemClock({ mode: 'production' });
const first: number[] = [];
const warm: number[] = [];
const plainFirst: number[] = [];
const plainWarm: number[] = [];
let peakBytes = 0;
let plainPeak = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  const pdf = pdfProcess({ clock });
  for (let n = 0; n <= WARM; n += 1) {
    const begun = performance.now();
    unwrap(await pdf.render(sampleInput({ certificateNumber: `HH2026-${String(n).padStart(6, '0')}` })));
    (n === 0 ? first : warm).push(performance.now() - begun);
  }
  peakBytes = Math.max(peakBytes, pdf.memory?.peakBytes ?? 0);
  await pdf.stop();

  const begun = performance.now();
  const plain = startChild(join(import.meta.dirname, 'kit/plain-pdf-main.ts'), [String(WARM)]);
  await plain.next();
  plainFirst.push(performance.now() - begun);
  const said = await plain.next();
  plainWarm.push(...(said['warm'] as number[]));
  plainPeak = Math.max(plainPeak, Number(said['peakBytes']));
  await plain.end();
}

const baseline = 'the same library, one ASCII line';
report({
  name: 'certificate/first',
  value: median(first),
  unit: 'ms',
  baseline: `${baseline}, process included`,
  baselineValue: median(plainFirst),
  samples: first.length,
});
report({
  name: 'certificate/warm',
  value: median(warm),
  unit: 'ms',
  baseline,
  baselineValue: median(plainWarm),
  p99: quantile(warm, 0.99),
  samples: warm.length,
});
report({
  name: 'certificate/peak-memory',
  value: peakBytes / MiB,
  unit: 'MiB',
  baseline,
  baselineValue: plainPeak / MiB,
});
