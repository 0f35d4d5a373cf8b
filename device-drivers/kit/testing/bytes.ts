import fc from 'fast-check';

/** The bytes, cut into chunks of random size: a line keeps no message boundaries. */
export function chunked(bytes: Uint8Array): fc.Arbitrary<readonly Uint8Array[]> {
  return fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 40 }).map((sizes) => {
    const chunks: Uint8Array[] = [];
    for (let at = 0, index = 0; at < bytes.length; index += 1) {
      const size = sizes[index % sizes.length] ?? 1;
      chunks.push(bytes.subarray(at, at + size));
      at += size;
    }
    return chunks;
  });
}

/** Repeatable pseudo-random bytes (xorshift32), any amount of them, fast. */
export function noise(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed | 1;
  for (let index = 0; index < size; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}

/** A frame, spoilt: cut short, one bit flipped, doubled, or with bytes in front. */
export function mangled(frame: Uint8Array): fc.Arbitrary<Uint8Array> {
  const position = fc.integer({ min: 0, max: frame.length - 1 });
  return fc.oneof(
    position.map((length) => frame.slice(0, length)),
    fc.tuple(position, fc.integer({ min: 0, max: 7 })).map(([at, bit]) => {
      const copy = frame.slice();
      copy[at] = (copy[at] ?? 0) ^ (1 << bit);
      return copy;
    }),
    fc.constant(Uint8Array.from([...frame, ...frame])),
    fc.uint8Array({ maxLength: 16 }).map((prefix) => Uint8Array.from([...prefix, ...frame])),
  );
}
