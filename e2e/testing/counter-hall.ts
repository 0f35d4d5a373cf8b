import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import type { TicketPrinterSimulator } from '@hallhub/device-drivers/protocols/escpos';
import { createTicketPrinterSimulator } from '@hallhub/device-drivers/protocols/escpos';
import type { NumberBoardSimulator } from '@hallhub/device-drivers/protocols/number-board';
import { createNumberBoardSimulator } from '@hallhub/device-drivers/protocols/number-board';
import type { OnbonSimulator } from '@hallhub/device-drivers/protocols/onbon-bx';
import { createOnbonSimulator } from '@hallhub/device-drivers/protocols/onbon-bx';
import type { PanelSimulator } from '@hallhub/device-drivers/protocols/serial-panel';
import { createPanelSimulator } from '@hallhub/device-drivers/protocols/serial-panel';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap } from '@hallhub/sync/base';
import type { ExtraConfig } from './campus.ts';
import { cleanUp } from './clean-up.ts';
import { openSocketLine } from './socket-line.ts';

/** What came over a device's line, in the order in which it came. */
export interface Tap {
  /** Lower-case hex. */
  readonly hex: string;
  readonly bytes: Buffer;
}

/**
 * A hall with two counters. At `c1` a number board, a keypad and a rating pad on serial lines; at `c2` an LED card over TCP and a
 * keypad. A push-button machine with a printer gives the numbers, and the machine's own loudspeaker says them.
 */
export interface CounterHall {
  readonly extra: ExtraConfig;
  readonly board: NumberBoardSimulator;
  readonly boardLine: Tap;
  readonly led: OnbonSimulator;
  readonly ledLine: Tap;
  readonly keypads: { readonly c1: PanelSimulator; readonly c2: PanelSimulator };
  readonly ratingPad: PanelSimulator;
  readonly buttons: PanelSimulator;
  readonly printer: TicketPrinterSimulator;
  readonly printerLine: Tap;
  /** The newest announcement, as it was played. */
  readonly soundFile: string;
  /** The folder of its voice pack; nothing is in it at first. */
  readonly voicePack: string;
  stop(): Promise<void>;
}

/** What the keys of `generic/caller-keypad` send. */
const KEYS = { next: 0x10, recall: 0x11, 'no-show': 0x12, hold: 0x13, finish: 0x15, break: 0x16 } as const;
export type Key = keyof typeof KEYS;
export const pressKey = (keypad: PanelSimulator, key: Key): void => {
  keypad.press({ command: 1, data: Uint8Array.of(KEYS[key]) });
};
/** A rating on `generic/rating-pad`. */
export const rate = (pad: PanelSimulator, score: number): void => {
  pad.press({ command: 0x11, data: Uint8Array.of(score) });
};
/** A button of `generic/ticket-buttons`, counted as people count. */
export const pressButton = (buttons: PanelSimulator, button: number): void => {
  buttons.press({ data: Uint8Array.of(button) });
};

