import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import {
  type Packet,
  type PacketHead,
  checksum,
  crc16,
  createPacketFramer,
  encodePacket,
  roomForData,
} from './frames.ts';
import { type OsdpCommand, type OsdpReply, commands, replies } from './messages.ts';
import { readCommand, wireChecksum, wireCrc } from './simulator-wire.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

function only(direction: 'command' | 'reply', bytes: Uint8Array): Packet {
  const framed = createPacketFramer(direction).push(bytes);
  const [first] = framed;
  if (framed.length !== 1 || first?.kind !== 'frame') throw new Error('not exactly one frame');
  return first.frame;
}

const head = (sequence: number, over: Partial<PacketHead> = {}): PacketHead => ({
  address: 1,
  isReply: false,
  sequence,
  check: 'crc',
  ...over,
});

describe('commands that went over a line', () => {
  it.each<[string, string, PacketHead, OsdpCommand]>([
    ['POLL, checksum', '53010700006045', head(0, { check: 'checksum' }), { name: 'poll' }],
    ['ID', '530109000561005014', head(1), { name: 'id', replyType: 0 }],
    ['CAP', '530109000662005318', head(2), { name: 'capabilities', replyType: 0 }],
    ['POLL', '530108000760e955', head(3), { name: 'poll' }],
    [
      'LED',
      '5301160005690000020300020014000101000101369c',
      head(1),
      {
        name: 'leds',
        leds: [
          {
            reader: 0,
            led: 0,
            temporary: { control: 2, on: 3, off: 0, onColour: 2, offColour: 0, timer: 20 },
            permanent: { control: 1, on: 1, off: 0, onColour: 1, offColour: 1 },
          },
        ],
      },
    ],
    ['BUZ', '53010d00066a00020201022c98', head(2), { name: 'buzzer', reader: 0, tone: 2, on: 2, off: 1, count: 2 }],
    ['OUT', '53010c00076800051e001231', head(3), { name: 'outputs', outputs: [{ output: 0, control: 5, timer: 30 }] }],
    [
      'TEXT',
      '53011300056b00010001010548454c4c4ffc87',
      head(1),
      {
        name: 'text',
        reader: 0,
        control: 1,
        seconds: 0,
        row: 1,
        column: 1,
        text: Uint8Array.from(Buffer.from('HELLO')),
      },
    ],
    ['ID of annex E, CRC', '53000900046100c066', head(0, { address: 0 }), { name: 'id', replyType: 0 }],
    [
      'ID of annex E, checksum',
      '5300080000610044',
      head(0, { address: 0, check: 'checksum' }),
      { name: 'id', replyType: 0 },
    ],
    [
      'COMSET of annex E, CRC',
      '537f0d00046e00802500006e38',
      head(0, { address: 0x7f }),
      { name: 'set-communication', address: 0, baudRate: 9600 },
    ],
    [
      'COMSET of annex E, checksum',
      '537f0c00006e00802500000f',
      head(0, { address: 0x7f, check: 'checksum' }),
      { name: 'set-communication', address: 0, baudRate: 9600 },
    ],
  ])('%s', (_name, bytes, packetHead, command) => {
    expect(hex(encodePacket(packetHead, commands.encode(command)))).toBe(bytes);
    const packet = only('command', unhex(bytes));
    expect(packet).toMatchObject(packetHead);
    expect(commands.decode(packet)).toEqual(command);
  });
});

describe('replies that came over a line', () => {
  it.each<[string, string, Partial<Packet>, OsdpReply]>([
    ['ACK with a CRC', '5381080004400806', { sequence: 0, check: 'crc' }, { name: 'ack' }],
    [
      'PDID',
      '538114000545697a009901040302010b0c0db302',
      { sequence: 1 },
      {
        name: 'id',
        vendor: unhex('697a00'),
        model: 0x99,
        version: 1,
        serial: 0x01020304,
        firmware: unhex('0b0c0d'),
      },
    ],
    [
      'RAW',
      '53811000065000011a0080000000354b',
      { sequence: 2 },
      { name: 'raw', reader: 0, format: 1, bits: { count: 26, bytes: unhex('80000000') } },
    ],
    [
      'KEYPAD',
      '53810e0007530004313233347085',
      { sequence: 3 },
      { name: 'keypad', reader: 0, digits: unhex('31323334') },
    ],
    ['LSTATR', '53810a000648010016d7', { sequence: 2 }, { name: 'local-status', tamper: 1, power: 0 }],
    ['NAK', '5381090006410284bf', { sequence: 2 }, { name: 'nak', reason: 2, detail: new Uint8Array() }],
  ])('%s', (_name, bytes, part, reply) => {
    const packet = only('reply', unhex(bytes));
    expect(packet).toMatchObject({ address: 1, isReply: true, ...part });
    expect(replies.decode(packet)).toEqual(reply);
    expect(hex(encodePacket(packet, replies.encode(reply)))).toBe(bytes);
  });

  it('may carry a mark byte in front', () => {
    expect(hex(only('reply', unhex('ff5381080004400806')).bytes)).toBe('ff5381080004400806');
  });
});

