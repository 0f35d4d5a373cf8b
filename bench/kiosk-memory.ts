import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type CDPSession, chromium } from 'playwright-core';
import { KIOSK, person, quietHall, scriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { FAREWELL_MS } from '../kiosk-app/ui/session/flow.ts';
import { MiB, remark, report } from './kit/measure.ts';

/*
 * What 500 people leave behind on one page of a kiosk in Chromium: each begins, is known, sees the list, and is gone. As in a plain
 * browser, for the shell loads its page anew after each person. The page's clock is set on over the farewell, which stands for
 * some seconds.
 */
const UI = join(import.meta.dirname, '../kiosk-app/dist/ui');
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const FEW = 5;
const MANY = 500;

if (!existsSync(join(UI, 'index.html'))) throw new Error(`${UI} is missing: npm run build:web`);
const kiosk = await scriptedServer({ webRoot: UI, script: quietHall(Buffer.from('%PDF-1.7\n')) });
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1080, height: 1920 }, reducedMotion: 'reduce' });
  await page.clock.install();
  await page.goto(`${kiosk.url}/kiosk/${KIOSK}?lang=zh`);
  await page.getByRole('button').first().waitFor();
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  const one = async (n: number): Promise<void> => {
    // No tap: that waits for frames, which the page's clock holds.
    await page
      .getByRole('button', { name: /打印证明/ })
      .first()
      .dispatchEvent('click');
    kiosk.show({ person: person(`s${n}`) });
    await page
      .getByRole('button', { name: /在读证明/ })
      .first()
      .waitFor();
    kiosk.hide('person');
    await page
      .getByRole('button', { name: /在读证明/ })
      .first()
      .waitFor({ state: 'hidden' });
    await page.clock.runFor(FAREWELL_MS + 1_000);
    await page
      .getByRole('button', { name: /打印证明/ })
      .first()
      .waitFor();
  };
  const heap = { few: 0, many: 0 };
  const nodes = { few: 0, many: 0 };
  const begun = performance.now();
  for (let n = 1; n <= MANY; n += 1) {
    await one(n);
    if (n === FEW) {
      heap.few = await heapOf(session);
      nodes.few = await nodesOf(session);
    }
  }
  heap.many = await heapOf(session);
  nodes.many = await nodesOf(session);
  remark(`${MANY} people in ${((performance.now() - begun) / 1_000).toFixed(0)} s`);
  report({
    name: `kiosk-memory/heap-after-${MANY}-people`,
    value: heap.many / MiB,
    unit: 'MiB',
    baseline: `the same page after ${FEW} people`,
    baselineValue: heap.few / MiB,
    aim: 'ratio at most 1.2: nothing is left behind',
    nodes: nodes.many,
    baselineNodes: nodes.few,
  });
} finally {
  await browser.close();
  await kiosk.stop();
}

/** Live bytes of the page's own heap, garbage taken out. */
async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

async function nodesOf(session: CDPSession): Promise<number> {
  return (await session.send('Memory.getDOMCounters')).nodes;
}
