import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page, Response } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, expect, test } from 'vitest';
import type { BoardView, CounterView, TakenView } from '../hub/queue/contract.ts';
import type { DayHub } from './queue-day/hall.ts';
import { HALL, SERVICE_NAMES, counterId, machineId, openDay } from './queue-day/hall.ts';
import type { Day, StayNote, Visitor } from './queue-day/people.ts';
import { blankNotes, tendMachine, watchBoard, workCounter } from './queue-day/people.ts';
import { openPrinters } from './queue-day/printers.ts';
import { boardsAgree, verdictOf } from './queue-day/verdict.ts';
import { cleanUp } from './testing/clean-up.ts';
import { choices } from './testing/random.ts';
import { until } from './testing/until.ts';

/*
 * A hub as users start it, with three real browsers at counters, three before machines and three as boards; beside them clients that
 * speak as these pages do.
 */

const CHROMIUM = '/usr/bin/chromium';
const PAGES = 3;
/** What each browser at a counter serves, and each before a machine takes. */
const EACH = 3;
const SCREENS = {
  board: { width: 1_920, height: 1_080 },
  counter: { width: 1_024, height: 768 },
  machine: { width: 1_080, height: 1_920 },
} as const;
const PATIENCE = 60_000;
const AT = { machine: 20, board: 40 } as const;

const running = cleanUp();
afterAll(() => running.run());

test(
  'nine browsers and the clients beside them work one hall, and all of them are told the same',
  { timeout: 240_000 },
  async () => {
    for (const file of ['hub/dist/web', 'kiosk-app/dist/ui'].map((folder) => join(import.meta.dirname, '..', folder)))
      if (!existsSync(join(file, 'index.html'))) throw new Error(`${file} is missing: npm run build:web`);
    const printers = await openPrinters(2, running);
    const world = await openDay({ counters: 2 * PAGES - 1, machines: PAGES + 2, printers: printers.ports }, running);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'],
    });
    running.later(() => browser.close());
    const complaints: string[] = [];
    const open: Open = async (path, viewport, cookies = []) => {
      const context = await browser.newContext({ reducedMotion: 'reduce', viewport });
      context.setDefaultTimeout(PATIENCE);
      await context.addCookies(cookies.map((cookie) => ({ ...cookie, url: world.hub.url })));
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(`${path}: ${error.message}`));
      await page.goto(`${world.hub.url}${path}`);
      return page;
    };

    const phase = { closing: false, over: false };
    running.later(() => {
      phase.over = true;
    });
    const day: Day = {
      ...{ notes: blankNotes(), random: choices(20_261_122), speed: 400 },
      get closing() {
        return phase.closing;
      },
      get over() {
        return phase.over;
      },
    };
    const watches = Array.from({ length: PAGES }, (_, index) => watchBoard(world.anybody(AT.board + index)));
    const boards = await Promise.all(Array.from({ length: PAGES }, () => open(`/board/${HALL}`, SCREENS.board)));
    const machines = [0, 1].map((index) =>
      tendMachine(day, {
        wire: world.machine(PAGES + index, AT.machine + index),
        machine: machineId(PAGES + index),
        visitors: people(day),
      }),
    );
    const counters = Array.from({ length: PAGES - 1 }, (_, index) =>
      workCounter(day, { wire: world.clerk(PAGES + index, index + 1), counter: counterId(PAGES + index) }),
    );
    const atPages = Promise.all([
      ...Array.from({ length: PAGES }, (_, index) => tapAtMachine(day, world, index, open)),
      ...Array.from({ length: PAGES }, (_, index) => serveAtCounter(day, world, index, open)),
    ]);
    await Promise.race([atPages, Promise.all([...machines, ...counters])]);
    await atPages;
    phase.closing = true;
    await Promise.all([...machines, ...counters]);

    const operator = world.operator();
    const snapshot = (): Promise<BoardView> => operator.good<BoardView>('GET', `/api/queue/halls/${HALL}/board`);
    await until('the boards show what the hub has', async () => boardsAgree(watches, await snapshot()), { every: 200 });
    const { counts, violations } = verdictOf(world.database, day.notes, {
      boards: watches,
      snapshot: await snapshot(),
    });
    expect(violations).toEqual([]);
    expect(counts['stillOpen']).toBe(0);
    expect(counts['finished']).toBeGreaterThanOrEqual(PAGES * EACH);
    const newest = (await snapshot()).calls[0]?.number ?? expect.unreachable();
    await Promise.all(boards.map((board) => board.locator('.newest').getByText(newest).waitFor()));
    // Whoever was told that the paper came out has it, and it says their number.
    const papers = printers.papers();
    const without = day.notes.taken.filter(
      ({ paper, number }) => paper === 'printed' && !papers.some((text) => text.split('\n').includes(number)),
    );
    expect(without).toEqual([]);
    expect(complaints).toEqual([]);
  },
);

