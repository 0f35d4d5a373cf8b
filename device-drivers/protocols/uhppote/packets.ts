/*
 * UT0311-L0x door controllers, as the UHPPOTE protocol is known in public: every request and reply is one datagram of
 * 64 bytes, `17 fn 00 00`, then the serial number and the fields at fixed places, little-endian. Dates and times are BCD
 * on the clock of the wall. There is no checksum and no transaction number.
 */
const PACKET_BYTES = 64;
const MARK = 0x17;
/** Events of controllers with firmware 6.62 and its like begin so. */
const OLD_EVENT_MARK = 0x19;
const MAGIC = 0x55aa_aa55;

const FUNCTIONS = {
  status: 0x20,
  'set-time': 0x30,
  'open-door': 0x40,
  'put-card': 0x50,
  'delete-card': 0x52,
  'delete-cards': 0x54,
  'count-cards': 0x58,
  'get-card': 0x5a,
  'get-card-at': 0x5c,
  'set-door': 0x80,
  'get-door': 0x82,
  'set-listener': 0x90,
  'get-device': 0x94,
  'get-event': 0xb0,
} as const;

export type PacketName = keyof typeof FUNCTIONS;
const NAMES = new Map<number, PacketName>(
  (Object.entries(FUNCTIONS) as [PacketName, number][]).map(([name, code]) => [code, name]),
);

/** `YYYY-MM-DD`. */
type LocalDate = string;
/** `YYYY-MM-DD HH:MM:SS`. */
export type LocalTime = string;

/** What a card may open: 0 no, 1 yes, 2 to 254 in the hours of that time profile. */
export type DoorRights = readonly [number, number, number, number];

export interface CardRecord {
  readonly card: number;
  readonly from: LocalDate;
  /** Inclusive: the last day. */
  readonly to: LocalDate;
  readonly doors: DoorRights;
}

/** How a door stands, and for how many seconds its lock is released. */
export interface DoorSetting {
  readonly door: number;
  /** 1 open, 2 closed, 3 controlled. */
  readonly mode: number;
  readonly delay: number;
}

export type UhppoteRequest = { readonly serial: number } & (
  | { readonly name: 'status' | 'delete-cards' | 'count-cards' | 'get-device' }
  | { readonly name: 'set-time'; readonly time: LocalTime }
  | { readonly name: 'open-door' | 'get-door'; readonly door: number }
  | ({ readonly name: 'set-door' } & DoorSetting)
  | ({ readonly name: 'put-card' } & CardRecord)
  | { readonly name: 'delete-card' | 'get-card'; readonly card: number }
  | { readonly name: 'get-card-at' | 'get-event'; readonly index: number }
  | { readonly name: 'set-listener'; readonly host: string; readonly port: number; readonly interval: number }
);

/** 1 a card was shown, 2 a door or button, 3 an alarm; 0 none, 255 was there and is overwritten. */
export interface ControllerEvent {
  readonly index: number;
  readonly type: number;
  readonly granted: boolean;
  readonly door: number;
  /** 1 in, 2 out. */
  readonly direction: number;
  readonly card: number;
  /** Absent where the controller has no event of this index. */
  readonly time?: LocalTime;
  readonly reason: number;
}

export type UhppoteReply = { readonly serial: number } & (
  | {
      readonly name: 'status';
      readonly event: ControllerEvent;
      /** Contacts of the doors: true is open. */
      readonly open: readonly boolean[];
      readonly buttons: readonly boolean[];
      readonly fault: number;
      /** The controller's own clock as it sent this. */
      readonly time?: LocalTime;
      /** Bit 0: door 1 is unlocked. */
      readonly relays: number;
      /** Bit 1: fire alarm. */
      readonly inputs: number;
    }
  | { readonly name: 'set-time'; readonly time?: LocalTime }
  | {
      readonly name: 'open-door' | 'put-card' | 'delete-card' | 'delete-cards' | 'set-listener';
      readonly done: boolean;
    }
  | { readonly name: 'count-cards'; readonly count: number }
  | ({ readonly name: 'set-door' | 'get-door' } & DoorSetting)
  /** 0: no card; 0xffffffff: there was one at this index, and it is deleted. */
  | { readonly name: 'get-card' | 'get-card-at'; readonly card: number; readonly record?: CardRecord }
  | { readonly name: 'get-device'; readonly version: string; readonly mac: string }
  | { readonly name: 'get-event'; readonly event: ControllerEvent }
);

/** @throws {RangeError} for what the packet cannot hold: a bug of the caller. */
export function encodeRequest(request: UhppoteRequest): Uint8Array {
  const packet = Buffer.alloc(PACKET_BYTES);
  packet[0] = MARK;
  packet[1] = FUNCTIONS[request.name];
  packet.writeUInt32LE(request.serial, 4);
  switch (request.name) {
    case 'set-time':
      writeBcd(packet, 8, request.time);
      break;
    case 'open-door':
    case 'get-door':
      packet.writeUInt8(request.door, 8);
      break;
    case 'set-door':
      packet.set([request.door, request.mode, request.delay], 8);
      break;
    case 'put-card':
      packet.writeUInt32LE(request.card, 8);
      writeBcd(packet, 12, request.from);
      writeBcd(packet, 16, request.to);
      request.doors.forEach((right, index) => packet.writeUInt8(right, 20 + index));
      break;
    case 'delete-card':
    case 'get-card':
      packet.writeUInt32LE(request.card, 8);
      break;
    case 'get-card-at':
    case 'get-event':
      packet.writeUInt32LE(request.index, 8);
      break;
    case 'delete-cards':
      packet.writeUInt32LE(MAGIC, 8);
      break;
    case 'set-listener':
      request.host.split('.').forEach((part, index) => packet.writeUInt8(Number(part), 8 + index));
      packet.writeUInt16LE(request.port, 12);
      packet.writeUInt8(request.interval, 14);
      break;
    case 'status':
    case 'count-cards':
    case 'get-device':
      break;
  }
  return new Uint8Array(packet);
}

