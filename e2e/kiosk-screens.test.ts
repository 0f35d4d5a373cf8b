import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ScriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { KIOSK, person, quietHall, scriptedServer } from '../kiosk-app/testing/scripted-server.ts';
import { cleanUp } from './testing/clean-up.ts';
import { LAUNCHER } from './testing/hub-process.ts';
import { COLOUR_RULES, PANEL, accessFaults, touchFaults } from './testing/kiosk-screens.ts';
import { until } from './testing/until.ts';

/*
 * Every screen of a kiosk on a panel of 1080×1920, in both languages, large, low and in high contrast: everybody can use it
 * (axe-core), touch it (80 px, 16 px apart, in reach), and nothing is cut off. Driven with a scripted server, because a real
 * one is not easily brought into all of these states. HALLHUB_SHOTS names a folder for pictures of all of them.
 */

const UI = join(import.meta.dirname, '../kiosk-app/dist/ui');
const CHROMIUM = '/usr/bin/chromium';
const SHOTS = process.env['HALLHUB_SHOTS'];

const running = cleanUp();
let browser: Browser;
let document: Uint8Array;

beforeAll(async () => {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(join(UI, 'index.html'))) throw new Error(`${UI} is missing: npm run build:web`);
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-kiosk-'));
  running.later(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'transcript.pdf');
  execFileSync(process.execPath, [LAUNCHER, 'certificate', 'preview', 'transcript', '--out', file]);
  document = readFileSync(file);
  if (SHOTS !== undefined) mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
  });
  running.later(() => browser.close());
});
afterAll(() => running.run());

let server: ScriptedServer;
let context: BrowserContext;
let page: Page;
let complaints: string[];

