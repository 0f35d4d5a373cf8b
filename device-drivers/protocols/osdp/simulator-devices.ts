import { type Cancel, type Clock, type DurationMs, ms } from '@hallhub/sync/base';
import { type Emitter, createEmitter, rethrow } from '../../kit/index.ts';
import type { BuzzerSignal, FileBehaviour, OutputChange } from './simulator-types.ts';

/** A refusal with its reason, or the data of a reply. */
export type Done = { readonly nak: number } | { readonly code: number; readonly data: readonly number[] };

const TENTH_MS = 100;
const RECORD_INVALID = 9;
const ACK: Done = { code: 0x40, data: [] };
const refused: Done = { nak: RECORD_INVALID };

/** What hangs on a simulated reader: lamps, buzzer, display, outputs. */
export interface ReaderParts {
  readonly leds: ReadonlyMap<number, number>;
  readonly buzzes: readonly BuzzerSignal[];
  readonly texts: readonly string[];
  readonly outputs: readonly boolean[];
  readonly outputChanged: Emitter<OutputChange>;
  setLeds(data: Buffer): Done;
  buzz(data: Buffer): Done;
  show(data: Buffer): Done;
  switchOutputs(data: Buffer): Done;
  stop(): void;
}

export function createReaderParts(clock: Clock, outputCount: number): ReaderParts {
  const leds = new Map<number, number>();
  const resting = new Map<number, number>();
  const buzzes: BuzzerSignal[] = [];
  const texts: string[] = [];
  const outputs = new Array<boolean>(outputCount).fill(false);
  const outputChanged = createEmitter<OutputChange>(rethrow);
  const timers = new Map<string, Cancel>();

  const later = (name: string, delay: DurationMs, action: () => void): void => {
    timers.get(name)?.();
    timers.set(name, clock.after(delay, action));
  };
  const set = (output: number, on: boolean, pulse?: DurationMs): void => {
    outputs[output] = on;
    const change = { output, on, at: clock.now() };
    outputChanged.emit(pulse === undefined ? change : { ...change, pulse });
  };

  return {
    leds,
    buzzes,
    texts,
    outputs,
    outputChanged,
    setLeds: (data) => {
      if (data.length === 0 || data.length % 14 !== 0) return refused;
      for (let at = 0; at < data.length; at += 14) {
        const led = data.readUInt8(at + 1);
        const [temporary, on, off, onColour, ,] = data.subarray(at + 2);
        const [permanent, , , restColour] = data.subarray(at + 9);
        const timer = data.readUInt16LE(at + 7);
        if (temporary === 2 && (timer === 0 || (on ?? 0) + (off ?? 0) === 0)) return refused;
        if (permanent === 1) resting.set(led, restColour ?? 0);
        const rest = (): void => {
          leds.set(led, resting.get(led) ?? 0);
        };
        if (temporary === 2) {
          leds.set(led, onColour ?? 0);
          later(`led ${led}`, ms(timer * TENTH_MS), rest);
        } else if (temporary === 1 || !timers.has(`led ${led}`)) {
          timers.get(`led ${led}`)?.();
          rest();
        }
      }
      return ACK;
    },
    buzz: (data) => {
      const [, tone = 0, on = 0, off = 0, count = 0] = data;
      if (data.length !== 5 || (tone > 1 && on === 0)) return refused;
      buzzes.push({ tone, onMs: on * TENTH_MS, offMs: off * TENTH_MS, count });
      return ACK;
    },
    show: (data) => {
      if (data.length < 6 || data.length !== 6 + data.readUInt8(5)) return refused;
      texts.push(data.toString('latin1', 6));
      return ACK;
    },
    switchOutputs: (data) => {
      if (data.length === 0 || data.length % 4 !== 0) return refused;
      for (let at = 0; at < data.length; at += 4) {
        const output = data.readUInt8(at);
        const control = data.readUInt8(at + 1);
        const time = ms(data.readUInt16LE(at + 2) * TENTH_MS);
        if (output >= outputs.length || control > 6) return refused;
        const name = `output ${output}`;
        const isTemporary = control === 5 || control === 6;
        if (control === 0) continue;
        timers.get(name)?.();
        const on = control === 2 || control === 4 || control === 5;
        set(output, on, isTemporary ? time : undefined);
        if (isTemporary) {
          later(name, time, () => {
            set(output, !on);
          });
        }
      }
      return ACK;
    },
    stop: () => {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}

/** The reader's end of file transfers. */
export interface FileTaker {
  readonly files: readonly { readonly type: number; readonly content: Uint8Array }[];
  take(data: Buffer): Done;
  abort(): void;
  linkBegan(): void;
}

export function createFileTaker(behaviour: FileBehaviour): FileTaker {
  const { delayMs = 0, receiveSize = 0, exclusive = false, outcome = 1, forgets = false } = behaviour;
  const files: { type: number; content: Uint8Array }[] = [];
  let receiving: { readonly type: number; readonly total: number; readonly parts: Buffer; filled: number } | undefined;
  let finishing = behaviour.finishing ?? 0;

  const status = (value: number): Done => {
    const data = Buffer.alloc(7);
    data.writeUInt8(exclusive ? 0 : 1, 0);
    data.writeUInt16LE(delayMs, 1);
    data.writeInt16LE(value, 3);
    data.writeUInt16LE(receiveSize, 5);
    return { code: 0x7a, data: [...data] };
  };
  return {
    files,
    take: (data) => {
      if (data.length < 11 || data.length !== 11 + data.readUInt16LE(9)) return { nak: 2 };
      const [type, total, offset] = [data.readUInt8(0), data.readUInt32LE(1), data.readUInt32LE(5)];
      const fragment = data.subarray(11);
      if (offset === 0) receiving = { type, total, parts: Buffer.alloc(total), filled: 0 };
      if (receiving?.type !== type || receiving.total !== total || offset > receiving.filled) return status(-3);
      fragment.copy(receiving.parts, offset);
      receiving.filled = Math.max(receiving.filled, offset + fragment.length);
      if (receiving.filled < total) return status(0);
      if (outcome < 0) {
        receiving = undefined;
        return status(outcome);
      }
      if (finishing > 0) {
        finishing -= 1;
        return status(3);
      }
      files.push({ type, content: Uint8Array.from(receiving.parts) });
      receiving = undefined;
      finishing = behaviour.finishing ?? 0;
      return status(outcome);
    },
    abort: () => {
      receiving = undefined;
    },
    linkBegan: () => {
      if (forgets) receiving = undefined;
    },
  };
}