type Open = (
  path: string,
  viewport: { readonly width: number; readonly height: number },
  cookies?: readonly { readonly name: string; readonly value: string }[],
) => Promise<Page>;

async function* people(day: Day): AsyncGenerator<Visitor> {
  for (let at = 0; !day.closing && !day.over; at += 1) {
    yield { service: day.random.of(SERVICE_NAMES), at };
    await pause(day.random.integer(900));
  }
}

/** Takes numbers on a machine's own screens. */
async function tapAtMachine({ notes }: Day, world: DayHub, index: number, open: Open): Promise<void> {
  const machine = machineId(index);
  const page = await open(`/kiosk/${machine}#token=${await world.hub.kioskToken(machine)}`, SCREENS.machine);
  const tap = (name: string | RegExp): Promise<void> => page.getByRole('button', { name }).first().click();
  for (let times = 0; times < EACH; times += 1) {
    await tap(times === 0 ? /^取号/ : '再取一个号');
    await tap(SERVICE_NAMES[(index + times) % SERVICE_NAMES.length] ?? '');
    const from = performance.now();
    const answered = page.waitForResponse(isOrder(`/api/kiosks/${machine}/queue/tickets`));
    await tap(/^取号/);
    const { ticket, paper } = (await (await answered).json()) as TakenView;
    await page.getByText(ticket.number).first().waitFor();
    notes.taken.push({ id: ticket.id, number: ticket.number, machine, paper, took: performance.now() - from });
  }
}

/** Calls, begins and finishes with the keys of a counter's page. */
async function serveAtCounter({ notes }: Day, world: DayHub, index: number, open: Open): Promise<void> {
  const counter = counterId(index);
  const cookies = world
    .clerk(index, 1)
    .cookies()
    .map((cookie) => {
      const [name = '', ...value] = cookie.split('=');
      return { name, value: value.join('=') };
    });
  const page = await open(`/counter/${counter}`, SCREENS.counter, cookies);
  await page.getByRole('button', { name: '打开窗口' }).click();
  const next = page.locator('button.primary:enabled').filter({ hasText: '呼叫下一位' });
  const answers: Response[] = [];
  page.on('response', (response) => {
    if (isOrder(`/api/queue/counters/${counter}/next`)(response)) answers.push(response);
  });
  /** A key counts for nothing while an order is under way, or when somebody else was called meanwhile: it is pressed again. */
  const press = (key: string, what: string, done: () => boolean | Promise<boolean>): Promise<unknown> =>
    until(
      `${counter}: ${what}`,
      async () => {
        if (await done()) return true;
        if (key !== 'n' || (await next.isVisible())) await page.keyboard.press(key);
        return false;
      },
      { within: PATIENCE, every: 150 },
    );
  const serving = page.locator('section').getByText('办理中').first();
  for (let served = 0; served < EACH;) {
    const [before, orderedAt] = [answers.length, performance.now()];
    await press('n', 'somebody is called', () => answers.length > before);
    const answer = answers.at(-1);
    // Another counter was quicker.
    if (!answer || answer.status() >= 400) continue;
    const { ticket } = (await answer.json()) as CounterView;
    if (!ticket) throw new Error(`${counter} called nobody`);
    const { id, number } = ticket;
    const stay: StayNote = { ticket: id, number, counter, orderedAt, from: performance.now() };
    notes.stays.push(stay);
    await page.locator('section.called').getByText(number).waitFor();
    await press('b', 'somebody is served', () => serving.isVisible());
    await press('f', 'it is asked how it ended', () => page.getByLabel(/备注/).isVisible());
    stay.until = performance.now();
    await page.keyboard.press('1');
    served += 1;
    await page.getByText(`今日办结 ${served} 人`).waitFor();
  }
}

const isOrder =
  (path: string) =>
  (response: Response): boolean =>
    response.request().method() === 'POST' && new URL(response.url()).pathname === path;
