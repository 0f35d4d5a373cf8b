import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CertificateView, PrintJobView } from '../hub/api/types.ts';
import type { KioskHall, KioskPage } from './testing/kiosk-hall.ts';
import { OTHER_KIOSK, startKioskHall } from './testing/kiosk-hall.ts';
import type { Person } from './testing/people.ts';
import { approveCertificate, person } from './testing/people.ts';
import { until } from './testing/until.ts';

/*
 * A student orders two copies of one page and the printer fails. Two sheets may come out, ever, or as many more as a person has
 * looked for and not found. The screen says what is known and no more; staff settle what is not, on their page.
 */

const PATIENCE = { within: 60_000, every: 200 };
const COPIES = 2;

let hall: KioskHall;
let panel: KioskPage;
let orders = 40;

beforeAll(async () => {
  hall = await startKioskHall();
}, 120_000);
afterAll(() => hall.stop());
afterEach(async () => {
  hall.printer.clearFaults();
  expect(panel.complaints).toEqual([]);
  await panel.close();
  await hall.screens.ask('POST', `${hall.base}/leave`);
  await hall.reader.lift();
  await until('the printer is ready again', async () => (await view()).printer?.state === 'ready', PATIENCE);
});

const view = () => hall.screens.ask<{ printer?: { state: string }; person?: object }>('GET', hall.base);
const sheets = (): number => hall.printer.tray.length;
const certificate = async (id: string): Promise<CertificateView | undefined> =>
  (await hall.staff.ask<CertificateView[]>('GET', '/api/certificates')).find((one) => one.certificateId === id);
const lastJob = async (id: string): Promise<PrintJobView | undefined> =>
  (await hall.staff.ask<PrintJobView[]>('GET', '/api/certificates/jobs')).find((one) => one.certificateId === id);

interface Order {
  readonly student: Person;
  readonly request: string;
  /** In the tray before it. */
  readonly before: number;
  readonly language: 'zh' | 'en';
}

/** Somebody of their own with one certificate of two copies, at the screen that lists it. */
async function arrives(language: 'zh' | 'en'): Promise<Order> {
  orders += 1;
  const student = person('周若水', orders);
  const request = approveCertificate(hall.campus.hall, student, COPIES);
  await until('the certificate is made', async () => (await certificate(request))?.state === 'issued', PATIENCE);
  panel = await hall.open(language);
  await panel.tap(/打印证明|Print a cert/);
  await hall.reader.put(student.card);
  await panel.heading(/请选择要打印的证明|Which one shall be printed/);
  return { student, request, before: sheets(), language };
}
/** Presses the button: `copies` of the one on the list. */
async function prints(copies: number): Promise<void> {
  await panel.page.locator('button.entry:enabled').first().tap();
  await panel.page.locator('canvas').first().waitFor();
  await panel.tap(/内容无误|It is right/);
  for (let more = 1; more < copies; more += 1) await panel.tap(/增加一份|One more/);
  await panel.tap(new RegExp(`^(打印|Print) ${copies}`));
}
const firstSheet = ({ before }: Order): Promise<unknown> => until('a sheet is out', () => sheets() > before, PATIENCE);
const SAYS = {
  printed: /请取走证明和证件|Take your papers/,
  'not-printed': /没有打印|Nothing was printed/,
  uncertain: /打印结果待人工确认|A person must look/,
} as const;

/** Staff look at the tray and say on their page what they found. */
async function settles(order: Order, copiesFound: number): Promise<void> {
  const desk = await hall.openStaffPage('/prints?lang=zh');
  await desk.getByRole('button', { name: '处理', exact: true }).first().click();
  await desk.getByLabel(/实际出纸份数/).fill(String(copiesFound));
  await desk.getByLabel(/处理说明/).fill('看过出纸口');
  await desk.getByRole('button', { name: '确认', exact: true }).click();
  await desk.getByRole('button', { name: '确认', exact: true }).waitFor({ state: 'detached' });
  await until('it is settled', async () => (await lastJob(order.request))?.resolution?.copiesFound === copiesFound, {
    every: 200,
  });
  await desk.context().close();
}
/** What the list says of the copies that are left, after "print another". */
async function goesOn(): Promise<void> {
  await panel.tap(/继续打印|Print another/);
  await panel.heading(/请选择要打印的证明|Which one shall be printed/);
}

