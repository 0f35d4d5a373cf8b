import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import type { ScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import { createScannerSimulator } from '@hallhub/device-drivers/protocols/code-scanner';
import type { SimulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import { simulatedPrinter } from '@hallhub/device-drivers/protocols/ipp';
import type { LineReaderSimulator } from '@hallhub/device-drivers/protocols/wiegand-line';
import { createLineReaderSimulator } from '@hallhub/device-drivers/protocols/wiegand-line';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { ms, systemClock, unwrap } from '@hallhub/sync/base';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { enrolAgent, startAgentProcess } from './agent-process.ts';
import type { Campus } from './campus.ts';
import { KIOSK, PRINTER as OTHER_PRINTER, freePort, startCampus } from './campus.ts';
import { cleanUp } from './clean-up.ts';
import type { HttpClient } from './http-client.ts';
import { httpClient } from './http-client.ts';
import { readHubDatabase } from './hub-database.ts';
import type { HubProcess } from './hub-process.ts';
import { loopback } from './hub-process.ts';
import type { PrinterLine } from './printer-line.ts';
import { openPrinterLine } from './printer-line.ts';
import type { Program } from './program.ts';
import type { ReaderProcess } from './reader.ts';
import { startReader } from './reader.ts';
import { logInAsFirst } from './staff.ts';
import { until } from './until.ts';

export const SCREENS = join(import.meta.dirname, '../../kiosk-app/dist/ui/index.html');
const CHROMIUM = '/usr/bin/chromium';
const AGENT = 'hall-machine';
/** Where people are sent; its devices hang on the hub. */
export const OTHER_KIOSK = { id: 'library', zh: '图书馆自助机', en: 'Library kiosk' } as const;
export const DESK_PRINTER = 'desk-printer';
const PATIENCE = { within: 60_000, every: 200 };
/** Milliseconds that a page may take to show something; less than a test, so that it says what was missing. */
const TOUCH_PATIENCE = 30_000;

export interface SentMessage {
  readonly to: string | undefined;
  readonly text: string;
}

/**
 * A kiosk with everything that one can have: its devices hang on the agent of its own machine, which serves its screens. Hub,
 * agent, broker and browser are real; readers and scanner speak their bytes on ptys, the printer real IPP. Another kiosk, on the
 * hub, is where people are sent.
 */
export interface KioskHall {
  readonly campus: Campus;
  readonly hub: HubProcess;
  readonly agent: Program;
  readonly staff: HttpClient;
  readonly reader: ReaderProcess;
  readonly cards: LineReaderSimulator;
  readonly scanner: ScannerSimulator;
  readonly printer: SimulatedPrinter;
  readonly printerLine: PrinterLine;
  /** What the notification channel has brought to people, oldest first. */
  readonly messages: readonly SentMessage[];
  /** The states of a certificate's prints as the hub has committed them, the newest first; read from its file. */
  printStates(certificateId: string): readonly string[];
  /** The screens' own API, as their page asks it. */
  readonly screens: HttpClient;
  readonly base: string;
  readonly kiosk: string;
  /** A browser before the kiosk's panel. */
  open(language: 'zh' | 'en'): Promise<KioskPage>;
  /** A browser at a desk, logged in as the first operator. */
  openStaffPage(path: string): Promise<Page>;
  killHub(): Promise<void>;
  startHub(): Promise<void>;
  killAgent(): Promise<void>;
  startAgent(): Promise<void>;
  stop(): Promise<void>;
}

/** The kiosk's page, and what is done at it. */
export interface KioskPage {
  readonly page: Page;
  /** What the page complained of. */
  readonly complaints: readonly string[];
  tap(name: string | RegExp): Promise<void>;
  heading(name: string | RegExp): Promise<void>;
  shows(text: string | RegExp): Promise<void>;
  /** Keys of a pad, one by one. */
  type(keys: string): Promise<void>;
  close(): Promise<void>;
}

const device = (id: string, profile: string, transport: string, agent: string): string =>
  `  - { id: ${id}, profile: ${profile}, label: { zh: ${id}, en: ${id} }, agent: ${agent}, transport: ${transport} }`;
const serial = (path: string, baudRate: number): string => `{ kind: serial, path: ${path}, baudRate: ${baudRate} }`;

export async function startKioskHall(
  options: { readonly printer?: Omit<Parameters<typeof simulatedPrinter>[0], 'clock'> } = {},
): Promise<KioskHall> {
  if (!existsSync(CHROMIUM)) throw new Error('chromium is missing: apt-get install chromium');
  if (!existsSync(SCREENS)) throw new Error(`${SCREENS} is missing: npm run build:web`);
  const running = cleanUp();
  const { later } = running;
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-kiosk-hall-'));
    later(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const line = async (name: string) => {
      const pty = await createPtyPair(mkdtempSync(join(folder, name)));
      later(() => pty.close());
      return pty;
    };
    const [readerLine, cardsLine, scannerLine] = [await line('reader'), await line('cards'), await line('scanner')];
    const reader = await startReader(readerLine.b);
    later(() => reader.stop());
    const cards = createLineReaderSimulator({
      transport: createSerialTransport({ path: cardsLine.b, baudRate: 9_600 }),
      format: 'decimal',
      byteOrder: 'little',
      suffix: '\r\n',
    });
    const scanner = createScannerSimulator({
      transport: createSerialTransport({ path: scannerLine.b, baudRate: 9_600 }),
    });
    for (const one of [cards, scanner]) {
      unwrap(await one.start());
      later(() => one.stop());
    }
    const printer = simulatedPrinter({ clock: systemClock({ mode: 'test' }), perPage: ms(300), ...options.printer });
    later(() => {
      printer.close();
    });
    const network = await printer.listen();
    later(() => network.close());
    const printerLine = await openPrinterLine(network.uri);
    later(() => printerLine.close());
    const post = await openPostOffice();
    later(() => post.close());
    const secretFile = join(folder, 'notices.secret');
    writeFileSync(secretFile, `whsec_${Buffer.alloc(32, 7).toString('base64')}`);

    const hallKiosk = [
      `id: ${KIOSK}`,
      'label: { zh: 办事大厅自助机, en: Service hall kiosk }',
      `printer: ${DESK_PRINTER}, reader: desk-reader, cardReader: desk-cards, scanner: desk-scanner`,
      `elsewhere: [${OTHER_KIOSK.id}]`,
    ].join(', ');
    const campus = await startCampus({
      httpPort: await freePort(),
      extra: {
        agents: [AGENT],
        devices: [
          device('desk-reader', 'generic/resident-id-serial', serial(readerLine.a, 115_200), AGENT),
          device('desk-cards', 'generic/uid-line-10d-reversed', serial(cardsLine.a, 9_600), AGENT),
          device('desk-scanner', 'generic/scanner-serial', serial(scannerLine.a, 9_600), AGENT),
          device(DESK_PRINTER, 'generic/ipp-everywhere', `{ kind: url, url: '${printerLine.uri}' }`, AGENT),
        ].join('\n'),
        kiosks: [
          `  - { ${hallKiosk} }`,
          `  - { id: ${OTHER_KIOSK.id}, label: { zh: ${OTHER_KIOSK.zh}, en: ${OTHER_KIOSK.en} }, printer: ${OTHER_PRINTER}, reader: hall-reader }`,
        ].join('\n'),
        top: [
          `notifications: { channels: [{ id: notices, type: webhook, url: '${post.url}', secretFile: ${secretFile} }] }`,
          'selfService: { oneTimeCodes: { channel: notices }, refillSheets: 250, lowSheets: 40 }',
        ].join('\n'),
      },
    });
    later(() => campus.stop());
    let hub = await campus.startHub();
    const staff = await logInAsFirst(() => hub);
    const { code } = await staff.ask<{ code: string }>('POST', `/api/agents/${AGENT}/code`);
    await enrolAgent({ dataDir: campus.agentDir, url: hub.url, code });
    const env = { HALLHUB_KIOSK_PORT: String(await freePort()) };
    let agent = await startAgentProcess(campus.agentDir, env);
    later(() => agent.stop('SIGKILL'));
    const base = `/api/kiosks/${KIOSK}`;
    const link = async (): Promise<URL> => new URL(loopback(await agent.says(/(http\S+\/kiosk\/\S+#token=\S+)/)));
    const screens = httpClient(() => `http://127.0.0.1:${env.HALLHUB_KIOSK_PORT}`);
    const logIn = async (): Promise<void> => {
      await screens.ask('POST', `${base}/session`, { token: (await link()).hash.replace('#token=', '') });
    };
    await logIn();
    await until(
      'the kiosk and its printer are ready',
      async () => (await screens.ask<{ printer?: { state: string } }>('GET', base)).printer?.state === 'ready',
      PATIENCE,
    );

    let browser: Browser | undefined;
    const launch = async (): Promise<Browser> => {
      if (browser) return browser;
      const launched = await chromium.launch({
        executablePath: CHROMIUM,
        args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
      });
      later(() => launched.close());
      browser = launched;
      return launched;
    };
    return {
      campus,
      get hub() {
        return hub;
      },
      get agent() {
        return agent;
      },
      staff,
      reader,
      cards,
      scanner,
      printer,
      printerLine,
      messages: post.messages,
      printStates: (certificateId) => {
        const database = readHubDatabase(campus.database);
        try {
          return database
            .attempts()
            .filter((attempt) => attempt.certificateId === certificateId)
            .map(({ state }) => state)
            .reverse();
        } finally {
          database.close();
        }
      },
      screens,
      base,
      kiosk: KIOSK,
      open: async (language) => {
        const address = await link();
        address.searchParams.set('lang', language);
        return openPanel(await launch(), address.href);
      },
      openStaffPage: async (path) => {
        const context = await (await launch()).newContext({ viewport: { width: 1_440, height: 900 }, locale: 'zh-CN' });
        context.setDefaultTimeout(TOUCH_PATIENCE);
        await context.addCookies(staff.cookies().map((cookie) => ({ ...cookie, url: hub.url })));
        const page = await context.newPage();
        await page.goto(`${hub.url}${path}`);
        return page;
      },
      killHub: async () => {
        await hub.stop('SIGKILL');
      },
      startHub: async () => {
        hub = await campus.startHub();
      },
      killAgent: async () => {
        await agent.stop('SIGKILL');
      },
      startAgent: async () => {
        // An agent that dies again and again starts without its devices; each time here is the first.
        rmSync(join(campus.agentDir, 'starts.json'), { force: true });
        agent = await startAgentProcess(campus.agentDir, env);
        await logIn();
      },
      stop: () => running.run(),
    };
  } catch (error) {
    await running.run();
    throw error;
  }
}

async function openPanel(browser: Browser, url: string): Promise<KioskPage> {
  const context = await browser.newContext({ viewport: { width: 1_080, height: 1_920 }, hasTouch: true });
  context.setDefaultTimeout(TOUCH_PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(url);
  await page.locator('h1').first().waitFor();
  return {
    page,
    complaints,
    tap: (name) => page.getByRole('button', { name }).first().tap(),
    heading: (name) => page.getByRole('heading', { name, level: 1 }).waitFor(),
    shows: (text) => page.getByText(text).first().waitFor(),
    type: async (keys) => {
      for (const key of keys) await page.getByRole('button', { name: key, exact: true }).tap();
    },
    close: () => context.close(),
  };
}

/** A service that takes messages to people by POST (Standard Webhooks). */
async function openPostOffice(): Promise<{
  readonly url: string;
  readonly messages: readonly SentMessage[];
  close(): Promise<void>;
}> {
  const messages: SentMessage[] = [];
  const server = createServer((asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.once('end', () => {
      messages.push(JSON.parse(body) as SentMessage);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notices`,
    messages,
    close: () =>
      new Promise((closed) => {
        server.close(() => {
          closed();
        });
        server.closeAllConnections();
      }),
  };
}