async function open(language: 'zh' | 'en' = 'zh'): Promise<void> {
  context = await browser.newContext({ viewport: PANEL, hasTouch: true, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  complaints = [];
  page.on('console', (message) => {
    // The browser notes refusals as errors; those that a test asks for are shown on the screen.
    if (message.text().includes('409')) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  await page.clock.install();
  await page.goto(`${server.url}/kiosk/${KIOSK}?lang=${language}`);
  await page.locator('h1').first().waitFor();
}
beforeEach(async () => {
  server = await scriptedServer({ webRoot: UI, script: quietHall(document) });
});
afterEach(async () => {
  await context.close();
  await server.stop();
});

const tap = (name: string | RegExp): Promise<void> => page.getByRole('button', { name }).first().tap();
const heading = (name: string | RegExp): Promise<void> => page.getByRole('heading', { name, level: 1 }).waitFor();
const posted = (path: string): Promise<unknown> =>
  until(`${path} is posted`, () => server.posts.some((one) => one.path === path));
const type = async (digits: string): Promise<void> => {
  for (const digit of digits) await page.getByRole('button', { name: digit, exact: true }).tap();
};

/** Each screen, by what is touched and said to come there. */
const SCREENS: Readonly<Record<string, (language: 'zh' | 'en') => Promise<void>>> = {
  attract: () => Promise.resolve(),
  'attract, printer out of paper': async () => {
    server.show({
      printer: { id: 'printer', state: 'attention', code: 'E-PRN-0201', paper: 'empty', toner: 'ok' },
      elsewhere: { id: 'library', label: { zh: '图书馆一层', en: 'Library, ground floor' } },
    });
    await page.getByRole('alert').waitFor();
  },
  'attract, printer unfit for certificates': async () => {
    server.show({
      printer: { id: 'printer', state: 'attention', code: 'E-CERT-0602', paper: 'ok', toner: 'ok' },
      elsewhere: { id: 'library', label: { zh: '图书馆一层', en: 'Library, ground floor' } },
    });
    await page.getByText('E-CERT-0602').waitFor();
  },
  'out of service': async () => {
    server.show({
      outOfService: { since: person().until },
      elsewhere: { id: 'library', label: { zh: '图书馆一层', en: 'Library, ground floor' } },
    });
    await heading(/本机暂停服务|out of service/);
  },
  'hub gone': async () => {
    server.show({ hub: 'gone' });
    await heading(/暂时无法办理|Not available/);
  },
  'hall gone': async () => {
    server.show({ hall: 'gone' });
    await page.getByText(/网上办事大厅暂时|online hall cannot/).waitFor();
  },
  identify: async () => {
    await tap(/打印证明|Print a cert/);
    await heading(/验证方式|know you/);
    server.show({ notice: { code: 'E-KIOSK-0103' } });
    await page.getByRole('alert').waitFor();
  },
  'identify by card': async () => {
    await tap(/打印证明|Print a cert/);
    await tap(/身份证|Resident ID/);
    await heading(/身份证|Resident ID/);
  },
  'identify by phone': async () => {
    await tap(/打印证明|Print a cert/);
    await tap(/手机校园码|QR code/);
    await heading(/手机校园码|QR code/);
  },
  'identify by pick-up code': async () => {
    await tap(/打印证明|Print a cert/);
    await tap(/取件码|Pick-up/);
    server.script.refusals.set('/identify/pick-up', 'E-KIOSK-0201');
    await type('7QK4X2MA');
    await tap(/^(确定|OK)$/);
    await page.getByRole('alert').waitFor();
  },
  'identify by number': async () => {
    await tap(/打印证明|Print a cert/);
    await tap(/学号|Student number/);
    await type('20230417');
  },
  'identify by one-time code': async () => {
    await SCREENS['identify by number']?.('zh');
    await tap(/下一步|Next/);
    await heading(/请输入验证码|Enter the code/);
    await type('123');
  },
  choose: async () => {
    server.show({ person: person() });
    await heading(/林\*夏/);
  },
  list: async () => {
    await tap(/打印证明|Print a cert/);
    server.show({ person: person() });
    await page
      .getByRole('button', { name: /在读证明|of enrolment/ })
      .first()
      .waitFor();
  },
  'nothing to print': async () => {
    server.script.certificates = [];
    await tap(/打印证明|Print a cert/);
    server.show({ person: person() });
    await heading(/没有可打印|nothing to print/);
  },
  preview: async () => {
    await SCREENS['list']?.('zh');
    await tap(/成绩单|transcript/);
    await page.locator('canvas').waitFor();
  },
  'preview, enlarged': async () => {
    await SCREENS['preview']?.('zh');
    await tap(/放大|Enlarge/);
    await page.getByRole('button', { name: /整页|Whole page/ }).waitFor();
  },
  copies: async () => {
    await SCREENS['preview']?.('zh');
    await tap(/内容无误|It is right/);
    await tap(/增加|One more/);
    await page.getByRole('button', { name: /打印 2 份|Print 2/ }).waitFor();
  },
  printing: async () => {
    await SCREENS['copies']?.('zh');
    await tap(/打印 2 份|Print 2/);
    await heading(/排队|Waiting/);
    server.tellJob({ state: 'sent', impressions: 4 });
    await heading(/正在打印|Printing/);
  },
  'printer waits for paper': async () => {
    await SCREENS['printing']?.('zh');
    server.tellJob({ code: 'E-PRN-0201' });
    await heading(/打印机需要处理|needs a person/);
  },
  printed: async () => {
    await SCREENS['printing']?.('zh');
    server.tellJob({ state: 'printed', impressions: 6 });
    await heading(/请取走证明和证件|Take your papers/);
  },
  'not printed': async () => {
    await SCREENS['printing']?.('zh');
    server.tellJob({ state: 'not-printed', code: 'E-CERT-0405' });
    await heading(/没有打印|Nothing was printed/);
  },
  uncertain: async () => {
    await SCREENS['printing']?.('zh');
    server.tellJob({ state: 'uncertain', code: 'E-CERT-0406' });
    await heading(/待人工确认|must look/);
  },
  farewell: async () => {
    await SCREENS['printed']?.('zh');
    await tap(/已取走|Taken/);
    await heading(/请取走证明和证件|Please take/);
  },
  'idle question': async () => {
    await SCREENS['list']?.('zh');
    await page.clock.runFor(46_000);
    await page.getByRole('alertdialog').waitFor();
  },
  'campus card': async () => {
    await tap(/校园卡|Campus card/);
    server.show({ person: person() });
    await page.getByText('¥ 128.50').waitFor();
  },
  transactions: async () => {
    await SCREENS['campus card']?.('zh');
    await tap(/流水|Records/);
    await page
      .getByText(/食堂|Canteen/)
      .first()
      .waitFor();
  },
  'report lost': async () => {
    await SCREENS['campus card']?.('zh');
    await tap(/挂失|Report lost/);
    await heading(/确定挂失|Report this card/);
  },
  amounts: async () => {
    await SCREENS['campus card']?.('zh');
    await tap(/充值|Top up/);
    await heading(/充值多少|How much/);
  },
  pay: async () => {
    await SCREENS['amounts']?.('zh');
    await tap(/¥ 50/);
    await heading(/扫码付款|Scan with/);
  },
  'credit unknown': async () => {
    await SCREENS['pay']?.('zh');
    server.script.topUp = { ...server.script.topUp, state: 'credit-unknown' };
    await page.clock.runFor(2_500);
    await heading(/还在核实|being checked/);
  },
  'service: PIN': async () => {
    server.show({ service: { state: 'pin', until: person().until } });
    await heading(/维护模式|Service mode/);
    await type('12');
  },
  service: async () => {
    server.show({ service: { state: 'open', until: person().until } });
    await page.getByRole('button', { name: /测试页|Test page/ }).waitFor();
  },
  'service: devices': async () => {
    await SCREENS['service']?.('zh');
    await tap(/设备状态|Devices/);
    await page.getByRole('button', { name: /身份证阅读器|Resident ID/ }).waitFor();
  },
  'service: a device': async () => {
    await SCREENS['service: devices']?.('zh');
    await tap(/身份证阅读器|Resident ID/);
    await heading(/身份证阅读器|Resident ID/);
  },
  'service: a name in pinyin': async () => {
    await SCREENS['service']?.('zh');
    await tap(/触摸与键盘|Touch and keys/);
    for (const letter of 'ouyangzhe') await page.getByRole('button', { name: letter, exact: true }).tap();
    await page.getByRole('button', { name: '欧阳', exact: true }).tap();
    await page
      .getByRole('button', { name: '喆', exact: true })
      .or(page.getByRole('button', { name: '这', exact: true }))
      .first()
      .waitFor();
  },
  'service: refill': async () => {
    await SCREENS['service']?.('zh');
    await tap(/补充耗材|Refill/);
    await page.getByRole('button', { name: /500/ }).waitFor();
  },
};

const SWITCHES = {
  large: { zh: '大字', en: 'Large' },
  contrast: { zh: '对比', en: 'Contrast' },
  low: { zh: '低位', en: 'Low' },
} as const;
const LOOKS: readonly (readonly (keyof typeof SWITCHES)[])[] = [[], ['large'], ['low', 'contrast'], ['large', 'low']];

/** What somebody could stumble over on a screen, in every look that it can be given. */
async function faultsOf(name: string, language: 'zh' | 'en'): Promise<readonly string[]> {
  // Said to the page at once: that the switches can be touched is what is looked at.
  const flip = (switches: readonly (keyof typeof SWITCHES)[]): Promise<void> =>
    page.evaluate(`for (const name of ${JSON.stringify(switches.map((one) => SWITCHES[one][language]))})
      [...document.querySelectorAll('.switches button')].find((one) => one.textContent === name).click()`);
  const isAsking = (await page.getByRole('alertdialog').count()) > 0;
  const faults: string[] = [];
  let worn: readonly (keyof typeof SWITCHES)[] = [];
  for (const look of isAsking ? [[]] : LOOKS) {
    await flip([...worn.filter((one) => !look.includes(one)), ...look.filter((one) => !worn.includes(one))]);
    worn = look;
    await page.clock.runFor(300);
    const called = [name, language, ...look].join('-').replaceAll(/[^\w.-]+/g, '-');
    if (SHOTS !== undefined) await page.screenshot({ path: join(SHOTS, `${called}.png`) });
    // Sizes and places are those of all looks; names and roles of one; colours of two, whatever is written in them.
    const found = [...(await touchFaults(page))];
    if (look.length === 0) found.push(...(await accessFaults(page)));
    else if (look.includes('contrast') && language === 'zh') found.push(...(await accessFaults(page, COLOUR_RULES)));
    faults.push(...found.map((one) => `${look.join(' and ')}: ${one}`));
  }
  return faults;
}

describe.each(['zh', 'en'] as const)('in %s', (language) => {
  test.each(Object.keys(SCREENS))('%s can be used by everybody, whatever it is made to look like', async (name) => {
    await open(language);
    await SCREENS[name]?.(language);
    expect(await faultsOf(name, language)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

describe('a session', () => {
  test('ends with everything wiped: settings, language, name', async () => {
    await open();
    await SCREENS['list']?.('zh');
    await tap('English');
    await tap('Large');
    await tap(/I am not/);
    await posted('/leave');
    await heading('已退出，屏幕已清除');
    await tap('好的');
    await heading('请选择要办理的业务');
    expect(await page.locator('html').getAttribute('data-large')).toBeNull();
    expect(await page.content()).not.toContain('林*夏');
  });

  test('of somebody else begins with nothing of the one before', async () => {
    await open();
    await SCREENS['copies']?.('zh');
    server.script.certificates = [];
    server.show({ person: person('s2', '林*夏') });
    await heading(/林\*夏，您好/);
    expect(await page.getByText('本科生成绩单').count()).toBe(0);
  });

  test('is extended by Go on, again and again, and forgotten otherwise', async () => {
    await open();
    await SCREENS['list']?.('zh');
    for (let times = 0; times < 10; times += 1) {
      await page.clock.runFor(46_000);
      await tap('继续');
      await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    }
    await page.clock.runFor(66_000);
    await heading('请选择要办理的业务');
    await posted('/leave');
  });

  test('does not end while it prints, and the paper of somebody who left is shown to nobody in particular', async () => {
    await open();
    await SCREENS['printing']?.('zh');
    await page.clock.runFor(120_000);
    await heading(/正在打印/);
    await tap('退出');
    await posted('/leave');
    await heading(/正在打印/);
    expect(await page.content()).not.toContain('林*夏');
    server.tellJob({ state: 'printed', impressions: 6 });
    await heading(/请取走证明和证件/);
    await page.clock.runFor(12_000);
    await heading('请选择要办理的业务');
  });
});

describe('the hub', () => {
  test('that goes away is told within seconds, and used again without a reload when it is back', async () => {
    await open();
    await page.evaluate('window.stillTheSame = true');
    server.dark(true);
    await page.clock.runFor(6_000);
    await heading('暂时无法办理');
    server.dark(false);
    await page.clock.runFor(6_000);
    await heading('请选择要办理的业务');
    expect(await page.evaluate('window.stillTheSame')).toBe(true);
  });

  test('that goes away in mid-print leaves the job on the screen, and its end is learned afterwards', async () => {
    await open();
    await SCREENS['printing']?.('zh');
    server.dark(true);
    await page.clock.runFor(6_000);
    await page.getByText('已送到打印机的内容会打印完成').waitFor();
    await heading(/正在打印/);
    if (server.script.job) server.script.job = { ...server.script.job, state: 'printed', impressions: 6 };
    server.dark(false);
    await page.clock.runFor(6_000);
    await heading(/请取走证明和证件/);
  });
});

test('what is on the preview can be neither selected nor saved', async () => {
  await open();
  await SCREENS['preview']?.('zh');
  await page.keyboard.press('Control+a');
  expect(await page.evaluate('getSelection().toString()')).toBe('');
  const allowed = await page.evaluate<boolean>(
    `document.querySelector('canvas').dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true }))`,
  );
  expect(allowed).toBe(false);
});

test('nothing inline runs on the page', async () => {
  await open();
  await page.evaluate(
    `document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = 1' }))`,
  );
  expect(await page.evaluate('window.ran')).toBeUndefined();
});
