import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import type { ScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import { createScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import type { PushTerminalSimulator } from '@hallhub/device-drivers/protocols/zkteco-push';
import { createPushTerminalSimulator } from '@hallhub/device-drivers/protocols/zkteco-push';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { epochMs, unwrap } from '@hallhub/sync/base';
import type { Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { campusCodeKeyId } from '../hub/gates/project.ts';
import { campusCodeAt } from '../hub/gates/qr/campus-code.ts';
import { enrolAgent, startAgentProcess } from './testing/agent-process.ts';
import type { Campus } from './testing/campus.ts';
import { freePort, startCampus } from './testing/campus.ts';
import { cleanUp } from './testing/clean-up.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { approve } from './testing/people.ts';
import { FIRST_OPERATOR, logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';

/*
 * New students at a check-in point, from the bytes of its devices to the page of its staff and the hall: a code at a scanner of
 * the hub, a face at a terminal of an agent, with the picture that the terminal took.
 */

const CHROMIUM = '/usr/bin/chromium';
const WEB = join(import.meta.dirname, '../hub/dist/web/index.html');
const SERIAL = 'CGXH201360029';
const AGENT = 'desk-agent';
const API = { every: 100 } as const;
const KEY = randomBytes(32);

const running = cleanUp();
let campus: Campus;
let hub: HubProcess;
let staff: HttpClient;
let scanner: ScannerSimulator;
let terminal: PushTerminalSimulator;
let page: Page;
let coder: string;
let faced: string;

const newcomer = (number: string, name: string, credential: object): string =>
  approve(campus.hall, 'roster', {
    person: { number, name, category: 'student' },
    credentials: [credential],
    areas: ['campus'],
    enrolling: { college: '计算机学院', steps: [] },
  });
/** The terminal's own clock, which stands in Beijing. */
const wall = (): string => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(WEB)) throw new Error(`${WEB} is missing: npm run build:web`);
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-check-in-'));
  running.later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const line = await createPtyPair(folder);
  running.later(() => line.close());
  scanner = createScannerSimulator({ transport: createSerialTransport({ path: line.b, baudRate: 9_600 }) });
  unwrap(await scanner.start());
  running.later(() => scanner.stop());
  const port = await freePort();
  terminal = createPushTerminalSimulator({
    serial: SERIAL,
    send: async (method, target, body) => {
      const answer = await fetch(`http://127.0.0.1:${port}${target}`, {
        method,
        ...(body !== undefined && { body }),
      }).catch(() => undefined);
      return answer?.text();
    },
  });
  campus = await startCampus({
    httpPort: await freePort(),
    gateAgent: AGENT,
    extra: {
      devices: `  - { id: desk-scanner, profile: generic/scanner-serial, label: { zh: 扫码器, en: Scanner },
      transport: { kind: serial, path: ${line.a}, baudRate: 9600 } }
  - { id: desk-terminal, profile: zkteco/push-terminal, label: { zh: 人脸终端, en: Terminal }, agent: ${AGENT},
      transport: { kind: http-listen, host: 127.0.0.1, port: ${port} }, params: { serial: ${SERIAL}, pictures: true } }`,
      top: `attendance: { checkIn: [
  { id: gym, label: { zh: 体育馆, en: Gym }, devices: [desk-scanner, desk-terminal] },
  { id: hall, label: { zh: 礼堂, en: Hall } }] }`,
    },
  });
  running.later(() => campus.stop());
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
  const enrolled = await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
  expect(enrolled.exit?.code, enrolled.stderr).toBe(0);
  const agent = await startAgentProcess(campus.agentDir);
  running.later(() => agent.stop('SIGKILL'));

  coder = newcomer('20260101', '陈六', { type: 'campus-code', key: KEY.toString('base64') });
  faced = newcomer('20260102', '林小满', { type: 'face', id: '102' });
  await until(
    'the hub knows both',
    async () => (await staff.ask<{ expected: number }>('GET', '/api/check-in')).expected === 2,
    API,
  );
  await until('the terminal is told to send pictures', async () => (await terminal.handshake()).includes('AttPhoto'));
  await until(
    'scanner and terminal are ready',
    async () => {
      const { devices } = await staff.ask<{ devices: { id: string; health: { state: string } }[] }>(
        'GET',
        '/api/devices',
      );
      return ['desk-scanner', 'desk-terminal'].every(
        (wanted) => devices.find(({ id }) => id === wanted)?.health.state === 'ready',
      );
    },
    API,
  );
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
  page = await (await browser.newContext({ viewport: { width: 1_024, height: 768 } })).newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(`${hub.url}/login?lang=zh`);
  await page.locator('input[autocomplete=username]').fill(FIRST_OPERATOR.login);
  await page.locator('input[type=password]').fill(FIRST_OPERATOR.password);
  await page.locator('button.primary').click();
  await page.waitForURL('**/gates');
  await page.goto(`${hub.url}/check-in?lang=zh`);
  await page.getByText('已报到 0 / 2').waitFor();
});
afterAll(() => running.run());

const toldToTheHall = (requestId: string): Promise<unknown> =>
  until('the hall hears of it', () =>
    campus.hall.inbox
      .list({ limit: 100 })
      .find(({ type, subject }) => type === 'hallhub.roster.checked-in.v1' && subject === requestId),
  );

test('a code at the scanner of the point brings its student up on the page, who is checked in', async () => {
  await scanner.scan(campusCodeAt(epochMs(Date.now()), campusCodeKeyId(KEY.toString('base64')), KEY));
  await page.getByRole('heading', { name: '陈六' }).waitFor();
  await page.getByRole('button', { name: '是本人，确认报到' }).click();
  await page.getByText('已报到 1 / 2').waitFor();
  await toldToTheHall(coder);
});

test('what is no code is said to be none, and goes when it was seen', async () => {
  await scanner.scan('https://menu.example.edu/');
  const refused = page.locator('li', { hasText: '扫码' });
  await refused.waitFor();
  await refused.getByRole('button', { name: '知道了' }).click();
  await refused.waitFor({ state: 'detached' });
});

test('a face at the terminal brings up its student with the picture that it took, which is kept nowhere', async () => {
  // As large as a terminal's: a picture of noise, made by the browser.
  const jpeg = Buffer.from(
    await page.evaluate<string>(`(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 480, height: 640 });
      const context = canvas.getContext('2d');
      const image = context.createImageData(480, 640);
      image.data.forEach((_, index) => { image.data[index] = index % 4 === 3 ? 255 : (index * 2654435761) >>> 24; });
      context.putImageData(image, 0, 0);
      for (let quality = 0.95; ; quality -= 0.05) {
        const text = canvas.toDataURL('image/jpeg', quality).split(',')[1];
        if (text.length * 0.75 < 170000) return text;
      }
    })()`),
    'base64',
  );
  expect(jpeg.length).toBeGreaterThan(50_000);
  const time = wall();
  expect(await terminal.punch('102', time)).toBe('OK: 1');
  expect(await terminal.photograph('102', time, jpeg)).toBe('OK');
  await page.getByRole('heading', { name: '林小满' }).waitFor();
  const picture = page.getByRole('img', { name: '终端现场照片' });
  await picture.waitFor();
  await until('it is shown', () => picture.evaluate((image) => Reflect.get(image, 'naturalWidth') === 480));
  const address = await picture.getAttribute('src');
  const piece = jpeg.subarray(20_000, 20_064);
  for (const folder of [campus.dataDir, campus.agentDir])
    for (const name of readdirSync(folder).filter((file) => file.includes('.db')))
      expect(readFileSync(join(folder, name)).includes(piece), name).toBe(false);

  // At the other point nobody stands.
  expect(await staff.ask('GET', '/api/check-in/hall/arrivals')).toEqual([]);
  await page.getByRole('button', { name: '是本人，确认报到' }).click();
  await page.getByText('已报到 2 / 2').waitFor();
  await toldToTheHall(faced);
  expect((await staff.call('GET', address ?? '')).status).toBe(404);
});

test('who comes out of the memory of the terminal stands nowhere', async () => {
  const yesterday = new Date(Date.now() - 16 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
  await terminal.punch('102', yesterday);
  await scanner.scan('another of no meaning');
  await until(
    'the scanner is heard',
    async () => (await staff.ask<unknown[]>('GET', '/api/check-in/gym/arrivals')).length > 0,
    API,
  );
  expect(await staff.ask('GET', '/api/check-in/gym/arrivals')).toMatchObject([{ code: 'E-GATE-0131' }]);
});
