import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { pdfProcess } from '../hub/certificates/render/index.ts';
import { sampleInput } from '../hub/certificates/testing/sample.ts';
import { certificateWords } from './kit/certificate-words.ts';
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
  const rows = certificateWords().map(
    ({ text, size, bold }) => `<p style="font-size:${size}pt;font-weight:${bold ? 700 : 400}">${text}</p>`,
  );
  const html = `<html lang="zh"><body style="font-family:'Noto Serif CJK SC','Noto Sans CJK SC',serif">${rows.join('')}</body></html>`;
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
const pdfkitFirst: number[] = [];
const pdfkitWarm: number[] = [];
let pdfkitBytes = 0;
let pdfkitPeak = 0;
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

  const pdfkitBegun = performance.now();
  const pdfkit = startChild(join(import.meta.dirname, 'kit/pdfkit-main.ts'), [String(WARM)]);
  pdfkitBytes = Number((await pdfkit.next())['bytes']);
  pdfkitFirst.push(performance.now() - pdfkitBegun);
  const told = await pdfkit.next();
  pdfkitWarm.push(...(told['warm'] as number[]));
  pdfkitPeak = Math.max(pdfkitPeak, Number(told['peakBytes']));
  await pdfkit.end();
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

const pdfkitIs = 'pdfkit with the same words and font files, without seal, QR code, layout rules and PDF/A';
for (const [name, unit, value, baselineValue] of [
  ['first', 'ms', median(first), median(pdfkitFirst)],
  ['warm', 'ms', median(warm), median(pdfkitWarm)],
  ['peak-memory', 'MiB', peakBytes / MiB, pdfkitPeak / MiB],
  ['size', 'KiB', bytes / 1_024, pdfkitBytes / 1_024],
] as const) {
  report({ name: `certificate/${name}-pdfkit`, value, unit, baseline: pdfkitIs, baselineValue });
}

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
