import { type Cancel, type Clock, type DurationMs, type EpochMs, type Result, seconds } from '@hallhub/sync/base';
import type { Transport } from '../../kit/index.ts';

export interface UhppoteSimulatorOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly serial: number;
  /** Minutes east of UTC; 480 by default. */
  readonly utcOffset?: number;
  /** How wrong its clock is. */
  readonly clockOff?: DurationMs;
  /** Sends what happens by itself once a listener was set; on by default. */
  readonly pushes?: boolean;
}

export interface UhppoteFaults {
  readonly silent?: boolean;
  /** Carries this function out, and its reply is lost. */
  readonly losesReplyTo?: number;
  readonly lateBy?: DurationMs;
  readonly wrongSerial?: boolean;
  readonly refuses?: boolean;
}

/** A door controller, from the bytes up, with a codec of its own. */
export interface UhppoteSimulator {
  start(): Promise<Result<void>>;
  stop(): Promise<void>;
  /** Somebody shows a card. True where the controller opens by itself. */
  swipe(card: number, options?: { readonly door?: number; readonly way?: 'in' | 'out' }): boolean;
  /** The door's contact; an opening that nothing released is an alarm. */
  setOpen(open: boolean, door?: number): void;
  /** Something is recorded as if it had happened so long ago: the controller was cut off meanwhile. */
  remember(ago: DurationMs, card: number, granted: boolean, door?: number): void;
  /** It has this card from before, for one door and as long as it is there. */
  know(card: number, door?: number): void;
  /** Back to the state of the factory: no cards, no events. */
  reset(): void;
  readonly cards: ReadonlyMap<
    number,
    { readonly from: string; readonly to: string; readonly doors: readonly number[] }
  >;
  /** How often a function was carried out, by its number. */
  done(code: number): number;
  setFaults(faults: UhppoteFaults): void;
}

interface Recorded {
  readonly index: number;
  readonly type: number;
  readonly granted: boolean;
  readonly door: number;
  readonly way: number;
  readonly card: number;
  readonly at: EpochMs;
  readonly reason: number;
}

const RELEASE = seconds(3);

