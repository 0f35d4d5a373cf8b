import { randomBytes } from 'node:crypto';
import { type Cancel, ms } from '@hallhub/sync/base';
import { type Traffic, createEmitter, rethrow } from '../../kit/index.ts';
import { pacedTransport } from '../../transports/paced.ts';
import { type Done, createFileTaker, createReaderParts } from './simulator-devices.ts';
import type { OsdpReaderFaults, OsdpReaderSimulator, OsdpReaderSimulatorOptions } from './simulator-types.ts';
import {
  type WireCommand,
  type WireSession,
  aes,
  hide,
  readCommand,
  reveal,
  sessionKey,
  sign,
  writeReply,
} from './simulator-wire.ts';

/** A pause this long ends a command that never became whole. */
const TORN_AFTER = ms(50);
const EVERYBODY = 0x7f;
const DEFAULT_KEY = Buffer.from('0123456789:;<=>?', 'latin1');
/** What goes in the clear to a reader that otherwise insists on the secure channel: ID, CAP, CHLNG, SCRYPT. */
const BEGINNINGS: ReadonlySet<number> = new Set([0x61, 0x62, 0x76, 0x77]);
const ACK: Done = { code: 0x40, data: [] };

/** A reader; see {@link OsdpReaderSimulatorOptions}. */
export function createOsdpReaderSimulator(options: OsdpReaderSimulatorOptions): OsdpReaderSimulator {
  const { clock, baudRate } = options;
  const transport = baudRate === undefined ? options.transport : pacedTransport(options.transport, { clock, baudRate });
  const parts = createReaderParts(clock, options.outputs ?? 1);
  const inputs = new Array<number>(options.inputs ?? 1).fill(0);
  const files = createFileTaker(options.files ?? {});
  const version = (): readonly number[] =>
    (files.files.length > 0 ? options.files?.version : undefined) ?? [11, 12, 13];
  const traffic = createEmitter<Traffic>(rethrow);
  const carriedOut: number[] = [];
  const violations: string[] = [];
  const sending = new Set<Cancel>();
  let address = options.address ?? 0;
  let key = options.key;
  let faults: OsdpReaderFaults = {};
  const events: { readonly code: number; readonly data: readonly number[] }[] = [];
  const local = { tamper: 0, power: 0 };

  /** Undefined: nothing was heard yet, only number 0 will do. */
  let sequence: number | undefined;
  let last: { readonly command: string; readonly reply: Buffer } | undefined;
  let older: Buffer | undefined;
  let session: WireSession | undefined;
  let shaking: { readonly session: WireSession; readonly proof: Uint8Array } | undefined;
  let polled = false;
  let pending: Buffer = Buffer.alloc(0);
  let cancelTorn: Cancel | undefined;
  let undo: readonly Cancel[] = [];

  const send = (frame: Buffer): void => {
    if (faults.silent) return;
    const said = faults.replaysOldReply && older ? older : frame;
    const spoilt = Buffer.from(said);
    if (faults.badCheck) spoilt[spoilt.length - 1] = (spoilt[spoilt.length - 1] ?? 0) ^ 0x55;
    const torn = faults.tearAfter === undefined ? spoilt : spoilt.subarray(0, faults.tearAfter);
    const out = (): void => {
      traffic.emit({ at: clock.now(), direction: 'out', bytes: torn, meaning: 'reply' });
      void transport.write(torn);
    };
    if (faults.lateBy === undefined) {
      out();
      return;
    }
    const cancel = clock.after(faults.lateBy, () => {
      sending.delete(cancel);
      out();
    });
    sending.add(cancel);
  };
  const reply = (command: WireCommand, done: Done, block?: readonly number[]): Buffer => {
    const [code, plain] = 'nak' in done ? [0x41, [done.nak]] : [done.code, done.data];
    const head = {
      address: command.address === EVERYBODY ? EVERYBODY : (faults.wrongAddress ?? address),
      sequence: code === 0x79 ? 0 : command.sequence,
      usesCrc: !options.checksumOnly,
      code,
    };
    const current = session;
    if (!current || !command.mac || code === 0x79) return writeReply({ ...head, block, data: Uint8Array.from(plain) });
    const isHidden = plain.length > 0;
    const data = isHidden ? hide(current, current.commandMac, Uint8Array.from(plain)) : new Uint8Array();
    return writeReply({ ...head, block: [isHidden ? 0x18 : 0x16], data }, (covered) => {
      current.replyMac = sign(current, current.commandMac, covered);
      return current.replyMac;
    });
  };

  const beginSession = (command: WireCommand): { readonly done: Done; readonly block?: readonly number[] } => {
    if (options.insecure) return { done: { nak: 5 } };
    const isDefault = command.block?.[1] === 0;
    const held = isDefault ? (key ? undefined : DEFAULT_KEY) : key;
    // A reader that lacks the key answers all the same, with a proof that is none.
    const used = faults.wrongKey || !held ? Buffer.alloc(16, 0xee) : held;
    const mine = randomBytes(8);
    const theirs = command.data;
    const fresh: WireSession = {
      enc: sessionKey(used, theirs, [0x01, 0x82]),
      mac1: sessionKey(used, theirs, [0x01, 0x01]),
      mac2: sessionKey(used, theirs, [0x01, 0x02]),
      commandMac: new Uint8Array(16),
      replyMac: new Uint8Array(16),
    };
    session = undefined;
    shaking = { session: fresh, proof: aes(fresh.enc, Buffer.concat([mine, theirs])) };
    const proof = aes(fresh.enc, Buffer.concat([theirs, mine]));
    const data = [0, 0x69, 0x7a, 0x99, 1, 4, 3, 2, ...mine, ...proof];
    return { done: { code: 0x76, data }, block: [0x12, isDefault ? 0 : 1] };
  };
  const proveSession = (command: WireCommand): { readonly done: Done; readonly block?: readonly number[] } => {
    const begun = shaking;
    shaking = undefined;
    if (!begun || Buffer.compare(command.data, begun.proof) !== 0) return { done: { nak: 6 } };
    begun.session.replyMac = aes(begun.session.mac2, aes(begun.session.mac1, begun.proof));
    session = begun.session;
    return { done: { code: 0x78, data: [...begun.session.replyMac] }, block: [0x14, 1] };
  };

  const carryOut = (code: number, data: Buffer, isHidden: boolean): Done => {
    switch (code) {
      case 0x60: {
        polled = true;
        return events.shift() ?? ACK;
      }
      case 0x61:
        return { code: 0x45, data: [0, 0x69, 0x7a, 0x99, 1, 4, 3, 2, 1, ...version()] };
      case 0x62:
        return {
          code: 0x46,
          data: [
            [1, 1, inputs.length],
            [2, 1, parts.outputs.length],
            [3, 1, 0],
            [4, 1, 1],
            [5, 1, 1],
            [6, 1, 1],
            [8, options.checksumOnly ? 0 : 1, 0],
            [9, options.insecure ? 0 : 1, 0],
            [10, 0, 1],
          ].flat(),
        };
      case 0x64:
        return { code: 0x48, data: [local.tamper, local.power] };
      case 0x65:
        return { code: 0x49, data: inputs };
      case 0x66:
        return { code: 0x4a, data: parts.outputs.map(Number) };
      case 0x67:
        return { code: 0x4b, data: [0] };
      case 0x68: {
        const done = parts.switchOutputs(data);
        return 'nak' in done || !options.reportsOutputs ? done : { code: 0x4a, data: parts.outputs.map(Number) };
      }
      case 0x69:
        return parts.setLeds(data);
      case 0x6a:
        return parts.buzz(data);
      case 0x6b:
        return parts.show(data);
      case 0x6e:
        address = data.readUInt8(0);
        return { code: 0x54, data: [...data] };
      case 0x75:
        if (!isHidden) return { nak: 6 };
        if (data.length !== 18 || data[0] !== 1 || data[1] !== 16) return { nak: 2 };
        key = Uint8Array.from(data.subarray(2));
        return ACK;
      case 0x7b:
      case 0xa7:
        return ACK;
      case 0x7c:
        return files.take(data);
      case 0xa2:
        files.abort();
        return ACK;
      default:
        return { nak: 3 };
    }
  };

  /** The data in the clear; undefined for a command that does not belong to the secure link as it is. */
  const authenticated = (command: WireCommand): Uint8Array | undefined => {
    const current = session;
    if (!command.mac) return current && !BEGINNINGS.has(command.code) ? undefined : command.data;
    if (!current) return undefined;
    const mac = sign(current, current.replyMac, command.covered);
    if (Buffer.compare(mac.subarray(0, 4), command.mac) !== 0) return undefined;
    const data = command.block?.[0] === 0x17 ? reveal(current, current.replyMac, command.data) : command.data;
    current.commandMac = mac;
    return data;
  };

  const answer = (command: WireCommand): Buffer | undefined => {
    if (command.code === 0x61 && options.wantsPollFirst && !polled) return undefined;
    if (options.checksumOnly && command.usesCrc) return reply({ ...command, mac: undefined }, { nak: 1 });
    const data = authenticated(command);
    if (!data || (options.secureOnly && !session && !BEGINNINGS.has(command.code))) {
      session = undefined;
      return reply({ ...command, mac: undefined }, { nak: 6 });
    }
    if (faults.nak !== undefined && (faults.refuses ?? command.code) === command.code)
      return reply(command, { nak: faults.nak });
    carriedOut.push(command.code);
    if (command.code === 0x76 || command.code === 0x77) {
      const { done, block } = command.code === 0x76 ? beginSession(command) : proveSession(command);
      return reply(command, done, block);
    }
    const before = address;
    const done = carryOut(command.code, Buffer.from(data), command.mac !== undefined);
    const after = address;
    address = before;
    const frame = reply(command, done);
    address = after;
    if (command.code === 0x75 && options.dropsLinkAfterKey) session = undefined;
    return frame;
  };

  const handle = (command: WireCommand): void => {
    if (command.address !== address && command.address !== EVERYBODY) return;
    if (faults.deaf) return;
    traffic.emit({
      at: clock.now(),
      direction: 'in',
      bytes: Buffer.from(command.whole, 'hex'),
      meaning: `command ${command.code.toString(16)}`,
    });
    if (faults.busy) {
      send(reply({ ...command, mac: undefined }, { code: 0x79, data: [] }));
      return;
    }
    if (faults.dropsSequence && command.sequence !== 0) [sequence, last, session] = [undefined, undefined, undefined];
    if (faults.dropsSecureLink) session = undefined;
    if (command.sequence === 0) {
      [session, shaking, last] = [undefined, undefined, undefined];
      files.linkBegan();
    } else if (command.sequence === sequence) {
      if (faults.forgetsReply) last = undefined;
      else if (last?.command === command.whole) {
        send(last.reply);
        return;
      } else violations.push(`another command under number ${command.sequence}`);
    } else if (sequence === undefined || command.sequence !== (sequence % 3) + 1) {
      session = undefined;
      send(reply({ ...command, mac: undefined }, { nak: 4 }));
      return;
    }
    const frame = answer(command);
    if (!frame) return;
    sequence = command.sequence;
    older = last?.reply;
    last = { command: command.whole, reply: frame };
    send(frame);
  };

  const receive = (bytes: Uint8Array): void => {
    cancelTorn?.();
    cancelTorn = undefined;
    pending = Buffer.concat([pending, bytes]);
    for (;;) {
      const read = readCommand(pending);
      if (read === 'more') break;
      if (read === 'junk') pending = pending.subarray(1);
      else {
        pending = pending.subarray(read.size);
        handle(read.command);
      }
    }
    if (pending.length === 0) return;
    cancelTorn = clock.after(TORN_AFTER, () => {
      pending = Buffer.alloc(0);
    });
  };

  const statusChanged = (): void => {
    events.push({ code: 0x48, data: [local.tamper, local.power] });
  };
  return {
    start: async () => {
      const opened = await transport.open();
      if (opened.ok && undo.length === 0) undo = [transport.onData(receive)];
      return opened;
    },
    stop: async () => {
      for (const cancel of [...undo, ...sending]) cancel();
      cancelTorn?.();
      undo = [];
      sending.clear();
      parts.stop();
      await transport.close();
    },
    present: (bits) => {
      const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
      const data = Array.from({ length: padded.length / 8 }, (_, at) =>
        Number.parseInt(padded.slice(at * 8, at * 8 + 8), 2),
      );
      events.push({ code: 0x50, data: [0, 0, bits.length % 256, bits.length >> 8, ...data] });
    },
    presentFormatted: (characters) => {
      events.push({ code: 0x51, data: [0, 0, characters.length, ...Buffer.from(characters, 'latin1')] });
    },
    press: (keys) => {
      const codes: Readonly<Record<string, number>> = { '*': 0x7f, '#': 0x0d };
      const digits = Array.from(keys, (pressed) => codes[pressed] ?? pressed.charCodeAt(0));
      events.push({ code: 0x53, data: [0, digits.length, ...digits] });
    },
    setTamper: (on) => {
      local.tamper = Number(on);
      statusChanged();
    },
    setPowerFailure: (on) => {
      local.power = Number(on);
      statusChanged();
    },
    setInput: (input, on) => {
      inputs[input] = Number(on);
      events.push({ code: 0x49, data: [...inputs] });
    },
    setFaults: (next) => {
      faults = next;
    },
    get faults() {
      return faults;
    },
    leds: parts.leds,
    buzzes: parts.buzzes,
    texts: parts.texts,
    outputs: parts.outputs,
    get key() {
      return key;
    },
    get isSecure() {
      return session !== undefined;
    },
    get address() {
      return address;
    },
    files: files.files,
    carriedOut,
    violations,
    onOutput: parts.outputChanged.on,
    onTraffic: traffic.on,
  };
}