describe('checks', () => {
  it('are what the standard’s annex E says', () => {
    expect(crc16(unhex('537f0d00046e0080250000')).toString(16)).toBe('386e');
    expect(crc16(unhex('53000900046100')).toString(16)).toBe('66c0');
    expect(checksum(unhex('537f0c00006e0080250000')).toString(16)).toBe('f');
    expect(checksum(unhex('53000800006100')).toString(16)).toBe('44');
  });

  it('agree with the simulator’s own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(crc16(bytes)).toBe(wireCrc(bytes));
        expect(checksum(bytes)).toBe(wireChecksum(bytes));
      }),
    );
  });
});

const byte = fc.nat(255);
const word = fc.nat(0xffff);
const long = fc.nat(0xffffffff);
const some = (least: number, most = least): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: least, maxLength: most });
const bare = <N extends string>(name: N): fc.Arbitrary<{ name: N }> => fc.constant({ name });

const anyCommand: fc.Arbitrary<OsdpCommand> = fc.oneof(
  bare('poll'),
  bare('local-status'),
  bare('input-status'),
  bare('output-status'),
  bare('reader-status'),
  bare('abort'),
  fc.record({ name: fc.constantFrom('id', 'capabilities'), replyType: byte }),
  fc.record({
    name: fc.constant('outputs' as const),
    outputs: fc.array(fc.record({ output: byte, control: byte, timer: word }), { maxLength: 8 }),
  }),
  fc.record({
    name: fc.constant('leds' as const),
    leds: fc.array(
      fc.record({
        reader: byte,
        led: byte,
        temporary: fc.record({ control: byte, on: byte, off: byte, onColour: byte, offColour: byte, timer: word }),
        permanent: fc.record({ control: byte, on: byte, off: byte, onColour: byte, offColour: byte }),
      }),
      { maxLength: 4 },
    ),
  }),
  fc.record({ name: fc.constant('buzzer' as const), reader: byte, tone: byte, on: byte, off: byte, count: byte }),
  fc.record({
    name: fc.constant('text' as const),
    reader: byte,
    control: byte,
    seconds: byte,
    row: byte,
    column: byte,
    text: some(0, 255),
  }),
  fc.record({ name: fc.constant('set-communication' as const), address: byte, baudRate: long }),
  fc.record({ name: fc.constant('set-key' as const), keyType: byte, key: some(0, 32) }),
  fc.record({ name: fc.constant('challenge' as const), random: some(8) }),
  fc.record({ name: fc.constant('panel-cryptogram' as const), cryptogram: some(16) }),
  fc.record({ name: fc.constant('receive-size' as const), size: word }),
  fc.record({
    name: fc.constant('file-transfer' as const),
    fileType: byte,
    total: long,
    offset: long,
    fragment: some(0, 600),
  }),
  fc.record({ name: fc.constant('manufacturer' as const), vendor: some(3), data: some(0, 40) }),
  fc.record({ name: fc.constant('keep-active' as const), milliseconds: word }),
);

const anyReply: fc.Arbitrary<OsdpReply> = fc.oneof(
  bare('ack'),
  bare('busy'),
  fc.record({ name: fc.constant('nak' as const), reason: byte, detail: some(0, 4) }),
  fc.record({
    name: fc.constant('id' as const),
    vendor: some(3),
    model: byte,
    version: byte,
    serial: long,
    firmware: some(3),
  }),
  fc.record({
    name: fc.constant('capabilities' as const),
    capabilities: fc.array(fc.record({ function: byte, compliance: byte, items: byte }), { maxLength: 20 }),
  }),
  fc.record({ name: fc.constant('local-status' as const), tamper: byte, power: byte }),
  fc.record({ name: fc.constant('input-status' as const), inputs: some(0, 16) }),
  fc.record({ name: fc.constant('output-status' as const), outputs: some(0, 16) }),
  fc.record({ name: fc.constant('reader-status' as const), readers: some(0, 4) }),
  fc
    .nat(300)
    .chain((count) => fc.tuple(fc.constant(count), some(Math.ceil(count / 8)), byte, byte))
    .map(([count, bytes, reader, format]) => ({ name: 'raw' as const, reader, format, bits: { count, bytes } })),
  fc.record({ name: fc.constant('formatted' as const), reader: byte, direction: byte, characters: some(0, 40) }),
  fc.record({ name: fc.constant('keypad' as const), reader: byte, digits: some(0, 40) }),
  fc.record({ name: fc.constant('communication' as const), address: byte, baudRate: long }),
  fc.record({
    name: fc.constant('challenge' as const),
    clientId: some(8),
    random: some(8),
    cryptogram: some(16),
  }),
  fc.record({ name: fc.constant('initial-mac' as const), mac: some(16) }),
  fc.record({
    name: fc.constant('file-status' as const),
    control: byte,
    delay: word,
    status: fc.integer({ min: -0x8000, max: 0x7fff }),
    receiveSize: word,
  }),
  fc.record({ name: fc.constant('manufacturer' as const), vendor: some(3), data: some(0, 40) }),
);