export async function startCounterHall(): Promise<CounterHall> {
  const running = cleanUp();
  const { later } = running;
  try {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-counters-'));
    later(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const clock = systemClock({ mode: 'test' });
    const tap = (transport: { onData(listener: (bytes: Uint8Array) => void): unknown }): Tap => {
      const pieces: Uint8Array[] = [];
      transport.onData((bytes) => pieces.push(bytes.slice()));
      return {
        get hex() {
          return Buffer.concat(pieces).toString('hex');
        },
        get bytes() {
          return Buffer.concat(pieces);
        },
      };
    };
    const line = async (name: string, baudRate = 9_600) => {
      const place = join(folder, name);
      mkdirSync(place);
      const pty = await createPtyPair(place);
      later(() => pty.close());
      return { path: pty.a, transport: createSerialTransport({ path: pty.b, baudRate }) };
    };
    const started = async <D extends { start(): Promise<unknown>; stop(): Promise<void> }>(device: D): Promise<D> => {
      unwrap((await device.start()) as Parameters<typeof unwrap>[0]);
      later(() => device.stop());
      return device;
    };
    const boardAt = await line('board');
    const boardLine = tap(boardAt.transport);
    const board = await started(createNumberBoardSimulator({ transport: boardAt.transport, form: 'four-bytes' }));
    const ledAt = await openSocketLine();
    later(() => ledAt.close());
    const ledLine = tap(ledAt.transport);
    const led = await started(createOnbonSimulator({ transport: ledAt.transport, clock, series: '5k' }));
    const panel = async (name: string, form: 'long' | 'short', more: { readonly answersWith?: number } = {}) => {
      const at = await line(name);
      const simulator = await started(createPanelSimulator({ transport: at.transport, clock, form, ...more }));
      return { path: at.path, simulator };
    };
    const [keys1, keys2] = [await panel('keypad-1', 'long'), await panel('keypad-2', 'long')];
    const pad = await panel('pad', 'long', { answersWith: 0x80 });
    const buttons = await panel('buttons', 'short');
    const printerAt = await line('printer', 115_200);
    const printerLine = tap(printerAt.transport);
    const printer = await started(createTicketPrinterSimulator({ transport: printerAt.transport, clock, dots: 384 }));
    const soundFile = join(folder, 'last.wav');
    const voicePack = join(folder, 'voice');
    mkdirSync(voicePack);

    const device = (id: string, profile: string, transport: string, params = '{}'): string =>
      `  - { id: ${id}, profile: ${profile}, label: { zh: ${id}, en: ${id} }, transport: ${transport}, params: ${params} }`;
    const serial = (path: string, baudRate = 9_600): string => `{ kind: serial, path: ${path}, baudRate: ${baudRate} }`;
    return {
      ...{ board, boardLine, led, ledLine, printer, printerLine, soundFile, voicePack },
      keypads: { c1: keys1.simulator, c2: keys2.simulator },
      ratingPad: pad.simulator,
      buttons: buttons.simulator,
      extra: {
        devices: [
          device('c1-board', 'generic/number-board-4byte', serial(boardAt.path)),
          device('c1-keys', 'generic/caller-keypad', serial(keys1.path)),
          device('c1-pad', 'generic/rating-pad', serial(pad.path)),
          device('c2-led', 'generic/onbon-bx-5k', `{ kind: tcp, host: 127.0.0.1, port: ${ledAt.port} }`),
          device('c2-keys', 'generic/caller-keypad', serial(keys2.path)),
          device('buttons', 'generic/ticket-buttons', serial(buttons.path)),
          device('tickets', 'generic/escpos-58mm', serial(printerAt.path, 115_200)),
          device(
            'voice',
            'generic/audio-out',
            "{ kind: url, url: 'local:hall' }",
            `{ output: { via: file, path: ${soundFile} }, voicePack: ${voicePack} }`,
          ),
        ].join('\n'),
        httpName: 'hall.example.edu',
        top: HALL,
      },
      stop: () => running.run(),
    };
  } catch (error) {
    await running.run();
    throw error;
  }
}

/** Open around the clock, for tests run whenever they run. Rare characters stand in its name and in what is done there. */
const HALL = `queue:
  halls:
    - id: main
      label: { zh: 𠮷林大学师生服务大厅, en: Service hall }
      hours: [{ weekdays: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '23:59' }]
      services:
        - { id: records, label: { zh: 㛃䶮学籍, en: Records }, documents: [{ zh: 学生证, en: Student card }] }
        - { id: cards, label: { zh: 校园卡, en: Campus card }, prefix: B }
      counters:
        - { id: c1, label: { zh: 1号窗口, en: Counter 1 }, services: [records], display: c1-board, keypad: c1-keys, ratingPad: c1-pad }
        - { id: c2, label: { zh: 2号窗口, en: Counter 2 }, services: [cards], display: c2-led, keypad: c2-keys }
      buttonMachines: [{ buttons: buttons, printer: tickets, services: { '1': records, '2': cards } }]
      announcements: { speaker: voice, repeat: 1, dwell: 1s, volume: 60 }
`;
