import { type Framer, createFrameCutter, layout } from '../../kit/index.ts';

/*
 * One RS-485 board for turnstiles, known from a single source:
 *   request  7E 00 machine command d0 d1 d2 check
 *   status   7F version machine fault gate alarm left[3] right[3] infrared executed voltage x x check
 * check: the complement of the sum of all bytes before it. Counters: high byte first.
 */
const REQUEST_MARK = 0x7e;
const STATUS_MARK = 0x7f;
const REQUEST_BYTES = 8;
const STATUS_BYTES = 18;

const COMMANDS = {
  status: 0x10,
  'open-left': 0x80,
  'hold-left': 0x81,
  'open-right': 0x82,
  'hold-right': 0x83,
  close: 0x84,
  'forbid-left': 0x88,
  'forbid-right': 0x89,
  clear: 0x8f,
} as const;

export type CommandName = keyof typeof COMMANDS;

export interface MachineRequest {
  readonly machine: number;
  readonly command: CommandName;
  /** For `open-…`: how many persons. */
  readonly persons?: number;
}

export interface MachineStatus {
  readonly machine: number;
  readonly version: number;
  readonly fault: number;
  readonly gate: number;
  readonly alarm: number;
  /** Passages since the counters were last reset, modulo 2^24. */
  readonly left: number;
  readonly right: number;
  readonly infrared: number;
  /** Whether a command was carried out; what its values mean is not published. */
  readonly executed: number;
  readonly voltage: number;
  readonly bytes: Uint8Array;
}

function check(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) sum += bytes[index] ?? 0;
  return ~sum & 0xff;
}

/** @throws {RangeError} for a machine or a number of persons that does not fit into a byte: a bug of the caller. */
export function encodeRequest({ machine, command, persons = 0 }: MachineRequest): Uint8Array {
  if (![machine, persons].every((value) => Number.isInteger(value) && value >= 0 && value <= 0xff)) {
    throw new RangeError(`machine ${machine}, ${persons} persons`);
  }
  const bytes = Uint8Array.of(REQUEST_MARK, 0, machine, COMMANDS[command], persons, 0, 0, 0);
  bytes[REQUEST_BYTES - 1] = check(bytes, 0, REQUEST_BYTES - 1);
  return bytes;
}

const { record, bytes: some, u8, u24be } = layout;
const statusLayout = record({
  mark: u8,
  version: u8,
  machine: u8,
  fault: u8,
  gate: u8,
  alarm: u8,
  left: u24be,
  right: u24be,
  infrared: u8,
  executed: u8,
  voltage: u8,
  unknown: some(2),
  check: u8,
});

export function createStatusFramer(): Framer<MachineStatus> {
  return createFrameCutter<MachineStatus>({
    limit: STATUS_BYTES * 4,
    seek: (bytes, from, to) => {
      const at = bytes.indexOf(STATUS_MARK, from);
      return at === -1 || at > to ? to : at;
    },
    measure: () => STATUS_BYTES,
    decode: (bytes, start, end) => {
      if (check(bytes, start, end - 1) !== bytes[end - 1]) return 'checksum';
      const copy = bytes.slice(start, end);
      const status = layout.decode(statusLayout, copy);
      if (!status) return 'length';
      const { machine, version, fault, gate, alarm, left, right, infrared, executed, voltage } = status;
      return { machine, version, fault, gate, alarm, left, right, infrared, executed, voltage, bytes: copy };
    },
  });
}