describe('messages', () => {
  it('mean the same on the other side', () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        expect(commands.decode(commands.encode(command))).toEqual(command);
      }),
    );
    fc.assert(
      fc.property(anyReply, (reply) => {
        expect(replies.decode(replies.encode(reply))).toEqual(reply);
      }),
    );
  });

  it('survive any bytes, and are none where too few are there', () => {
    fc.assert(
      fc.property(byte, some(0, 60), (code, data) => {
        expect(() => replies.decode({ code, data })).not.toThrow();
        expect(() => commands.decode({ code, data })).not.toThrow();
      }),
    );
    expect(replies.decode({ code: 0x50, data: unhex('00001a008000') })).toBeUndefined();
    expect(replies.decode({ code: 0x53, data: unhex('000431') })).toBeUndefined();
    expect(replies.decode({ code: 0x99, data: new Uint8Array() })).toBeUndefined();
  });

  it('that no field can hold are bugs', () => {
    expect(() => commands.encode({ name: 'keep-active', milliseconds: 0x10000 })).toThrow(RangeError);
    expect(() => commands.encode({ name: 'challenge', random: new Uint8Array(7) })).toThrow(RangeError);
    expect(() => encodePacket(head(0), { code: 0x80, data: new Uint8Array(1_440) })).toThrow(RangeError);
    expect(() => encodePacket(head(0, { address: 200 }), { code: 0x60, data: new Uint8Array() })).toThrow(RangeError);
  });
});

const heads = fc.record({
  address: fc.nat(0x7f),
  sequence: fc.nat(3),
  check: fc.constantFrom<'crc' | 'checksum'>('crc', 'checksum'),
});

describe('frames', () => {
  it('mean the same to the simulator, which reads them by itself', () => {
    fc.assert(
      fc.property(heads, anyCommand, (part, command) => {
        const payload = commands.encode(command);
        const read = readCommand(Buffer.from(encodePacket({ ...part, isReply: false }, payload)));
        if (typeof read === 'string') throw new Error(read);
        const { address, sequence, usesCrc, code, data } = read.command;
        expect({ address, sequence, check: usesCrc ? 'crc' : 'checksum' }).toEqual(part);
        expect({ code, data }).toEqual(payload);
      }),
    );
  });

  it('have room for what is said to have room', () => {
    const sizeOf = (data: number, secure: boolean): number => {
      const padded = secure ? (Math.floor(data / 16) + 1) * 16 : data;
      const payload = { code: 0x7c, data: new Uint8Array(padded) };
      return secure
        ? encodePacket(
            { ...head(1), security: { type: 0x17, data: new Uint8Array() } },
            payload,
            () => new Uint8Array(16),
          ).length
        : encodePacket(head(1), payload).length;
    };
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 1_440 }), fc.boolean(), (frameSize, secure) => {
        const room = roomForData(frameSize, secure);
        expect(sizeOf(room, secure)).toBeLessThanOrEqual(frameSize);
        expect(sizeOf(room, secure)).toBeGreaterThan(frameSize - 17);
      }),
    );
  });
});

/** The checksum of one byte lets one in 256 spoilt frames pass, so what must not pass is guarded by the CRC. */
framerConformance('OSDP reply', {
  create: () => createPacketFramer('reply'),
  frames: fc.tuple(fc.nat(0x7f), fc.nat(3), anyReply, fc.boolean()).map(([address, sequence, reply, isMarked]) => {
    const frame = encodePacket({ address, sequence, isReply: true, check: 'crc' }, replies.encode(reply));
    return isMarked ? Uint8Array.of(0xff, ...frame) : frame;
  }),
  bytesOf: ({ bytes }) => bytes,
  falseStart: unhex('ff5381a00504'),
});

framerConformance('OSDP command', {
  create: () => createPacketFramer('command'),
  frames: fc.tuple(fc.nat(0x7e), fc.nat(3), anyCommand, fc.boolean()).map(([address, sequence, command, isMarked]) => {
    const frame = encodePacket({ address, sequence, isReply: false, check: 'crc' }, commands.encode(command));
    return isMarked ? Uint8Array.of(0xff, ...frame) : frame;
  }),
  bytesOf: ({ bytes }) => bytes,
  falseStart: unhex('ff5301a00504'),
});
