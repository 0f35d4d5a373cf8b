import { randomFillSync } from 'node:crypto';
import type { EpochMs } from './time.ts';

/** Random bytes; passed in so that tests are repeatable. */
export type RandomBytes = (size: number) => Uint8Array;

export const systemRandom: RandomBytes = (size) => randomFillSync(new Uint8Array(size));

/** A number in [0, 1) with 32 bits of randomness, for jitter. */
export function fraction(random: RandomBytes): number {
  const bytes = random(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32;
}

/** A UUIDv7 (RFC 9562, 5.7): sorts by creation time, 74 random bits. */
export function uuidv7(now: EpochMs, random: RandomBytes = systemRandom): string {
  const bytes = new Uint8Array(16);
  bytes.set(random(10), 6);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(now / 2 ** 32));
  view.setUint32(2, now % 2 ** 32);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
