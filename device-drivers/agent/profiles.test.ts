import { describe, expect, it } from 'vitest';
import { manualClock, unwrap } from '@hallhub/sync/base';
import { type Vector, builtInProfiles, loadVectors } from '@hallhub/firmware-profiles/schema';
import { silentLog } from '../kit/index.ts';
import {
  type ModbusRequest,
  createReplyFramer as modbusFramer,
  decodeBits,
  encodeRequest,
} from '../protocols/modbus/rtu-frames.ts';
import {
  type Command,
  createReplyFramer as readerFramer,
  decodeCommand,
  encodeCommand,
  encodeReply,
} from '../protocols/resident-id/frames.ts';
import { createMemoryLine } from '../transports/index.ts';
import { builtInProtocols } from './index.ts';

const unhex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Runs one vector both ways, as far as the protocol has both. */
type VectorRun = (vector: Vector) => void;

const runs: Readonly<Record<string, VectorRun>> = {
  'resident-id': ({ direction, hex, message }) => {
    if (direction === 'request') {
      expect(decodeCommand(unhex(hex))).toEqual(message);
      expect(hexOf(encodeCommand(message as unknown as Command))).toBe(hex);
      return;
    }
    const [framed] = readerFramer().push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const { sw1, sw2, sw3, data } = framed.frame;
    expect({ sw1, sw2, sw3, data: hexOf(data) }).toEqual(message);
    expect(hexOf(encodeReply({ sw1, sw2, sw3, data }))).toBe(hex);
  },
  'modbus-rtu': ({ direction, hex, message }) => {
    if (direction === 'request') {
      expect(hexOf(encodeRequest(message as unknown as ModbusRequest))).toBe(hex);
      return;
    }
    const { request, bits } = message as unknown as { request: ModbusRequest; bits?: readonly boolean[] };
    const [framed] = modbusFramer(request).push(unhex(hex));
    if (framed?.kind !== 'frame') throw new Error('no frame');
    if (bits) expect(decodeBits(framed.frame, bits.length)).toEqual(bits);
    else expect(framed.frame.exception).toBeUndefined();
  },
  ipp: ({ hex, message }) => {
    expect(readIpp(Buffer.from(hex, 'hex'))).toEqual(message);
  },
};

/** IPP as RFC 8010 lays it out, as much of it as the vectors use; read here a second time, apart from any driver. */
function readIpp(bytes: Buffer): object {
  const types: Readonly<Record<number, string>> = {
    0x23: 'enum',
    0x44: 'keyword',
    0x45: 'uri',
    0x47: 'charset',
    0x48: 'naturalLanguage',
  };
  const groups: { tag: number; attributes: object[] }[] = [];
  let at = 8;
  const counted = (): Buffer => {
    const length = bytes.readUInt16BE(at);
    at += 2 + length;
    return bytes.subarray(at - length, at);
  };
  while (bytes[at] !== 0x03) {
    const tag = bytes.readUInt8(at);
    at += 1;
    if (tag < 0x10) {
      groups.push({ tag, attributes: [] });
      continue;
    }
    const name = counted().toString();
    const raw = counted();
    const type = types[tag] ?? `tag ${tag}`;
    groups.at(-1)?.attributes.push({ name, type, value: type === 'enum' ? raw.readInt32BE(0) : raw.toString() });
  }
  return {
    version: `${bytes.readUInt8(0)}.${bytes.readUInt8(1)}`,
    code: bytes.readUInt16BE(2),
    requestId: bytes.readUInt32BE(4),
    groups,
  };
}

describe.each(builtInProfiles().list())('profile $id', (profile) => {
  const vectors = unwrap(loadVectors(profile.id));

  it.each(vectors)('vector: $direction, $name', (vector) => {
    const run = runs[profile.protocol];
    if (!run) throw new Error(`no test knows the vectors of protocol ${profile.protocol}`);
    run(vector);
  });

  const protocol = builtInProtocols.find(({ name }) => name === profile.protocol);
  if (!protocol || profile.transport.kind === 'url') return;
  it('makes a driver with the capabilities that it promises', () => {
    const connected = protocol.connect(
      { transport: { kind: 'memory', name: 'x' }, devices: [{ deviceId: 'device', params: profile.params }] },
      {
        clock: manualClock(),
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: true, value: createMemoryLine({ name: 'x' }).host }),
      },
    );
    const [driver] = unwrap(connected);
    expect(Object.keys(driver?.capabilities ?? {}).sort()).toEqual([...profile.capabilities].sort());
  });
});
