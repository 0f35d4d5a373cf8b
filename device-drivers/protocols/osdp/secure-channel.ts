import { createCipheriv, createDecipheriv, timingSafeEqual } from 'node:crypto';

/*
 * The OSDP secure channel, AES-128 (OSDP 2.2, annex D). A is the panel's random number, B the reader's, 8 bytes each.
 */

/** The key that every reader has before it gets its own: known to everybody. */
export const DEFAULT_KEY: Uint8Array = Uint8Array.from({ length: 16 }, (_, index) => 0x30 + index);

/** Security block types. Even ones come from the reader. */
export const SCS = {
  challenge: 0x11,
  challengeReply: 0x12,
  panelCryptogram: 0x13,
  initialMac: 0x14,
  command: 0x15,
  reply: 0x16,
  encryptedCommand: 0x17,
  encryptedReply: 0x18,
} as const;

/** Keys of one session. Never logged, never leave the session. */
export interface SessionKeys {
  readonly encryption: Uint8Array;
  readonly mac1: Uint8Array;
  readonly mac2: Uint8Array;
}

const BLOCK = 16;
const PAD = 0x80;

export function deriveKeys(key: Uint8Array, panelRandom: Uint8Array): SessionKeys {
  const derive = (first: number, second: number): Uint8Array => {
    const block = new Uint8Array(BLOCK);
    block.set([first, second, ...panelRandom.subarray(0, 6)]);
    return encryptBlock(key, block);
  };
  return { encryption: derive(0x01, 0x82), mac1: derive(0x01, 0x01), mac2: derive(0x01, 0x02) };
}

/** What a reader proves its key with. */
export function readerCryptogram(keys: SessionKeys, panelRandom: Uint8Array, readerRandom: Uint8Array): Uint8Array {
  return encryptBlock(keys.encryption, Uint8Array.from([...panelRandom, ...readerRandom]));
}

/** What a panel proves its key with. */
export function panelCryptogram(keys: SessionKeys, panelRandom: Uint8Array, readerRandom: Uint8Array): Uint8Array {
  return encryptBlock(keys.encryption, Uint8Array.from([...readerRandom, ...panelRandom]));
}

/** The reader's first code, with which the chain begins. */
export function initialMac(keys: SessionKeys, cryptogram: Uint8Array): Uint8Array {
  return encryptBlock(keys.mac2, encryptBlock(keys.mac1, cryptogram));
}

/** All 16 bytes of the code over `message`; `iv` is the other side's last one. */
export function messageMac(keys: SessionKeys, iv: Uint8Array, message: Uint8Array): Uint8Array {
  const padded = message.length % BLOCK === 0 && message.length > 0 ? message : pad(message);
  const last = padded.length - BLOCK;
  const chained = last === 0 ? iv : cbc(keys.mac1, iv, padded.subarray(0, last)).subarray(last - BLOCK);
  return cbc(keys.mac2, chained, padded.subarray(last));
}

/** `lastMac` is the other side's last code. */
export function encryptData(keys: SessionKeys, lastMac: Uint8Array, data: Uint8Array): Uint8Array {
  return cbc(keys.encryption, inverted(lastMac), pad(data));
}

/** Undefined where the padding shows that it is no ciphertext of this session. */
export function decryptData(keys: SessionKeys, lastMac: Uint8Array, data: Uint8Array): Uint8Array | undefined {
  if (data.length === 0 || data.length % BLOCK !== 0) return undefined;
  const decipher = createDecipheriv('aes-128-cbc', keys.encryption, inverted(lastMac)).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(data), decipher.final()]);
  let end = plain.length - 1;
  while (end > 0 && plain[end] === 0) end -= 1;
  return plain[end] === PAD ? Uint8Array.from(plain.subarray(0, end)) : undefined;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function encryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Uint8Array.from(Buffer.concat([cipher.update(block), cipher.final()]));
}

function cbc(key: Uint8Array, iv: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
  return Uint8Array.from(Buffer.concat([cipher.update(blocks), cipher.final()]));
}

function pad(data: Uint8Array): Uint8Array {
  const padded = new Uint8Array((Math.floor(data.length / BLOCK) + 1) * BLOCK);
  padded.set(data);
  padded[data.length] = PAD;
  return padded;
}

function inverted(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => ~byte & 0xff);
}
