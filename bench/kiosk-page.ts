import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type Page, chromium } from 'playwright-core';
import { KIOSK, quietHall, scriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { median, quantile, report } from './kit/measure.ts';

/*
 * The screens of a kiosk in Chromium on a panel of 1080×1920, with a server that answers at once: until something is on the
 * screen, and from a touch to the next picture. The bare page is one file with one button.
 */
const UI = join(import.meta.dirname, '../kiosk-app/dist/ui');
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const LOADS = 8;
const TOUCHES = 60;
const PANEL = { width: 1080, height: 1920 } as const;

const BARE = `<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>bare</title><body><button>English</button><script>
document.querySelector('button').addEventListener('click', ({ target }) => {
  target.textContent = target.textContent === 'English' ? '中文' : 'English';
});</script>`;

/** Milliseconds from a touch, as the browser stamps it, to the frame after the next: what it changed is on the screen then. */
const WATCH = `globalThis.latencies = [];
addEventListener('click', ({ timeStamp }) => {
  requestAnimationFrame(() => { const channel = new MessageChannel(); channel.port1.onmessage = () => {
    globalThis.latencies.push(performance.now() - timeStamp); }; channel.port2.postMessage(0); });
}, true);`;

if (!existsSync(join(UI, 'index.html'))) throw new Error(`${UI} is missing: npm run build:web`);
const kiosk = await scriptedServer({ webRoot: UI, script: quietHall(Buffer.from('%PDF-1.7\n')) });
const bare = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8').end(BARE);
});
await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}/`;
const kioskUrl = `${kiosk.url}/kiosk/${KIOSK}?lang=zh`;
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
});

try {
  await firstPaint(browser);
  await touches(browser);
} finally {
  await browser.close();
  await kiosk.stop();
  bare.close();
}

/** A fresh context each time: nothing is cached. */
async function open(from: Browser, url: string): Promise<Page> {
  const context = await from.newContext({ viewport: PANEL, hasTouch: true, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button').first().waitFor();
  return page;
}

async function firstPaint(from: Browser): Promise<void> {
  const times = { kiosk: [] as number[], bare: [] as number[] };
  for (let n = 0; n < LOADS; n += 1) {
    for (const [name, url] of [
      ['kiosk', kioskUrl],
      ['bare', bareUrl],
    ] as const) {
      const page = await open(from, url);
      const painted = await page.evaluate<number | undefined>(
        `new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntriesByName('first-contentful-paint')[0]?.startTime)).observe({ type: 'paint', buffered: true }))`,
      );
      if (painted === undefined) throw new Error(`${name} was never painted`);
      times[name].push(painted);
      await page.context().close();
    }
  }
  report({
    name: 'kiosk-page/first-paint',
    value: median(times.kiosk),
    unit: 'ms',
    baseline: 'a page of one file with one button',
    baselineValue: median(times.bare),
    worst: Math.max(...times.kiosk),
    samples: LOADS,
  });
}

/** The switch of the language changes every text of the screen. */
async function touches(from: Browser): Promise<void> {
  const sample = async (url: string): Promise<readonly number[]> => {
    const page = await open(from, url);
    await page.evaluate(WATCH);
    for (let n = 0; n < TOUCHES; n += 1) await page.getByRole('button', { name: /^(English|中文)$/ }).tap();
    await page.waitForFunction(`globalThis.latencies.length >= ${TOUCHES}`);
    const latencies = await page.evaluate<number[]>('globalThis.latencies');
    await page.context().close();
    return latencies;
  };
  const bareTouches = await sample(bareUrl);
  const kioskTouches = await sample(kioskUrl);
  report({
    name: 'kiosk-page/touch-to-picture',
    value: median(kioskTouches),
    unit: 'ms',
    baseline: 'the same touch on a page with one button',
    baselineValue: median(bareTouches),
    p99: quantile(kioskTouches, 0.99),
    baselineP99: quantile(bareTouches, 0.99),
    samples: TOUCHES,
  });
}
