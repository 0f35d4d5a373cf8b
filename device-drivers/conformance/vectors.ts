import { isDeepStrictEqual } from 'node:util';
import { hex } from './random.ts';

/** Why protocols of messages have no checks of a framer. */
export const MESSAGES_ARE_WHOLE = 'messages come whole: there is no byte stream to cut';

export const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** @throws {Error} with both, when they differ. */
export function sameBytes(got: Uint8Array, expected: Uint8Array): void {
  if (hex(got) !== hex(expected)) throw new Error(`${hex(got)} instead of ${hex(expected)}`);
}

/** @throws {Error} with both, when they differ. Bytes are compared as their hex. */
export function sameValue(got: unknown, expected: unknown): void {
  const left = JSON.stringify(got, bytesAsHex);
  const right = JSON.stringify(expected, bytesAsHex);
  if (!isDeepStrictEqual(parse(left), parse(right))) throw new Error(`${left} instead of ${right}`);
}

const bytesAsHex = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? hex(value) : value);
const parse = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));
