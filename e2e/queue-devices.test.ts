import { existsSync, readFileSync } from 'node:fs';
import { readWav } from '@hallhub/device-drivers/voice';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeviceView } from '../hub/api/types.ts';
import type { CounterView, StatisticsView, TakenView, WaitingView } from '../hub/queue/contract.ts';
import type { Campus } from './testing/campus.ts';
import { freePort, startCampus } from './testing/campus.ts';
import type { CounterHall } from './testing/counter-hall.ts';
import { pressButton, pressKey, rate, startCounterHall } from './testing/counter-hall.ts';
import type { HttpClient } from './testing/http-client.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { readPaper } from './testing/read-paper.ts';
import { logInAsFirst } from './testing/staff.ts';
import { until } from './testing/until.ts';
import type { Spoken } from './testing/voice-pack.ts';
import { readSpoken, recordPack } from './testing/voice-pack.ts';

/*
 * A hall's counters with a real hub, from the bytes of their devices: buttons, paper, keypads, boards and rating pads. Each test
 * goes on from the one before.
 */

const API = { every: 100 } as const;
/** Much longer than the same button or key, hit again, is taken for one press, so that it is longer on a busy machine as well. */
const APART = 4_000;

let campus: Campus;
let devices: CounterHall;
let hub: HubProcess;
let staff: HttpClient;

beforeAll(async () => {
  devices = await startCounterHall();
  recordPack(devices.voicePack, 'zh');
  campus = await startCampus({ extra: devices.extra, httpPort: await freePort() });
  hub = await campus.startHub();
  staff = await logInAsFirst(() => hub);
  await devicesAreThere();
});
afterAll(async () => {
  await campus.stop();
  await devices.stop();
});

const devicesAreThere = (): Promise<unknown> =>
  until(
    'the devices are there',
    async () => {
      const { devices: all } = await staff.ask<{ devices: readonly DeviceView[] }>('GET', '/api/devices');
      const away = all.filter(({ health }) => health.state !== 'ready').map(({ id, health }) => ({ id, health }));
      if (away.length > 0) throw new Error(JSON.stringify(away));
      return true;
    },
    API,
  );
const counter = (id: string) => staff.ask<CounterView>('GET', `/api/queue/counters/${id}`);
const at = (id: string, number: string | undefined) =>
  until(`${number ?? 'nobody'} is at ${id}`, async () => (await counter(id)).ticket?.number === number, API);
const waiting = async (): Promise<readonly string[]> =>
  (await staff.ask<WaitingView>('GET', '/api/queue/halls/main/waiting')).tickets.map(({ number }) => number);
const inLine = (...numbers: readonly string[]) =>
  until(`${numbers.join()} wait`, async () => String(await waiting()) === String(numbers), API);
/** People let some time go by between two presses. */
let lastPress = 0;
const press = async (act: () => void): Promise<void> => {
  await until('a moment later', () => performance.now() - lastPress > APART);
  lastPress = performance.now();
  act();
};
/** Four bytes for board 1: address, number, sum. */
const onBoard = (number: number): string => {
  const bytes = [1, number >> 8, number & 0xff];
  return Buffer.from([...bytes, bytes.reduce((sum, byte) => sum + byte, 0) & 0xff]).toString('hex');
};
/** What was said last; undefined where nothing was, or the file is being written. */
const spoken = (): Spoken | undefined => {
  const sound = existsSync(devices.soundFile) && readWav(readFileSync(devices.soundFile));
  return sound && sound.ok ? readSpoken(sound.value) : undefined;
};
/** "B001" on the whole of a screen of 128 × 32 pixels, as its card is told: written out, its check sum computed apart. */
const B001 =
  'a5a5a5a5a5a5a5a5feff0080000000000000fe022800a30601000000011f000000000000100020000000000500000000010202000008040000004230303151cc5a';

describe('a button', () => {
  test('gives a number and its paper, each of its own service', async () => {
    await press(() => {
      pressButton(devices.buttons, 1);
    });
    await inLine('A001');
    await press(() => {
      pressButton(devices.buttons, 2);
    });
    await until('both lie in the tray', () => devices.printer.text().split('过号请到窗口询问').length === 3);
    expect(devices.printer.text()).toContain('A001');
    expect(devices.printer.text()).toContain('B001');
    expect((await waiting()).toSorted()).toEqual(['A001', 'B001']);
  });
});

describe('a keypad', () => {
  test('calls the next to its counter, whose board shows the number', async () => {
    for (const id of ['c1', 'c2']) await staff.ask('POST', `/api/queue/counters/${id}/open`, { takeOver: false });
    const before = devices.boardLine.hex.length;
    await press(() => {
      pressKey(devices.keypads.c1, 'next');
    });
    await at('c1', 'A001');
    await until('the board was told', () => devices.boardLine.hex.slice(before) === onBoard(1));
    expect(devices.board.screens.get(1)).toBe('1');
    pressKey(devices.keypads.c2, 'next');
    await at('c2', 'B001');
    await until('the LED card was told', () => devices.ledLine.hex.includes(B001));
    // Each call by itself, in their order; the file holds the newest.
    await until('the second call was said', () => spoken()?.text === '请B001号到2号窗口');
    expect(spoken()?.volume).toBe(60);
    expect(spoken()?.before).toBeGreaterThan(0.8);
    expect(devices.led.screen.get(0)?.text).toBe('B001');
  });

  test('recalls, finishes, and calls nobody where nobody waits', async () => {
    await press(() => {
      pressKey(devices.keypads.c2, 'recall');
    });
    await until('it was called twice', async () => (await counter('c2')).ticket?.calls === 2, API);
    pressKey(devices.keypads.c2, 'no-show');
    await at('c2', undefined);
    expect((await counter('c2')).missed).toMatchObject([{ number: 'B001' }]);
    await until('the LED screen is empty', () => devices.led.screen.get(0)?.text.trim() === '');
    await press(() => {
      pressKey(devices.keypads.c2, 'break');
    });
    await until('it is on break', async () => (await counter('c2')).state === 'break', API);
    await press(() => {
      pressKey(devices.keypads.c2, 'break');
    });
    await until('it is back', async () => (await counter('c2')).state === 'free', API);
  });
});

