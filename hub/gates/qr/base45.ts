const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character, value]));

/** Base45 (RFC 9285): what a QR code holds most tightly in its alphanumeric mode. */
export function toBase45(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 2) {
    const first = bytes[index] ?? 0;
    const second = bytes[index + 1];
    const value = second === undefined ? first : first * 256 + second;
    text += ALPHABET.charAt(value % 45) + ALPHABET.charAt(Math.floor(value / 45) % 45);
    if (second !== undefined) text += ALPHABET.charAt(Math.floor(value / 2_025));
  }
  return text;
}

/** Undefined for text that no bytes encode to. */
export function fromBase45(text: string): Uint8Array | undefined {
  if (text.length % 3 === 1) return undefined;
  const bytes: number[] = [];
  for (let index = 0; index < text.length; index += 3) {
    const group = Array.from(text.slice(index, index + 3), (character) => VALUES.get(character) ?? Number.NaN);
    const value = group.reduceRight((sum, digit) => sum * 45 + digit, 0);
    const size = group.length - 1;
    // A character that is not of the alphabet makes NaN, which no comparison lets through.
    if (!(value < 256 ** size)) return undefined;
    if (size === 2) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}
