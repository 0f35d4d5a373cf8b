import { type Cancel, type DurationMs, ms } from '@hallhub/sync/base';
import { type Traffic, createEmitter, rethrow } from '../../kit/index.ts';
import { pacedTransport } from '../../transports/paced.ts';
import type { ReaderFaults, ReaderSimulator, ReaderSimulatorOptions, SimulatedCard } from './simulator-types.ts';
import { simulatedPhoto, simulatedText } from './simulator-card.ts';
import { type Heard, type Verb, WIRES, type Wire } from './simulator-wire.ts';

const STATUS_OK = '000090';
const NO_FINGERPRINTS = '0000';

/** A reader from the bytes up; see {@link ReaderSimulatorOptions}. */
export function createReaderSimulator(options: ReaderSimulatorOptions): ReaderSimulator {
  const { clock, baudRate, readTime = ms(0), variant = 'standard' } = options;
  const wire: Wire = WIRES[variant];
  const transport = baudRate === undefined ? options.transport : pacedTransport(options.transport, { clock, baudRate });
  const traffic = createEmitter<Traffic>(rethrow);
  let pending: Buffer = Buffer.alloc(0);
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
    const frame = wire.wrap(body);
    if (badChecksum)
      frame.writeUInt8(
        frame.readUInt8(frame.length - wire.checksumFromEnd) ^ 0xff,
        frame.length - wire.checksumFromEnd,
      );
    const whole = Buffer.concat([noise(noiseBytes), frame, duplicate ? frame : Buffer.alloc(0)]);
    const bytes = tearAfter === undefined ? whole : whole.subarray(0, tearAfter);
    later(ms(slow + after), () => {
      traffic.emit({ at: clock.now(), direction: 'out', bytes: bytes.subarray(0, 32), meaning });
      void transport.write(bytes);
    });
  };

  const status = (sw3: number, tail = ''): Buffer => Buffer.from(`0000${hex(sw3)}${tail}`, 'hex');

  const forcedStatus = (verb: Verb): number | undefined => {
    if (verb === 'other' || verb === 'read-number') return undefined;
    return faults.status?.[verb === 'read-all' ? 'read' : verb];
  };

  const handle = ({ verb, meaning }: { readonly verb: Verb; readonly meaning: string }): void => {
    const forced = forcedStatus(verb);
    if (forced !== undefined) {
      answer(status(forced), `status ${hex(forced)}`, ms(0));
      return;
    }
    switch (verb) {
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
        const prints = verb === 'read-all' ? NO_FINGERPRINTS : '';
        const head = Buffer.from(`${STATUS_OK}01000400${prints}`, 'hex');
        answer(Buffer.concat([head, simulatedText(card), simulatedPhoto()]), 'card data', readTime);
        return;
      }
      case 'read-number':
        if (card) {
          readOnce = true;
          const number = Buffer.from(card.number.padEnd(18, ' '), 'utf16le');
          answer(Buffer.concat([Buffer.from('9000', 'hex'), number]), 'number', readTime);
        } else answer(Buffer.from('00f1', 'hex'), 'no card', ms(0));
        return;
      case 'other':
        if (meaning === 'status') answer(status(0x90), 'status ok', ms(0));
        else if (meaning === 'read appended address') answer(status(0x91), 'no appended address', ms(0));
        else answer(status(0x90), 'ok', ms(0));
    }
  };

  const obey = ({ bytes, asked, isSound }: Heard): void => {
    traffic.emit({ at: clock.now(), direction: 'in', bytes, meaning: asked?.meaning ?? 'unknown command' });
    if (isSound && asked) handle(asked);
    // What an all-in-one terminal says to a request that it cannot take is published nowhere.
    else if (variant !== 'stx-number') {
      if (isSound) answer(status(0x21), 'command error', ms(0));
      else answer(status(0x10), 'checksum error', ms(0));
    }
  };

  const receive = (bytes: Uint8Array): void => {
    pending = Buffer.concat([pending, bytes]);
    for (;;) {
      const { heard, rest } = wire.hear(pending);
      pending = rest;
      if (!heard) return;
      obey(heard);
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

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
