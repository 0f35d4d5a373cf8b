import { randomBytes } from 'node:crypto';
import { epochMs } from '@hallhub/sync/base';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { KioskView } from '../hub/api/types.ts';
import { campusCodeKeyId } from '../hub/gates/project.ts';
import { campusCodeAt } from '../hub/gates/qr/campus-code.ts';
import type { KioskHall, KioskPage } from './testing/kiosk-hall.ts';
import { startKioskHall } from './testing/kiosk-hall.ts';
import { approve, approveCertificate, person, studentNumber } from './testing/people.ts';
import { maybe, until } from './testing/until.ts';

/*
 * Everything by which a kiosk knows somebody, through its screens: from the bytes of a reader on a pty, a code on a phone, or what
 * is typed, to the paper in the tray. The kiosk's agent, the hub and the hall are real.
 */

const PATIENCE = { within: 60_000, every: 200 };
const UID = '04A1B2C3';
const PICK_UP = '7K2M9QRT';
const student = person('林知夏', 4);
const number = studentNumber(student);
const phoneKey = randomBytes(32).toString('base64');
const phoneCode = (): string =>
  campusCodeAt(epochMs(Date.now()), campusCodeKeyId(phoneKey), Buffer.from(phoneKey, 'base64'));

let hall: KioskHall;
let panel: KioskPage;
let request: string;

beforeAll(async () => {
  hall = await startKioskHall();
  approve(hall.campus.hall, 'roster', {
    person: { number, name: student.name, category: 'student' },
    credentials: [
      { type: 'campus-card', uid: UID },
      { type: 'campus-code', key: phoneKey },
    ],
    gates: [],
    areas: ['campus'],
  });
  request = approveCertificate(hall.campus.hall, student, 20, { pickUpCode: PICK_UP });
  await until(
    'the certificate is made',
    async () =>
      (await hall.staff.ask<{ certificateId: string; state: string }[]>('GET', '/api/certificates')).some(
        ({ certificateId, state }) => certificateId === request && state === 'issued',
      ),
    PATIENCE,
  );
}, 120_000);
afterAll(() => hall.stop());
afterEach(async () => {
  expect(panel.complaints).toEqual([]);
  await panel.close();
  await hall.screens.ask('POST', `${hall.base}/leave`);
  await hall.reader.lift();
});

const view = (): Promise<KioskView> => hall.screens.ask<KioskView>('GET', hall.base);
const isKnown = async (): Promise<unknown> => (await view()).person;

interface Way {
  readonly tile: RegExp;
  /** Shows or types it, after the way was chosen. */
  readonly show: (language: 'zh' | 'en') => Promise<unknown>;
  readonly way: string;
}
const ok = /^(确定|OK)$/;
const WAYS: Readonly<Record<string, Way>> = {
  'a resident ID card': {
    tile: /身份证|Resident ID/,
    show: () => hall.reader.put(student.card),
    way: 'resident-id',
  },
  'a campus card': { tile: /校园卡|Campus card/, show: () => hall.cards.present(UID), way: 'campus-card' },
  'a code on the phone': {
    tile: /手机校园码|Phone QR/,
    // Each is taken once; the phone shows another every half minute.
    show: () =>
      until(
        'the scanner reads a fresh code',
        async () => {
          await hall.scanner.scan(phoneCode());
          return maybe(isKnown, { within: 1_500, every: 100 });
        },
        { within: 60_000, every: 2_000 },
      ),
    way: 'campus-code',
  },
  'a pick-up code that is typed': {
    tile: /取件码|Pick-up/,
    show: async () => {
      await panel.type(PICK_UP);
      await panel.tap(ok);
    },
    way: 'pick-up-code',
  },
  'a pick-up code that is scanned': {
    tile: /手机校园码|Phone QR/,
    show: () => hall.scanner.scan(PICK_UP),
    way: 'pick-up-code',
  },
};

describe.each(['zh', 'en'] as const)('in %s somebody is known by', (language) => {
  const start = async (tile: RegExp): Promise<void> => {
    panel = await hall.open(language);
    await panel.tap(/打印证明|Print a cert/);
    await panel.tap(tile);
  };
  /** Their papers, the page as it is, one copy; and the screen forgets them. */
  const prints = async (way: string): Promise<void> => {
    await panel.heading(/请选择要打印的证明|Which one shall be printed/);
    expect((await view()).person).toMatchObject({ way, name: '林*夏' });
    const before = hall.printer.tray.length;
    await panel.page.locator('button.entry:enabled').first().tap();
    await panel.page.locator('canvas').first().waitFor();
    await panel.tap(/内容无误|It is right/);
    await panel.tap(/^(打印|Print) 1/);
    await panel.heading(/请取走证明和证件|Take your papers/);
    expect(hall.printer.tray).toHaveLength(before + 1);
    await panel.tap(/已取走|Taken/);
    await panel.heading(/请取走证明和证件|Please take/);
    expect(await panel.page.locator('body').innerText()).not.toMatch(/林|知夏/);
    expect(await isKnown()).toBeUndefined();
  };

  test.each(Object.keys(WAYS))('%s', async (name) => {
    const { tile, show, way } = WAYS[name]!;
    await start(tile);
    await show(language);
    await prints(way);
  });

  test('their number and the code that is sent to them', async () => {
    await start(/学号|Student number/);
    await panel.type(number);
    const sent = hall.messages.length;
    await panel.tap(/下一步|Next/);
    await panel.heading(/请输入验证码|Enter the code/);
    const message = await until('a message arrives', () => hall.messages[sent], PATIENCE);
    expect(message).toMatchObject({ to: number });
    const code = /\d{6}/.exec(message.text)?.[0] ?? '';
    await panel.type(code === '111111' ? '222222' : '111111');
    await panel.tap(ok);
    await panel.shows('E-KIOSK-0105');
    await panel.type(code);
    await panel.tap(ok);
    await prints('one-time-code');
  });
});

describe('nobody is known by', () => {
  test.each<[string, string, RegExp, () => Promise<unknown>]>([
    ['a card that the roster does not name', 'E-KIOSK-0104', /校园卡/, () => hall.cards.present('0BADCAFE')],
    ['a card read backwards', 'E-KIOSK-0104', /校园卡/, () => hall.cards.present('C3B2A104')],
    ['a code of somebody else’s making', 'E-GATE', /手机校园码/, () => hall.scanner.scan(forged())],
    [
      'a pick-up code that is nobody’s',
      'E-KIOSK-0105',
      /取件码/,
      async () => {
        await panel.type('7K2M9QR0');
        await panel.tap(ok);
      },
    ],
  ])('%s, and the screen says why', async (_, code, tile, show) => {
    panel = await hall.open('zh');
    await panel.tap(/打印证明/);
    await panel.tap(tile);
    await show();
    await panel.shows(new RegExp(code));
    expect(await isKnown()).toBeUndefined();
    // And there is a way on.
    await panel.tap(/换一种方式/);
    await panel.heading('请选择验证方式');
  });
});

function forged(): string {
  const key = randomBytes(32);
  return campusCodeAt(epochMs(Date.now()), campusCodeKeyId(phoneKey), key);
}
