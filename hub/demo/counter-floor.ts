import type { MemoryLine } from '@hallhub/device-drivers/transports';
import { createMemoryLine } from '@hallhub/device-drivers/transports';
import type { Protocol } from '@hallhub/device-drivers/kit';
import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import type { Sink } from '@hallhub/device-drivers/protocols/audio-out';
import { createAudioOutProtocol } from '@hallhub/device-drivers/protocols/audio-out';
import { createTicketPrinterSimulator } from '@hallhub/device-drivers/protocols/escpos';
import { createOnbonSimulator } from '@hallhub/device-drivers/protocols/onbon-bx';
import { createPanelSimulator } from '@hallhub/device-drivers/protocols/serial-panel';
import { espeak, folderPack, lengthOf, writeWav } from '@hallhub/device-drivers/voice';
import type { Cancel, Clock } from '@hallhub/sync/base';
import { failure, ms, ok } from '@hallhub/sync/base';
import type { CounterFloorState, KeypadKey } from './floor-state.ts';

/** The devices at a counter of the demo's hall, the ticket machine's printer and the hall's loudspeaker. */
export interface CounterFloor {
  readonly lines: ReadonlyMap<string, MemoryLine>;
  /** In place of the built-in one, whose loudspeaker would be this machine's own. */
  readonly audioOut: Protocol;
  state(): CounterFloorState;
  press(key: KeypadKey): void;
  rate(score: number): void;
  setPaper(paper: 'ok' | 'end'): void;
  /** What the loudspeaker played last, as a WAV file. */
  sound(): Uint8Array | undefined;
  onChange(listener: () => void): Cancel;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const COUNTER_DEVICES = {
  display: 'c1-led',
  keypad: 'c1-keypad',
  ratingPad: 'c1-pad',
  printer: 'ticket-printer',
  speaker: 'hall-speaker',
} as const;

/** What the keys of the profile `generic/caller-keypad` send. */
const KEYS: Readonly<Record<KeypadKey, number>> = {
  next: 0x10,
  recall: 0x11,
  'no-show': 0x12,
  finish: 0x15,
  break: 0x16,
};
const KEY = 0x01;
const ASK = 0x10;
const RATED = 0x11;
const ANSWER = 0x80;

export function createCounterFloor({ clock }: { readonly clock: Clock }): CounterFloor {
  const { display, keypad, ratingPad, printer } = COUNTER_DEVICES;
  const lines: ReadonlyMap<string, MemoryLine> = new Map(
    [display, keypad, ratingPad, printer].map((name): [string, MemoryLine] => [
      name,
      createMemoryLine({ name, clock }),
    ]),
  );
  const end = (name: string) => {
    const line = lines.get(name);
    if (!line) throw new RangeError(`no line is called ${name}`);
    return line.device;
  };
  const changes = createEmitter<undefined>(rethrow);
  const changed = (): void => {
    changes.emit(undefined);
  };
  const led = createOnbonSimulator({ transport: end(display), clock, series: '5k' });
  const keys = createPanelSimulator({ transport: end(keypad), clock, form: 'long' });
  const pad = createPanelSimulator({ transport: end(ratingPad), clock, form: 'long', answersWith: ANSWER });
  const tickets = createTicketPrinterSimulator({ transport: end(printer), clock, dots: 576 });
  let paper: CounterFloorState['paper'] = 'ok';
  let asksForRating = false;
  let sounds = 0;
  let last: Uint8Array | undefined;
  led.onShown(changed);
  tickets.onPrinted(({ type }) => {
    if (type === 'cut') changed();
  });
  pad.onOrder(({ command }) => {
    if (command !== ASK) return;
    asksForRating = true;
    changed();
  });
  /** Plays to nobody, for as long as it would take; what it was can be listened to on the floor's page. */
  const sink: Sink = {
    play: (sound) => {
      let stop = (): void => undefined;
      if (sound.samples.some((sample) => sample !== 0)) {
        last = writeWav(sound);
        sounds += 1;
        changed();
      }
      const done = new Promise<Awaited<ReturnType<Sink['play']>['done']>>((resolve) => {
        const cancel = clock.after(ms(lengthOf(sound)), () => {
          resolve(ok());
        });
        stop = () => {
          cancel();
          resolve(failure('E-VOICE-0303'));
        };
      });
      return { done, stop };
    },
  };
  const devices = [led, keys, pad, tickets];
  return {
    lines,
    audioOut: createAudioOutProtocol({
      sink: () => sink,
      synthesis: espeak,
      pack: ({ voicePack }) => (voicePack === undefined ? undefined : folderPack(voicePack)),
    }),
    state: () => {
      const papers = tickets
        .text()
        .split('✂')
        .map((text) => text.trim())
        .filter((text) => text !== '');
      return {
        shows: led.screen.get(0)?.text.trim() ?? '',
        ...{ asksForRating, paper, sounds, tickets: papers.length, ticket: papers.at(-1) ?? null },
      };
    },
    press: (key) => {
      keys.press({ command: KEY, data: Uint8Array.of(KEYS[key]) });
    },
    rate: (score) => {
      asksForRating = false;
      pad.press({ command: RATED, data: Uint8Array.of(score) });
      changed();
    },
    setPaper: (next) => {
      paper = next;
      tickets.setPaper(next);
      changed();
    },
    sound: () => last,
    onChange: changes.on,
    start: async () => {
      for (const device of devices) await device.start();
    },
    stop: async () => {
      for (const device of devices) await device.stop();
    },
  };
}