/** What a controller says in one datagram; undefined for anything that is no such packet. */
export function decodeReply(datagram: Uint8Array): UhppoteReply | undefined {
  const packet = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length);
  if (packet.length !== PACKET_BYTES || packet.readUInt16LE(2) !== 0) return undefined;
  const name = NAMES.get(packet.readUInt8(1));
  const mark = packet.readUInt8(0);
  if (!name || (mark !== MARK && !(mark === OLD_EVENT_MARK && name === 'status'))) return undefined;
  const serial = packet.readUInt32LE(4);
  switch (name) {
    case 'status':
      return status(packet, serial);
    case 'set-time':
      return { name, serial, ...timed(readDateTime(packet, 8)) };
    case 'open-door':
    case 'put-card':
    case 'delete-card':
    case 'delete-cards':
    case 'set-listener':
      return { name, serial, done: packet.readUInt8(8) === 1 };
    case 'set-door':
    case 'get-door':
      return { name, serial, door: packet.readUInt8(8), mode: packet.readUInt8(9), delay: packet.readUInt8(10) };
    case 'count-cards':
      return { name, serial, count: packet.readUInt32LE(8) };
    case 'get-card':
    case 'get-card-at':
      return card(packet, serial, name);
    case 'get-device':
      return {
        name,
        serial,
        version: `${bcd(packet.subarray(26, 27)) ?? ''}.${bcd(packet.subarray(27, 28)) ?? ''}`.replace(/^0/, ''),
        mac: packet.toString('hex', 20, 26),
      };
    case 'get-event':
      return { name, serial, event: eventAt(packet) };
  }
}

function status(packet: Buffer, serial: number): UhppoteReply {
  const flags = (from: number): readonly boolean[] => [...packet.subarray(from, from + 4)].map((flag) => flag === 1);
  // The date is in another place than the time, and without its century.
  const date = readDate(Buffer.of(0x20, ...packet.subarray(51, 54)), 0);
  const clock = readClock(packet, 37);
  return {
    name: 'status',
    serial,
    event: eventAt(packet),
    open: flags(28),
    buttons: flags(32),
    fault: packet.readUInt8(36),
    ...timed(date !== undefined && clock !== undefined ? `${date} ${clock}` : undefined),
    relays: packet.readUInt8(49),
    inputs: packet.readUInt8(50),
  };
}

function eventAt(packet: Buffer): ControllerEvent {
  return {
    index: packet.readUInt32LE(8),
    type: packet.readUInt8(12),
    granted: packet.readUInt8(13) === 1,
    door: packet.readUInt8(14),
    direction: packet.readUInt8(15),
    card: packet.readUInt32LE(16),
    ...timed(readDateTime(packet, 20)),
    reason: packet.readUInt8(27),
  };
}

function card(packet: Buffer, serial: number, name: 'get-card' | 'get-card-at'): UhppoteReply {
  const number = packet.readUInt32LE(8);
  const [from, to] = [readDate(packet, 12), readDate(packet, 16)];
  if (number === 0 || number === 0xffff_ffff || from === undefined || to === undefined)
    return { name, serial, card: number };
  const doors: DoorRights = [packet.readUInt8(20), packet.readUInt8(21), packet.readUInt8(22), packet.readUInt8(23)];
  return { name, serial, card: number, record: { card: number, from, to, doors } };
}

const timed = (time: LocalTime | undefined): { readonly time?: LocalTime } => (time === undefined ? {} : { time });

function writeBcd(packet: Buffer, at: number, text: string): void {
  packet.write(text.replaceAll(/\D/g, ''), at, 'hex');
}

/** The digits; undefined where a half byte is none. */
function bcd(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString('hex');
  return /^\d*$/.test(text) ? text : undefined;
}

function readDate(packet: Buffer, at: number): LocalDate | undefined {
  const digits = bcd(packet.subarray(at, at + 4));
  if (digits === undefined) return undefined;
  const text = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
  const parsed = new Date(`${text}T00:00:00Z`);
  // A day that no calendar has is not made the next one.
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(text) ? text : undefined;
}

function readClock(packet: Buffer, at: number): string | undefined {
  const digits = bcd(packet.subarray(at, at + 3));
  const text = digits?.replace(/^(..)(..)(..)$/, '$1:$2:$3');
  return text !== undefined && /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(text) ? text : undefined;
}

function readDateTime(packet: Buffer, at: number): LocalTime | undefined {
  const [date, clock] = [readDate(packet, at), readClock(packet, at + 4)];
  return date !== undefined && clock !== undefined ? `${date} ${clock}` : undefined;
}
