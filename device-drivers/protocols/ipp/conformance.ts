import type { ProtocolConformance } from '../../conformance/types.ts';
import { sameValue } from '../../conformance/vectors.ts';

/** Printers over IPP. They speak HTTP: what a line does to bytes is TCP's business here. */
export const ippConformance: ProtocolConformance = {
  protocol: 'ipp',
  deviceFaults: [],
  checkVector: ({ hex, message }) => {
    sameValue(readIpp(Buffer.from(hex, 'hex')), message);
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
