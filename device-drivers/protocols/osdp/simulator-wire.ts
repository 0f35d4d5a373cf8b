import { createCipheriv, createDecipheriv } from 'node:crypto';

/*
 * The reader's side of the wire, written from the protocol's description alone. It shares no code with the driver, so that
 * neither can make good the other's mistakes: the CRC goes bit by bit, chaining is done by hand over single blocks.
 */

/** A command as it came, its check already verified. */
export interface WireCommand {
  readonly address: number;
  readonly sequence: number;
  readonly usesCrc: boolean;
  /** Type and data of the security control block. */
  readonly block: readonly number[] | undefined;
  readonly code: number;
  /** As it came: with secure block 17 still encrypted. */
  readonly data: Uint8Array;
  /** The 4 bytes of code behind the data, and what they cover. */
  readonly mac: Uint8Array | undefined;
  readonly covered: Uint8Array;
  readonly whole: string;
}

export function wireCrc(bytes: Uint8Array): number {
  let crc = 0x1d0f;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const carry = ((crc >> 15) & 1) ^ ((byte >> bit) & 1);
      crc = (crc << 1) & 0xffff;
      if (carry === 1) crc ^= 0x1021;
    }
  }
  return crc;
}

export function wireChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (sum + byte) % 256;
  return (256 - sum) % 256;
}

/** What the buffer begins with: a command, nothing whole yet, or a byte to drop. */
export function readCommand(
  buffer: Buffer,
): { readonly command: WireCommand; readonly size: number } | 'more' | 'junk' {
  if (buffer[0] !== 0x53) return buffer.length === 0 ? 'more' : 'junk';
  if (buffer.length < 5) return 'more';
  const size = buffer.readUInt16LE(2);
  if (size < 7 || size > 1_440) return 'junk';
  if (buffer.length < size) return 'more';
  const control = buffer.readUInt8(4);
  const usesCrc = (control & 4) !== 0;
  const inside = buffer.subarray(0, usesCrc ? size - 2 : size - 1);
  const isGood = usesCrc
    ? wireCrc(inside) === buffer.readUInt16LE(size - 2)
    : wireChecksum(inside) === buffer.readUInt8(size - 1);
  if (!isGood || buffer.readUInt8(1) > 0x7f) return 'junk';
  const block = (control & 8) === 0 ? undefined : [...inside.subarray(6, 5 + inside.readUInt8(5))];
  const codeAt = block ? 6 + block.length : 5;
  const isMacked = block !== undefined && (block[0] ?? 0) >= 0x15;
  const end = isMacked ? inside.length - 4 : inside.length;
  if (end <= codeAt) return 'junk';
  return {
    size,
    command: {
      address: buffer.readUInt8(1),
      sequence: control & 3,
      usesCrc,
      block,
      code: inside.readUInt8(codeAt),
      data: Uint8Array.from(inside.subarray(codeAt + 1, end)),
      mac: isMacked ? Uint8Array.from(inside.subarray(end)) : undefined,
      covered: Uint8Array.from(inside.subarray(0, end)),
      whole: buffer.subarray(0, size).toString('hex'),
    },
  };
}

export interface WireReply {
  readonly address: number;
  readonly sequence: number;
  readonly usesCrc: boolean;
  readonly block?: readonly number[] | undefined;
  readonly code: number;
  readonly data: Uint8Array;
}

/** The bytes of a reply; `sign` gives the code over everything before it. */
export function writeReply(reply: WireReply, sign?: (covered: Uint8Array) => Uint8Array): Buffer {
  const { address, sequence, usesCrc, block, code, data } = reply;
  const scb = block ? [block.length + 1, ...block] : [];
  const size = 5 + scb.length + 1 + data.length + (sign ? 4 : 0) + (usesCrc ? 2 : 1);
  const control = sequence + (usesCrc ? 4 : 0) + (block ? 8 : 0);
  const covered = Buffer.from([0x53, 0x80 + address, size % 256, size >> 8, control, ...scb, code, ...data]);
  const signed = sign ? Buffer.concat([covered, sign(covered).subarray(0, 4)]) : covered;
  if (!usesCrc) return Buffer.concat([signed, Buffer.of(wireChecksum(signed))]);
  const crc = wireCrc(signed);
  return Buffer.concat([signed, Buffer.of(crc % 256, crc >> 8)]);
}

/** The reader's half of the secure channel. */
export interface WireSession {
  readonly enc: Uint8Array;
  readonly mac1: Uint8Array;
  readonly mac2: Uint8Array;
  /** The panel's last code and the reader's own. */
  commandMac: Uint8Array;
  replyMac: Uint8Array;
}

export function aes(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  return Uint8Array.from(cipher.update(block).subarray(0, 16));
}

function aesBack(key: Uint8Array, block: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-128-ecb', key, null);
  decipher.setAutoPadding(false);
  return Uint8Array.from(decipher.update(block).subarray(0, 16));
}

export function sessionKey(key: Uint8Array, panelRandom: Uint8Array, prefix: readonly [number, number]): Uint8Array {
  return aes(key, Uint8Array.from([...prefix, ...panelRandom.slice(0, 6), 0, 0, 0, 0, 0, 0, 0, 0]));
}

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, index) => byte ^ (b[index] ?? 0));
const flip = (a: Uint8Array): Uint8Array => a.map((byte) => 0xff - byte);

function blocksOf(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / 16 }, (_, index) => bytes.slice(index * 16, index * 16 + 16));
}

function filled(bytes: Uint8Array): Uint8Array {
  const zeros = 15 - (bytes.length % 16);
  return Uint8Array.from([...bytes, 0x80, ...new Array<number>(zeros).fill(0)]);
}

export function sign(session: WireSession, iv: Uint8Array, covered: Uint8Array): Uint8Array {
  const blocks = blocksOf(covered.length % 16 === 0 ? covered : filled(covered));
  return blocks.reduce(
    (chain, block, index) => aes(index === blocks.length - 1 ? session.mac2 : session.mac1, xor(block, chain)),
    iv,
  );
}

export function hide(session: WireSession, lastMac: Uint8Array, data: Uint8Array): Uint8Array {
  let chain = flip(lastMac);
  const out: number[] = [];
  for (const block of blocksOf(filled(data))) {
    chain = aes(session.enc, xor(block, chain));
    out.push(...chain);
  }
  return Uint8Array.from(out);
}

export function reveal(session: WireSession, lastMac: Uint8Array, data: Uint8Array): Uint8Array {
  let chain = flip(lastMac);
  const out: number[] = [];
  for (const block of blocksOf(data)) {
    out.push(...xor(aesBack(session.enc, block), chain));
    chain = block;
  }
  return Uint8Array.from(out.slice(0, out.lastIndexOf(0x80)));
}