describe('a rating pad', () => {
  const ratings = async () => {
    const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short' }).format();
    const { rows } = await staff.ask<StatisticsView>(
      'GET',
      `/api/queue/statistics?hall=main&from=${day}&to=${day}&by=counter`,
    );
    return rows.find(({ key }) => key === 'c1')?.rating;
  };

  test('is asked at the end of a visit, and its rating is of that visit', async () => {
    const asked: number[] = [];
    devices.ratingPad.onOrder(({ command }) => asked.push(command));
    await press(() => {
      pressKey(devices.keypads.c1, 'finish');
    });
    await at('c1', undefined);
    await until('the pad shows its question', () => asked.includes(0x10));
    rate(devices.ratingPad, 4);
    await until('the rating is there', async () => (await ratings())?.count === 1, API);
    expect(await ratings()).toEqual({ mean: 4, count: 1 });
  });
});

describe('a hub that is killed', () => {
  test('comes back with the same numbers at the counters, and tells the boards by itself', async () => {
    await press(() => {
      pressButton(devices.buttons, 1);
    });
    await inLine('A002');
    await press(() => {
      pressButton(devices.buttons, 2);
    });
    await until('both wait', async () => (await waiting()).length === 2, API);
    pressKey(devices.keypads.c1, 'next');
    pressKey(devices.keypads.c2, 'next');
    await at('c1', 'A002');
    await at('c2', 'B002');
    await until('the boards show them', () => devices.led.screen.get(0)?.text === 'B002');
    await until('the boards show them', () => devices.board.screens.get(1) === '2');
    await hub.stop('SIGKILL');
    const [board, led] = [devices.boardLine.hex.length, devices.ledLine.hex.length];
    hub = await campus.startHub();
    await devicesAreThere();
    await until('the board was told', () => devices.boardLine.hex.slice(board).startsWith(onBoard(2)));
    await until('the LED card was told', () => devices.ledLine.hex.slice(led).includes('42303032'));
    expect((await counter('c1')).ticket?.number).toBe('A002');
    // Whoever has the counter still has it: the keypad goes on where it was.
    await press(() => {
      pressKey(devices.keypads.c1, 'recall');
    });
    await until('it was called again', async () => (await counter('c1')).ticket?.calls === 2, API);
  });
});

describe('paper', () => {
  const reprint = async (number: string): Promise<TakenView> => {
    const { tickets } = await staff.ask<WaitingView>('GET', '/api/queue/halls/main/waiting');
    const ticket = tickets.find((one) => one.number === number);
    return staff.ask<TakenView>('POST', `/api/queue/halls/main/tickets/${ticket?.id ?? ''}/print`);
  };
  test('what is on it is read by somebody else’s decoder, rare characters and QR code included', async () => {
    const { text, codes } = await readPaper(devices.printerLine.bytes);
    for (const word of ['𠮷林大学师生服务大厅', '㛃䶮学籍', 'A001', '前面人数 Ahead', '·学生证', '  Student card'])
      expect(text).toContain(word);
    expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(code).toMatch(/^http:\/\/hall\.example\.edu:\d+\/t\/[\w-]{22}$/);
  });

  /** Something goes wrong with the printer when so many lines of a ticket are on paper. */
  const midway = (lines: number, act: () => void): (() => Promise<unknown>) => {
    let left = lines;
    const stop = devices.printer.onPrinted(() => {
      left -= 1;
      if (left > 0) return;
      stop();
      act();
    });
    return () => until('it went wrong in the middle', () => left === 0);
  };
  const FAULTS: readonly (readonly [string, () => () => unknown, () => void])[] = [
    [
      'that has run out',
      () => {
        devices.printer.setPaper('end');
        return () => undefined;
      },
      () => {
        devices.printer.setPaper('ok');
      },
    ],
    [
      'that runs out in mid-ticket',
      () =>
        midway(3, () => {
          devices.printer.setPaper('end');
        }),
      () => {
        devices.printer.setPaper('ok');
      },
    ],
    [
      'behind a cover that is opened in mid-ticket',
      () =>
        midway(3, () => {
          devices.printer.setCover('open');
        }),
      () => {
        devices.printer.setCover('closed');
      },
    ],
    [
      'of a printer that loses its power in mid-ticket',
      () =>
        midway(3, () => {
          devices.printer.setPower(false);
        }),
      () => {
        devices.printer.setPower(true);
      },
    ],
  ];
  test.each(FAULTS.map((fault, index) => [`A00${index + 3}`, ...fault] as const))(
    '%s: %s',
    async (number, _what, spoil, mend) => {
      const isSpoilt = spoil();
      await press(() => {
        pressButton(devices.buttons, 1);
      });
      // The number exists although its paper does not.
      await until(`${number} waits`, async () => (await waiting()).includes(number), API);
      await isSpoilt();
      mend();
      const printed = await until(
        'it is printed again',
        async () => {
          const answer = await reprint(number);
          return answer.paper === 'printed' && answer;
        },
        { every: 500, within: 90_000 },
      );
      expect(printed.ticket.number).toBe(number);
      // Whole, from its number to its last line.
      await until('it lies in the tray', () =>
        devices.printer.text().split(number).at(-1)?.includes('过号请到窗口询问'),
      );
    },
  );
});
