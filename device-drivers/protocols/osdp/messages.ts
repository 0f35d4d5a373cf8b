import { layout as lay } from '../../kit/index.ts';

const { bytes, counted, countedBits, i16, record, repeated, rest, u16, u32, u8 } = lay;
type Layout<T> = lay.Layout<T>;
type Laid<L> = lay.Laid<L>;

type Entry = readonly [code: number, layout: Layout<unknown>];
type MessageOf<T extends Readonly<Record<string, Entry>>> = {
  [K in keyof T & string]: { readonly name: K } & Laid<T[K][1]>;
}[keyof T & string];

const empty = record({});

/** What a control panel says (OSDP 2.2, section 6). Times of LEDs and buzzers are in units of 100 ms. */
const commandTable = {
  poll: [0x60, empty],
  id: [0x61, record({ replyType: u8 })],
  capabilities: [0x62, record({ replyType: u8 })],
  'local-status': [0x64, empty],
  'input-status': [0x65, empty],
  'output-status': [0x66, empty],
  'reader-status': [0x67, empty],
  /** `timer` in units of 100 ms. */
  outputs: [0x68, record({ outputs: repeated(record({ output: u8, control: u8, timer: u16 })) })],
  leds: [
    0x69,
    record({
      leds: repeated(
        record({
          reader: u8,
          led: u8,
          temporary: record({ control: u8, on: u8, off: u8, onColour: u8, offColour: u8, timer: u16 }),
          permanent: record({ control: u8, on: u8, off: u8, onColour: u8, offColour: u8 }),
        }),
      ),
    }),
  ],
  buzzer: [0x6a, record({ reader: u8, tone: u8, on: u8, off: u8, count: u8 })],
  text: [0x6b, record({ reader: u8, control: u8, seconds: u8, row: u8, column: u8, text: counted(u8) })],
  'set-communication': [0x6e, record({ address: u8, baudRate: u32 })],
  'set-key': [0x75, record({ keyType: u8, key: counted(u8) })],
  challenge: [0x76, record({ random: bytes(8) })],
  'panel-cryptogram': [0x77, record({ cryptogram: bytes(16) })],
  'receive-size': [0x7b, record({ size: u16 })],
  'file-transfer': [0x7c, record({ fileType: u8, total: u32, offset: u32, fragment: counted(u16) })],
  manufacturer: [0x80, record({ vendor: bytes(3), data: rest })],
  abort: [0xa2, empty],
  'keep-active': [0xa7, record({ milliseconds: u16 })],
} as const satisfies Readonly<Record<string, Entry>>;

/** What a reader answers (OSDP 2.2, section 7). */
const replyTable = {
  ack: [0x40, empty],
  nak: [0x41, record({ reason: u8, detail: rest })],
  id: [0x45, record({ vendor: bytes(3), model: u8, version: u8, serial: u32, firmware: bytes(3) })],
  capabilities: [0x46, record({ capabilities: repeated(record({ function: u8, compliance: u8, items: u8 })) })],
  'local-status': [0x48, record({ tamper: u8, power: u8 })],
  'input-status': [0x49, record({ inputs: rest })],
  'output-status': [0x4a, record({ outputs: rest })],
  'reader-status': [0x4b, record({ readers: rest })],
  /** `format` 0 raw bits, 1 parity, data, parity. */
  raw: [0x50, record({ reader: u8, format: u8, bits: countedBits(u16) })],
  formatted: [0x51, record({ reader: u8, direction: u8, characters: counted(u8) })],
  keypad: [0x53, record({ reader: u8, digits: counted(u8) })],
  communication: [0x54, record({ address: u8, baudRate: u32 })],
  challenge: [0x76, record({ clientId: bytes(8), random: bytes(8), cryptogram: bytes(16) })],
  'initial-mac': [0x78, record({ mac: bytes(16) })],
  busy: [0x79, empty],
  /** `delay` in milliseconds; `receiveSize` 0: unchanged. */
  'file-status': [0x7a, record({ control: u8, delay: u16, status: i16, receiveSize: u16 })],
  manufacturer: [0x90, record({ vendor: bytes(3), data: rest })],
} as const satisfies Readonly<Record<string, Entry>>;

export type OsdpCommand = MessageOf<typeof commandTable>;
export type OsdpReply = MessageOf<typeof replyTable>;

/** A message's code and the data behind it. */
export interface Payload {
  readonly code: number;
  readonly data: Uint8Array;
}

interface Codec<M extends { readonly name: string }> {
  encode(message: M): Payload;
  /** Undefined for an unknown code and for data too short for it. Bytes behind the last field are ignored. */
  decode(payload: Payload): M | undefined;
}

function codec<M extends { readonly name: string }>(table: Readonly<Record<string, Entry>>): Codec<M> {
  const byName = new Map(Object.entries(table));
  const byCode = new Map([...byName].map(([name, [code, layout]]) => [code, { name, layout }]));
  return {
    encode: (message) => {
      const entry = byName.get(message.name);
      if (!entry) throw new RangeError(`no message ${message.name}`);
      const data: number[] = [];
      entry[1].write(message, data);
      return { code: entry[0], data: Uint8Array.from(data) };
    },
    decode: ({ code, data }) => {
      const entry = byCode.get(code);
      const fields = entry?.layout.read({ bytes: data, at: 0 });
      return entry && fields !== undefined ? ({ name: entry.name, ...(fields as object) } as unknown as M) : undefined;
    },
  };
}

export const commands: Codec<OsdpCommand> = codec<OsdpCommand>(commandTable);
export const replies: Codec<OsdpReply> = codec<OsdpReply>(replyTable);

/** What a refusal (NAK) says. */
export const NAK = {
  check: 1,
  length: 2,
  unknownCommand: 3,
  sequence: 4,
  secureUnsupported: 5,
  secureConditions: 6,
} as const;

const NAK_TEXTS: Readonly<Record<number, string>> = {
  1: 'bad check of the message',
  2: 'bad length of the command',
  3: 'unknown command',
  4: 'unexpected sequence number',
  5: 'the secure channel is not supported',
  6: 'the secure channel is missing or wrong',
};

export function nakMeaning(reason: number): string {
  return `refused (NAK ${reason}): ${NAK_TEXTS[reason] ?? 'unknown reason'}`;
}