export function createUhppoteSimulator(options: UhppoteSimulatorOptions): UhppoteSimulator {
  const { transport, clock, serial, utcOffset = 480, pushes = true } = options;
  const cards = new Map<number, { from: string; to: string; doors: readonly number[] }>();
  const counts = new Map<number, number>();
  const timers = new Set<Cancel>();
  const open = [false, false, false, false];
  const releasedUntil = [0, 0, 0, 0];
  /** 1 open, 2 closed, 3 controlled. */
  const modes = [3, 3, 3, 3];
  let recorded: Recorded[] = [];
  const firstIndex = 1;
  let off: number = options.clockOff ?? 0;
  let hasListener = false;
  let faults: UhppoteFaults = {};
  let undo: Cancel | undefined;

  /** The controller's own clock, as digits YYYYMMDDHHMMSS. */
  const digits = (at: number): string =>
    new Date(at + off + utcOffset * 60_000).toISOString().replaceAll(/\D/g, '').slice(0, 14);
  const now = (): EpochMs => clock.now();
  const count = (code: number): void => {
    counts.set(code, (counts.get(code) ?? 0) + 1);
  };
  const packet = (code: number, fill: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.set([0x17, code]);
    bytes.writeUInt32LE(faults.wrongSerial ? serial + 1 : serial, 4);
    fill(bytes);
    return bytes;
  };
  const send = (bytes: Buffer): void => {
    if (faults.silent || bytes[1] === faults.losesReplyTo) return;
    if (faults.lateBy === undefined) {
      void transport.write(bytes);
      return;
    }
    const cancel = clock.after(faults.lateBy, () => {
      timers.delete(cancel);
      void transport.write(bytes);
    });
    timers.add(cancel);
  };
  const putEvent = (bytes: Buffer, event: Recorded | undefined): void => {
    if (!event) return;
    bytes.writeUInt32LE(event.index, 8);
    bytes.set([event.type, event.granted ? 1 : 0, event.door, event.way], 12);
    bytes.writeUInt32LE(event.card, 16);
    bytes.write(digits(event.at), 20, 'hex');
    bytes[27] = event.reason;
  };
  const status = (): Buffer =>
    packet(0x20, (bytes) => {
      putEvent(bytes, recorded.at(-1));
      open.forEach((isOpen, door) => {
        bytes[28 + door] = isOpen ? 1 : 0;
        if ((releasedUntil[door] ?? 0) > now()) bytes[49] = (bytes[49] ?? 0) | (1 << door);
      });
      const text = digits(now());
      bytes.write(text.slice(8), 37, 'hex');
      bytes.write(text.slice(2, 8), 51, 'hex');
    });
  const record = (event: Omit<Recorded, 'index' | 'at'>, at: EpochMs = now()): void => {
    recorded.push({ ...event, at, index: firstIndex + recorded.length });
    if (pushes && hasListener) send(status());
  };
  const rightOf = (card: number, door: number): boolean => {
    const entry = cards.get(card);
    const today = digits(now()).slice(0, 8);
    if (!entry || modes[door - 1] === 2) return false;
    return entry.doors[door - 1] === 1 && entry.from <= today && today <= entry.to;
  };

  const carryOut = (code: number, request: Buffer): Buffer | undefined => {
    const yes = (): Buffer => packet(code, (bytes) => bytes.writeUInt8(faults.refuses ? 0 : 1, 8));
    const number = request.readUInt32LE(8);
    const obeys = faults.refuses !== true;
    switch (code) {
      case 0x20:
        return status();
      case 0x30: {
        const text = request.toString('hex', 8, 15);
        const [, year, month, day, hour, minute, second] = (/^(....)(..)(..)(..)(..)(..)$/.exec(text) ?? []).map(
          Number,
        ) as [number, number, number, number, number, number, number];
        off = Date.UTC(year, month - 1, day, hour, minute, second) - utcOffset * 60_000 - now();
        return packet(code, (bytes) => request.copy(bytes, 8, 8, 15));
      }
      case 0x40:
        // Told to stay closed it opens for nobody.
        if (obeys && modes[request.readUInt8(8) - 1] === 2) return packet(code, (bytes) => bytes.writeUInt8(0, 8));
        if (obeys) {
          count(code);
          releasedUntil[request.readUInt8(8) - 1] = now() + RELEASE;
        }
        return yes();
      case 0x50:
        if (obeys) {
          count(code);
          cards.set(number, {
            from: request.toString('hex', 12, 16),
            to: request.toString('hex', 16, 20),
            doors: [...request.subarray(20, 24)],
          });
        }
        return yes();
      case 0x52:
        if (obeys) {
          count(code);
          cards.delete(number);
        }
        return yes();
      case 0x54:
        if (obeys && number === 0x55aaaa55) {
          count(code);
          cards.clear();
        }
        return yes();
      case 0x58:
        return packet(code, (bytes) => bytes.writeUInt32LE(cards.size, 8));
      case 0x5a:
      case 0x5c: {
        const key = code === 0x5a ? number : [...cards.keys()][number - 1];
        const entry = key === undefined ? undefined : cards.get(key);
        return packet(code, (bytes) => {
          if (!entry || key === undefined) return;
          bytes.writeUInt32LE(key, 8);
          bytes.write(entry.from + entry.to, 12, 'hex');
          bytes.set(entry.doors, 20);
        });
      }
      case 0x80:
        if (obeys) {
          count(code);
          modes[request.readUInt8(8) - 1] = request.readUInt8(9);
        }
        return packet(code, (bytes) => {
          bytes.set([request.readUInt8(8), modes[request.readUInt8(8) - 1] ?? 3, request.readUInt8(10)], 8);
        });
      case 0x82:
        return packet(code, (bytes) => {
          bytes.set([request.readUInt8(8), modes[request.readUInt8(8) - 1] ?? 3, 5], 8);
        });
      case 0x90:
        hasListener = true;
        return yes();
      case 0xb0: {
        const last = firstIndex + recorded.length - 1;
        const index = number === 0 ? firstIndex : Math.min(number, number === 0xffffffff ? last : number);
        return packet(code, (bytes) => {
          putEvent(bytes, recorded[index - firstIndex]);
        });
      }
      default:
        return undefined;
    }
  };
  const receive = (datagram: Uint8Array): void => {
    const request = Buffer.from(datagram);
    if (request.length !== 64 || request[0] !== 0x17 || request.readUInt32LE(4) !== serial) return;
    const reply = carryOut(request.readUInt8(1), request);
    if (reply) send(reply);
  };

  return {
    start: async () => {
      const opened = await transport.open();
      undo ??= transport.onData(receive);
      return opened;
    },
    stop: async () => {
      undo?.();
      undo = undefined;
      for (const cancel of timers) cancel();
      timers.clear();
      await transport.close();
    },
    swipe: (card, { door = 1, way = 'in' } = {}) => {
      const granted = rightOf(card, door);
      if (granted) releasedUntil[door - 1] = now() + RELEASE;
      record({
        type: 1,
        granted,
        door,
        way: way === 'in' ? 1 : 2,
        card,
        reason: granted ? 1 : modes[door - 1] === 2 ? 11 : 6,
      });
      return granted;
    },
    setOpen: (isOpen, door = 1) => {
      const forced = isOpen && (releasedUntil[door - 1] ?? 0) <= now();
      open[door - 1] = isOpen;
      if (forced) record({ type: 3, granted: false, door, way: 0, card: 0, reason: 38 });
    },
    remember: (ago, card, granted, door = 1) => {
      record({ type: 1, granted, door, way: 1, card, reason: granted ? 1 : 6 }, (now() - ago) as EpochMs);
    },
    know: (card, door = 1) => {
      const doors = [1, 2, 3, 4].map((each) => Number(each === door));
      cards.set(card, { from: '20000101', to: '20991231', doors });
    },
    reset: () => {
      cards.clear();
      recorded = [];
    },
    cards,
    done: (code) => counts.get(code) ?? 0,
    setFaults: (next) => {
      faults = next;
    },
  };
}
