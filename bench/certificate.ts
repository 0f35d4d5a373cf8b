import { join } from 'node:path';
import { chromium } from 'playwright-core';
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
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** The same words on a page that Chromium prints, its start apart. */
async function chromiumPages(): Promise<{ readonly first: number; readonly warm: number[]; readonly bytes: number }> {
  const { studentName, fields } = sampleInput();
  const rows = Object.entries(fields).map(
    ([name, value]) => `<p>${name}：${typeof value === 'string' ? value : ''}</p>`,
  );
  const html = `<html lang="zh"><body style="font-family:'Noto Serif CJK SC','Noto Sans CJK SC',serif">
    <h1>在读证明</h1><p>${studentName}</p>${rows.join('')}</body></html>`;
  const begun = performance.now();
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const draw = async (): Promise<number> => {
      await page.setContent(html);
      return (await page.pdf({ format: 'A4' })).length;
    };
    const bytes = await draw();
    const first = performance.now() - begun;
    const warm: number[] = [];
    for (let n = 0; n < WARM; n += 1) {
      const from = performance.now();
      await draw();
      warm.push(performance.now() - from);
    }
    return { first, warm, bytes };
  } finally {
    await browser.close();
  }
}

const clock = systemClock({ mode: 'production' });
const first: number[] = [];
const warm: number[] = [];
const plainFirst: number[] = [];
const plainWarm: number[] = [];
let bytes = 0;
let peakBytes = 0;
let plainPeak = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  const pdf = pdfProcess({ clock });
  for (let n = 0; n <= WARM; n += 1) {
    const begun = performance.now();
    const made = unwrap(await pdf.render(sampleInput({ certificateNumber: `HH2026-${String(n).padStart(6, '0')}` })));
    bytes = made.pdf.length;
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

const printed = await chromiumPages();
const chromiumIs = 'Chromium’s page.pdf of the same words, without seal, QR code and PDF/A';
report({
  name: 'certificate/first-chromium',
  value: median(first),
  unit: 'ms',
  baseline: `${chromiumIs}; its start included`,
  baselineValue: printed.first,
});
report({
  name: 'certificate/warm-chromium',
  value: median(warm),
  unit: 'ms',
  baseline: chromiumIs,
  baselineValue: median(printed.warm),
  samples: warm.length,
});
report({
  name: 'certificate/size',
  value: bytes / 1_024,
  unit: 'KiB',
  baseline: chromiumIs,
  baselineValue: printed.bytes / 1_024,
});
