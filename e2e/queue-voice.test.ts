import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWav } from '@hallhub/device-drivers/voice';
import { ms, unwrap } from '@hallhub/sync/base';
import { chromium } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import { HALL, openQueue } from '../hub/queue/testing/rig.ts';
import { cleanUp } from './testing/clean-up.ts';
import { serveQueue } from './testing/queue-server.ts';
import { until } from './testing/until.ts';
import { readSpoken, recordPack } from './testing/voice-pack.ts';

/* A board that speaks: the hub joins the sound, and a real browser fetches and plays it. */

const WEB = join(import.meta.dirname, '../hub/dist/web');
const CHROMIUM = '/usr/bin/chromium';
const DIALECT_SHIFT = 20;

const running = cleanUp();
afterAll(() => running.run());

interface Played {
  readonly src: string;
  readonly begun: number;
  readonly ended?: number;
}
/** Notes what the page plays, and when. */
const WATCH = `
  window.played = [];
  const play = HTMLMediaElement.prototype.play;
  HTMLMediaElement.prototype.play = function () {
    const note = { src: this.src, begun: performance.now() };
    window.played.push(note);
    this.addEventListener('ended', () => { note.ended = performance.now(); });
    return play.call(this);
  };`;

test('a board without a loudspeaker in its hall says each call once, one after the other, in the hall’s own voice', async () => {
  for (const file of [CHROMIUM, join(WEB, 'index.html')]) if (!existsSync(file)) throw new Error(`${file} is missing`);
  const voicePack = mkdtempSync(join(tmpdir(), 'hallhub-voice-'));
  running.later(() => {
    rmSync(voicePack, { recursive: true, force: true });
  });
  recordPack(voicePack, 'zh');
  recordPack(voicePack, 'yue', DIALECT_SHIFT);
  const announcements = { repeat: 2, dialect: 'yue', volume: 50, dwell: '1s', voice: { voicePack } } as const;
  const rig = openQueue({ hall: { ...HALL, announcements } });
  const { url, close } = await serveQueue(rig, WEB);
  running.later(close);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required'],
  });
  running.later(() => browser.close());
  const page = await browser.newPage();
  await page.addInitScript(WATCH);
  await page.goto(`${url}/board/main`);
  await page.getByText('等待叫号').waitFor();

  rig.queue.start();
  running.later(() => {
    rig.queue.stop();
  });
  for (const counter of ['c1', 'c2']) {
    rig.take();
    rig.open(counter);
  }
  // The hub's clock goes on with every look.
  const played = (): Promise<readonly Played[]> => {
    rig.clock.advance(ms(200));
    return page.evaluate<readonly Played[]>('window.played');
  };
  for (const counter of ['c1', 'c2']) rig.order(counter, { do: 'next' });
  const [first, second] = await until(
    'both were played to their end',
    async () => {
      const all = await played();
      return all.filter(({ ended }) => ended !== undefined).length === 2 && all;
    },
    { within: 60_000, every: 100 },
  );
  expect(second?.begun).toBeGreaterThanOrEqual(first?.ended ?? Number.POSITIVE_INFINITY);
  const said = await Promise.all(
    [first, second].map(async (one) => {
      const answer = await fetch(one?.src ?? '');
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'audio/wav']);
      return readSpoken(unwrap(readWav(new Uint8Array(await answer.arrayBuffer()))), DIALECT_SHIFT);
    }),
  );
  expect(said).toMatchObject([
    { text: '请A001号到1号窗口请A001号到1号窗口', volume: 50 },
    { text: '请A002号到2号窗口请A002号到2号窗口', volume: 50 },
  ]);
  for (const { before } of said) expect(before).toBeGreaterThan(0.8);
  expect((await fetch(`${url}/api/queue/halls/main/sounds/none`)).status).toBe(404);
});
