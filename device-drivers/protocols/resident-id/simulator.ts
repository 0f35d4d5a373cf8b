import { type Cancel, type DurationMs, ms } from '@hallhub/sync/base';
import { type Traffic, createEmitter, rethrow } from '../../kit/index.ts';
import { pacedTransport } from '../../transports/paced.ts';
import type { ReaderFaults, ReaderSimulator, ReaderSimulatorOptions, SimulatedCard } from './simulator-types.ts';
import { simulatedPhoto, simulatedText } from './simulator-card.ts';

/*
 * Everything here is built from the protocol's description and golden bytes, not from the driver's codec: a mistake made
 * there must not be made good here.
 */
const MARK = Buffer.from('aaaaaa9669', 'hex');
const LONGEST_REQUEST = 64;

type Verb = 'find' | 'select' | 'read';

interface Asked {
  readonly verb: Verb | 'read-all' | 'other';
  readonly meaning: string;
}

const ASKED: Readonly<Record<string, Asked>> = {
  '10ff': { verb: 'other', meaning: 'reset' },
  '11ff': { verb: 'other', meaning: 'status' },
  '12ff': { verb: 'other', meaning: 'security module id' },
  '2001': { verb: 'find', meaning: 'find card' },
  '2002': { verb: 'select', meaning: 'select card' },
  '3001': { verb: 'read', meaning: 'read card' },
  '3010': { verb: 'read-all', meaning: 'read card with fingerprints' },
  '3003': { verb: 'other', meaning: 'read appended address' },
};

const STATUS_OK = '000090';
const NO_FINGERPRINTS = '0000';

/** A reader from the bytes up; see {@link ReaderSimulatorOptions}. */
export function createReaderSimulator(options: ReaderSimulatorOptions): ReaderSimulator {
  const { clock, baudRate, readTime = ms(0) } = options;
  const transport = baudRate === undefined ? options.transport : pacedTransport(options.transport, { clock, baudRate });
  const traffic = createEmitter<Traffic>(rethrow);
  let pending = Buffer.alloc(0);
  let card: SimulatedCard | undefined;
  let faults: ReaderFaults = {};
  let selected = false;
  let readOnce = false;
  let undo: readonly Cancel[] = [];
  const timers = new Set<Cancel>();

  const later = (delay: DurationMs, action: () => void): void => {
    if (delay <= 0) {
      action();
      return;
    }
    const cancel = clock.after(delay, () => {
      timers.delete(cancel);
      action();
    });
    timers.add(cancel);
  };

  const answer = (body: Buffer, meaning: string, after: DurationMs): void => {
    if (faults.silent) return;
    const { noiseBytes = 0, tearAfter, badChecksum, duplicate, slow = ms(0) } = faults;
    const frame = wrap(body);
    if (badChecksum) frame[frame.length - 1] = (frame[frame.length - 1] ?? 0) ^ 0xff;
    const whole = Buffer.concat([noise(noiseBytes), frame, duplicate ? frame : Buffer.alloc(0)]);
    const bytes = tearAfter === undefined ? whole : whole.subarray(0, tearAfter);
    later(ms(slow + after), () => {
      traffic.emit({ at: clock.now(), direction: 'out', bytes: bytes.subarray(0, 32), meaning });
      void transport.write(bytes);
    });
  };

  const status = (sw3: number, tail = ''): Buffer => Buffer.from(`0000${hex(sw3)}${tail}`, 'hex');

  const handle = (asked: Asked): void => {
    const forced =
      asked.verb === 'other' ? undefined : faults.status?.[asked.verb === 'read-all' ? 'read' : asked.verb];
    if (forced !== undefined) {
      answer(status(forced), `status ${hex(forced)}`, ms(0));
      return;
    }
    switch (asked.verb) {
      case 'find': {
        selected = false;
        const seen = card !== undefined && !(faults.findOnce && readOnce);
        if (seen) answer(status(0x9f, '00000000'), 'card found', ms(0));
        else answer(status(0x80), 'no card', ms(0));
        return;
      }
      case 'select':
        selected = card !== undefined;
        if (selected) answer(status(0x90, '0000000000000000'), 'card selected', ms(0));
        else answer(status(0x81), 'no card to select', ms(0));
        return;
      case 'read':
      case 'read-all': {
        if (!card || !selected) {
          answer(status(0x41), 'nothing to read', ms(0));
          return;
        }
        readOnce = true;
        const prints = asked.verb === 'read-all' ? NO_FINGERPRINTS : '';
        const head = Buffer.from(`${STATUS_OK}01000400${prints}`, 'hex');
        answer(Buffer.concat([head, simulatedText(card), simulatedPhoto()]), 'card data', readTime);
        return;
      }
      case 'other':
        if (asked.meaning === 'status') answer(status(0x90), 'status ok', ms(0));
        else if (asked.meaning === 'read appended address') answer(status(0x91), 'no appended address', ms(0));
        else answer(status(0x90), 'ok', ms(0));
    }
  };

  const receive = (bytes: Uint8Array): void => {
    pending = Buffer.concat([pending, bytes]);
    for (;;) {
      const start = pending.indexOf(MARK);
      if (start === -1) {
        // Keep what may be the beginning of the mark, and no more than that.
        pending = pending.subarray(Math.max(0, pending.length - MARK.length + 1));
        return;
      }
      pending = pending.subarray(start);
      if (pending.length < MARK.length + 2) return;
      const length = pending.readUInt16BE(MARK.length);
      const end = MARK.length + 2 + length;
      if (end > LONGEST_REQUEST) {
        pending = pending.subarray(1);
        continue;
      }
      if (pending.length < end) return;
      const frame = Buffer.from(pending.subarray(0, end));
      pending = pending.subarray(end);
      const body = frame.subarray(MARK.length + 2, -1);
      const asked = ASKED[body.toString('hex')] ?? { verb: 'other', meaning: 'unknown command' };
      traffic.emit({ at: clock.now(), direction: 'in', bytes: frame, meaning: asked.meaning });
      const sum = frame.subarray(MARK.length).reduce((total, byte) => total ^ byte, 0);
      if (sum !== 0) answer(status(0x10), 'checksum error', ms(0));
      else if (asked.meaning === 'unknown command') answer(status(0x21), 'command error', ms(0));
      else handle(asked);
    }
  };

  const noise = (size: number): Buffer => {
    const bytes = Buffer.alloc(size);
    for (let index = 0; index < size; index += 1) bytes[index] = (index * 73 + 0xa5) & 0xff;
    return bytes;
  };

  return {
    start: async () => {
      const opened = await transport.open();
      if (opened.ok && undo.length === 0) undo = [transport.onData(receive)];
      return opened;
    },
    stop: async () => {
      for (const cancel of [...undo, ...timers]) cancel();
      undo = [];
      timers.clear();
      await transport.close();
    },
    putCard: (next) => {
      card = next;
      selected = false;
      readOnce = false;
    },
    liftCard: () => {
      card = undefined;
      selected = false;
      readOnce = false;
    },
    get card() {
      return card;
    },
    setFaults: (next) => {
      faults = next;
    },
    get faults() {
      return faults;
    },
    onTraffic: traffic.on,
  };
}

function wrap(body: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length + 1);
  const covered = Buffer.concat([length, body]);
  return Buffer.concat([MARK, covered, Buffer.of(covered.reduce((total, byte) => total ^ byte, 0))]);
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
