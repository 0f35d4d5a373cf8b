/** A place in a message's bytes; reading moves it on. */
interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

/**
 * How a value lies in bytes: one declaration gives encoder, decoder and type.
 *
 *     const status = record({ machine: u8, left: u24be, right: u24be });
 *     decode(status, bytes)?.left
 *
 * Numbers are little-endian unless their name says `be`.
 */
export interface Layout<T> {
  /** The value at the cursor; undefined when the bytes are too short for it. */
  read(cursor: Cursor): T | undefined;
  /** @throws {RangeError} for a value that the layout cannot hold: a bug of the caller. */
  write(value: T, into: number[]): void;
}

export type Laid<L> = L extends Layout<infer T> ? T : never;

/** A value that fills all of the bytes; undefined when they are too few or too many. */
export function decode<T>(layout: Layout<T>, from: Uint8Array): T | undefined {
  const cursor = { bytes: from, at: 0 };
  const value = layout.read(cursor);
  return cursor.at === from.length ? value : undefined;
}

/** @throws {RangeError} for a value that the layout cannot hold: a bug of the caller. */
export function encode<T>(layout: Layout<T>, value: T): Uint8Array {
  const into: number[] = [];
  layout.write(value, into);
  return Uint8Array.from(into);
}

function integer(size: number, signed = false): Layout<number> {
  const span = 2 ** (8 * size);
  const [least, most] = signed ? [-span / 2, span / 2 - 1] : [0, span - 1];
  return {
    read: (cursor) => {
      if (cursor.at + size > cursor.bytes.length) return undefined;
      let value = 0;
      for (let index = size - 1; index >= 0; index -= 1) value = value * 256 + (cursor.bytes[cursor.at + index] ?? 0);
      cursor.at += size;
      return value > most ? value - span : value;
    },
    write: (value, into) => {
      if (!Number.isInteger(value) || value < least || value > most) {
        throw new RangeError(`${value} is not within ${least}–${most}`);
      }
      let rest = value < 0 ? value + span : value;
      for (let index = 0; index < size; index += 1) {
        into.push(rest % 256);
        rest = Math.floor(rest / 256);
      }
    },
  };
}

/** The same with the high byte first. */
function bigEndian(size: number, little: Layout<number>): Layout<number> {
  return {
    read: (cursor) => {
      const turned = take(cursor, size)?.reverse();
      return turned && little.read({ bytes: turned, at: 0 });
    },
    write: (value, into) => {
      const written: number[] = [];
      little.write(value, written);
      into.push(...written.reverse());
    },
  };
}

export const u8 = integer(1);
export const u16 = integer(2);
export const u32 = integer(4);
export const i16 = integer(2, true);
export const u24be = bigEndian(3, integer(3));

/** Exactly `size` bytes. */
export function bytes(size: number): Layout<Uint8Array> {
  return {
    read: (cursor) => take(cursor, size),
    write: (value, into) => {
      if (value.length !== size) throw new RangeError(`${value.length} bytes where ${size} belong`);
      into.push(...value);
    },
  };
}

/** Everything up to the end. */
export const rest: Layout<Uint8Array> = {
  read: (cursor) => take(cursor, cursor.bytes.length - cursor.at),
  write: (value, into) => {
    into.push(...value);
  },
};

/** Bytes with their number in front. */
export function counted(count: Layout<number>): Layout<Uint8Array> {
  return {
    read: (cursor) => {
      const size = count.read(cursor);
      return size === undefined ? undefined : take(cursor, size);
    },
    write: (value, into) => {
      count.write(value.length, into);
      into.push(...value);
    },
  };
}

/** Bits, the first one in the most significant place of the first byte. */
export interface BitString {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** Bits with their number in front. */
export function countedBits(count: Layout<number>): Layout<BitString> {
  return {
    read: (cursor) => {
      const bits = count.read(cursor);
      if (bits === undefined) return undefined;
      const data = take(cursor, Math.ceil(bits / 8));
      return data && { count: bits, bytes: data };
    },
    write: (value, into) => {
      if (value.bytes.length !== Math.ceil(value.count / 8)) {
        throw new RangeError(`${value.bytes.length} bytes cannot be ${value.count} bits`);
      }
      count.write(value.count, into);
      into.push(...value.bytes);
    },
  };
}

/** As many of them as there are. */
export function repeated<T>(one: Layout<T>): Layout<readonly T[]> {
  return {
    read: (cursor) => {
      const values: T[] = [];
      while (cursor.at < cursor.bytes.length) {
        const value = one.read(cursor);
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
    write: (values, into) => {
      for (const value of values) one.write(value, into);
    },
  };
}

/** Named fields, one behind the other. */
export function record<F extends Readonly<Record<string, Layout<unknown>>>>(
  fields: F,
): Layout<{ readonly [K in keyof F]: Laid<F[K]> }> {
  type Value = { readonly [K in keyof F]: Laid<F[K]> };
  const entries = Object.entries(fields) as unknown as readonly (readonly [keyof F, Layout<unknown>])[];
  return {
    read: (cursor) => {
      const value: Partial<Record<keyof F, unknown>> = {};
      for (const [name, field] of entries) {
        const part = field.read(cursor);
        if (part === undefined) return undefined;
        value[name] = part;
      }
      return value as Value;
    },
    write: (value, into) => {
      for (const [name, field] of entries) field.write(value[name], into);
    },
  };
}

function take(cursor: Cursor, size: number): Uint8Array | undefined {
  if (size < 0 || cursor.at + size > cursor.bytes.length) return undefined;
  cursor.at += size;
  return cursor.bytes.slice(cursor.at - size, cursor.at);
}