describe('the printer', () => {
  test('jams after one page: nobody claims to know, staff look, and only what did not come out is printed', async () => {
    const order = await arrives('zh');
    hall.printer.inject({ type: 'jam', afterPages: 1 });
    await prints(COPIES);
    await panel.heading(SAYS.uncertain);
    await panel.shows('E-CERT-0406');
    expect(sheets()).toBe(order.before + 1);
    expect(await lastJob(order.request)).toMatchObject({ state: 'uncertain', impressions: 1 });
    // The jam is still there: whoever comes next is told before they identify, and where to go.
    await panel.tap(/已取走/);
    await panel.tap(/好的/);
    await panel.page.getByRole('alert').first().waitFor();
    await panel.shows('E-PRN-0202');
    await panel.shows(OTHER_KIOSK.zh);
    hall.printer.clearFaults();
    await hall.reader.takeAway();
    // Until somebody has looked there is nothing left to print.
    await panel.tap(/打印证明/);
    await hall.reader.put(order.student.card);
    await panel.shows('可打印份数已用完');
    await panel.tap('退出');
    await panel.tap('好的');
    await hall.reader.takeAway();
    await settles(order, 1);
    await panel.tap(/打印证明/);
    await hall.reader.put(order.student.card);
    await panel.shows(/还可打印 1 份/);
    await prints(1);
    await panel.heading(SAYS.printed);
    expect(sheets()).toBe(order.before + COPIES);
    await goesOn();
    await panel.shows('可打印份数已用完');
  });

  test('aborts: nothing was printed, nothing is used up, and it may be ordered again', async () => {
    const order = await arrives('en');
    hall.printer.inject({ type: 'abort' });
    await prints(COPIES);
    await panel.heading(SAYS['not-printed']);
    expect(sheets()).toBe(order.before);
    hall.printer.clearFaults();
    await goesOn();
    await panel.shows(/2 copies left/);
    await prints(COPIES);
    await panel.heading(SAYS.printed);
    expect(sheets()).toBe(order.before + COPIES);
  });

  test('starts again in the middle: it has forgotten the job, and so much is said', async () => {
    const order = await arrives('en');
    hall.printer.inject({ type: 'slow', factor: 8 });
    await prints(COPIES);
    await firstSheet(order);
    hall.printer.restart();
    await panel.heading(SAYS.uncertain);
    await panel.tap(/Taken/);
    await settles(order, 1);
    expect(await certificate(order.request)).toMatchObject({ copiesUsed: 1 });
    expect(sheets()).toBe(order.before + 1);
  });

  test('is slow: the screen counts what is out, does not forget whose it is, and ends with all of it', async () => {
    const order = await arrives('zh');
    hall.printer.inject({ type: 'slow', factor: 8 });
    await prints(COPIES);
    await panel.heading('正在打印');
    await panel.shows('共 2 面，打印机已送出 1 面');
    await panel.heading(SAYS.printed);
    expect(sheets()).toBe(order.before + COPIES);
  });

  test('runs out of paper in the middle: it waits, and goes on after a refill', async () => {
    const order = await arrives('en');
    hall.printer.inject({ type: 'slow', factor: 8 });
    await prints(COPIES);
    await firstSheet(order);
    hall.printer.inject({ type: 'paper-out' });
    await panel.heading('The printer needs a person');
    await panel.shows('E-PRN-0201');
    expect(sheets()).toBe(order.before + 1);
    hall.printer.clearFaults();
    await panel.heading(SAYS.printed);
    expect(sheets()).toBe(order.before + COPIES);
  });

  test('says that it is done and has counted nothing: nobody takes its word for it', async () => {
    const order = await arrives('zh');
    hall.printer.inject({ type: 'swallows' });
    await prints(COPIES);
    await panel.heading(SAYS.uncertain);
    expect(sheets()).toBe(order.before);
    hall.printer.clearFaults();
    await settles(order, 0);
    await goesOn();
    await panel.shows(/还可打印 2 份/);
    await prints(COPIES);
    await panel.heading(SAYS.printed);
    expect(sheets()).toBe(order.before + COPIES);
  });

  test('lies and counts what never came out: it cannot be found out, and not a sheet too many comes of it', async () => {
    const order = await arrives('en');
    hall.printer.inject({ type: 'lies' });
    await prints(COPIES);
    await panel.heading(SAYS.printed);
    expect(sheets()).toBe(order.before);
    hall.printer.clearFaults();
    await goesOn();
    await panel.shows('All copies are used up');
    expect(sheets()).toBe(order.before);
  });
});

describe('the online hall', () => {
  test('is gone: what it has approved is printed all the same, and it hears of it when it is back', async () => {
    const order = await arrives('zh');
    const { campus } = hall;
    const told = () =>
      campus.hall.inbox
        .list({ limit: 1_000 })
        .filter(({ type, subject }) => subject === order.request && type === 'hallhub.certificate.printed.v1');
    campus.hall.faults.set({ unreachable: true });
    await prints(COPIES);
    await panel.heading(SAYS.printed);
    expect(sheets()).toBe(order.before + COPIES);
    expect(told()).toEqual([]);
    campus.hall.faults.clear();
    await until('the hall knows', () => told().length === 1, PATIENCE);
  });
});
