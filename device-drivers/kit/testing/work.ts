import { vi } from 'vitest';

export interface Work {
  /** Bytes that were copied between arrays. */
  readonly copied: number;
  /** Bytes in which something was searched for. */
  readonly searched: number;
  /** The largest buffer that was taken, in bytes. */
  readonly largest: number;
}

/** What some work costs, apart from how fast the machine is. */
export function countWork(work: () => void): Work {
  let [copied, searched, largest] = [0, 0, 0];
  const allocate = Buffer.alloc.bind(Buffer);
  const spies = [
    vi.spyOn(Uint8Array.prototype, 'set').mockImplementation(function (
      this: Uint8Array,
      from: ArrayLike<number>,
      to = 0,
    ) {
      copied += from.length;
      for (let index = 0; index < from.length; index += 1) this[to + index] = from[index] ?? 0;
    }),
    vi.spyOn(Uint8Array.prototype, 'slice').mockImplementation(function (this: Uint8Array, from = 0, to = this.length) {
      const result = Uint8Array.from(this.subarray(from, to));
      copied += result.length;
      return result;
    }),
    vi.spyOn(Uint8Array.prototype, 'copyWithin').mockImplementation(function (
      this: Uint8Array,
      target: number,
      from: number,
      to = this.length,
    ) {
      copied += to - from;
      for (let index = 0; index < to - from; index += 1) this[target + index] = this[from + index] ?? 0;
      return this;
    }),
    vi.spyOn(Buffer, 'alloc').mockImplementation((size) => {
      largest = Math.max(largest, size);
      return allocate(size);
    }),
  ];
  const stopWatching = watchSearches((bytes) => {
    searched += bytes;
  });
  try {
    work();
  } finally {
    stopWatching();
    for (const spy of spies) spy.mockRestore();
  }
  return { copied, searched, largest };
}

/** `indexOf` has overloads that no mock can be typed as. */
function watchSearches(on: (bytes: number) => void): () => void {
  const search = Object.getOwnPropertyDescriptor(Buffer.prototype, 'indexOf') as {
    readonly value: (this: Buffer, ...args: readonly unknown[]) => number;
  };
  Object.defineProperty(Buffer.prototype, 'indexOf', {
    ...search,
    value(this: Buffer, ...args: readonly unknown[]): number {
      const from = typeof args[1] === 'number' ? args[1] : 0;
      const found = Reflect.apply(search.value, this, args);
      on((found < 0 ? this.length : found) - from);
      return found;
    },
  });
  return () => {
    Object.defineProperty(Buffer.prototype, 'indexOf', search);
  };
}

/** Methods of an array that look at part of it; whichever else is called looks at all of it. */
const LOOKS_AT_NONE: ReadonlySet<PropertyKey> = new Set(['subarray', 'set', 'copyWithin', 'slice']);

/**
 * Runs what makes its buffers by `new Uint8Array(size)`, such as a framer, with buffers that count how many of their bytes are
 * looked at, one by one or by a method.
 */
export function countLooks<T>(make: () => T, use: (made: T) => void): number {
  let looked = 0;
  const watched = (array: Uint8Array): Uint8Array =>
    new Proxy(array, {
      get: (target, name) => {
        if (typeof name === 'string' && /^\d+$/.test(name)) looked += 1;
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: readonly unknown[]): unknown => {
          const result: unknown = Reflect.apply(value, target, args);
          if (name === 'indexOf') looked += (result === -1 ? target.length : Number(result)) - Number(args[1] ?? 0);
          else if (!LOOKS_AT_NONE.has(name)) looked += target.length;
          return name === 'subarray' ? watched(result as Uint8Array) : result;
        };
      },
    });
  vi.stubGlobal(
    'Uint8Array',
    new Proxy(Uint8Array, {
      construct: (target, args: readonly unknown[]) => {
        const made = Reflect.construct(target, args) as Uint8Array;
        return typeof args[0] === 'number' ? watched(made) : made;
      },
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      },
    }),
  );
  let made: T;
  try {
    made = make();
  } finally {
    vi.unstubAllGlobals();
  }
  use(made);
  return looked;
}
