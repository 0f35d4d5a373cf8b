import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { KioskView } from '../hub/api/types.ts';
import type { KioskHall, KioskPage } from './testing/kiosk-hall.ts';
import { DESK_PRINTER, startKioskHall } from './testing/kiosk-hall.ts';
import { maybe, until } from './testing/until.ts';

/*
 * Staff before a kiosk: a card of theirs at its reader and the PIN open the service. What they do there happens at the real printer,
 * at the kiosk's own agent, and stands in the audit log. Each step goes on from the one before.
 */

const PATIENCE = { within: 60_000, every: 200 };
const STAFF_CARD = '99887766';
const PIN = '246810';

let hall: KioskHall;
let panel: KioskPage;

beforeAll(async () => {
  hall = await startKioskHall();
  const [account] = await hall.staff.ask<{ id: string }[]>('GET', '/api/accounts');
  await hall.staff.ask('POST', '/api/kiosk-fleet/service-cards', {
    account: account?.id,
    type: 'uid',
    text: STAFF_CARD,
    label: '机房',
    pin: PIN,
  });
}, 120_000);
afterAll(() => hall.stop());
afterEach(async () => {
  expect(panel.complaints).toEqual([]);
  await panel.close();
  await hall.screens.call('POST', `${hall.base}/service/leave`);
});

const view = (): Promise<KioskView> => hall.screens.ask<KioskView>('GET', hall.base);
const audited = async (action: string): Promise<number> =>
  (await hall.staff.ask<{ action: string }[]>('GET', '/api/audit?limit=200')).filter((entry) => entry.action === action)
    .length;
/** Holds it to the reader until it is noticed: so soon after the last time it would be the same presentation. */
async function holdCard(): Promise<void> {
  await until(
    'the card is noticed',
    async () => {
      await hall.cards.present(STAFF_CARD);
      return maybe(async () => (await view()).service, { within: 1_600, every: 100 });
    },
    PATIENCE,
  );
  await panel.heading(/维护模式|Service mode/);
}
async function showCard(language: 'zh' | 'en'): Promise<void> {
  panel = await hall.open(language);
  await holdCard();
}
async function enter(language: 'zh' | 'en'): Promise<void> {
  await showCard(language);
  await panel.type(PIN);
  await panel.tap(/^(进入|Enter)$/);
  await panel.page.getByRole('button', { name: /测试页|Test page/ }).waitFor();
}
/** The text behind "save the log", as it is saved. */
async function savedLog(): Promise<string> {
  const [download] = await Promise.all([
    panel.page.waitForEvent('download'),
    panel.page.getByRole('link', { name: /导出日志|Save the log/ }).tap(),
  ]);
  return readFileSync(await download.path(), 'utf8');
}

describe('the service of a kiosk', () => {
  test('stays shut for a wrong PIN, and opens for the right one', async () => {
    await showCard('en');
    await panel.type('111111');
    await panel.tap('Enter');
    await panel.shows('E-KIOSK-0202');
    expect((await view()).service).toMatchObject({ state: 'pin' });
    await panel.type(PIN);
    await panel.tap('Enter');
    await panel.page.getByRole('button', { name: 'Test page' }).waitFor();
    expect([await audited('kiosk.wrong-pin'), await audited('kiosk.open-service')]).toEqual([1, 1]);
  });

  test('prints a test page on the printer, which says of nobody anything', async () => {
    await enter('zh');
    const before = hall.printer.tray.length;
    await panel.tap('测试页');
    await panel.shows('测试页已送出');
    await until('the page is out', () => hall.printer.tray.length === before + 1, PATIENCE);
    await until('the printer is done', () => hall.printer.state === 'idle', PATIENCE);
    hall.printer.inject({ type: 'paper-out' });
    await panel.tap('测试页');
    await panel.shows('E-PRN-0201');
    hall.printer.clearFaults();
    expect(hall.printer.tray).toHaveLength(before + 1);
  });

  test('shows the devices with what the printer last said, and never what a card said', async () => {
    await enter('en');
    await panel.tap('Devices');
    await panel.tap(DESK_PRINTER);
    await panel.shows('Get-Printer-Attributes');
    await panel.tap('Back');
    await panel.tap('desk-cards');
    await panel.heading('desk-cards');
    expect(await panel.page.content()).not.toMatch(/99887766|2575857510|1719109785/i);
  });

  test('takes a refill: the count of the paper starts again', async () => {
    await hall.staff.ask('POST', `/api/kiosk-fleet/${hall.kiosk}/refill`, { supply: 'paper', sheets: 30 });
    await until('the paper is low', async () => (await view()).printer?.paper === 'low', PATIENCE);
    await enter('zh');
    await panel.shows('不多了');
    await panel.tap('补充耗材');
    await panel.tap('已加纸 500 张');
    await panel.shows('已记录补充');
    await until('the paper is well', async () => (await view()).printer?.paper === 'ok', PATIENCE);
    expect(await audited('kiosk.refill')).toBe(2);
  });

  test('saves the log', async () => {
    await enter('en');
    const log = await savedLog();
    expect(log).toContain(`${DESK_PRINTER} is ready`);
    expect(await audited('kiosk.log-export')).toBe(1);
  });

  test('takes the kiosk out of service and back', async () => {
    await enter('zh');
    await panel.tap('暂停服务');
    await panel.shows('已暂停服务');
    await panel.tap('退出');
    await panel.heading('本机暂停服务');
    await holdCard();
    await panel.type(PIN);
    await panel.tap('进入');
    await panel.tap('恢复服务');
    await panel.shows('已恢复服务');
    await panel.tap('退出');
    await panel.heading('请选择要办理的业务');
  });

  test('restarts the agent: it ends to be started again, and the kiosk works as before', async () => {
    await enter('zh');
    const { agent } = hall;
    await panel.tap('重新启动');
    await panel.tap('确定重新启动');
    expect(await agent.ended()).toMatchObject({ code: 75 });
    expect(await audited('kiosk.restart')).toBe(1);
    await hall.startAgent();
    await until('the printer is ready', async () => (await view()).printer?.state === 'ready', PATIENCE);
  });

  test('that was open when the hub went still saves the log and restarts, and is shut when the hub is back', async () => {
    await enter('en');
    await hall.killHub();
    await until('the hub is missed', async () => (await view()).hub === 'gone', PATIENCE);
    await panel.page.getByRole('button', { name: 'Test page' }).waitFor();
    await panel.tap('Test page');
    await panel.shows('E-KIOSK-0301');
    expect(await savedLog()).toContain('the hub of a kiosk is gone');
    const { agent } = hall;
    await panel.tap('Restart');
    await panel.tap('Yes, restart');
    expect(await agent.ended()).toMatchObject({ code: 75 });
    await hall.startHub();
    await hall.startAgent();
    await until('all is well', async () => (await view()).printer?.state === 'ready', PATIENCE);
    expect((await view()).service).toBeUndefined();
    await panel.close();
    await enter('en');
  });
});
