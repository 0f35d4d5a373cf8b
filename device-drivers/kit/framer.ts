/** What a framer makes of a run of bytes, in the order in which they came. */
export type Framed<F> =
  | { readonly kind: 'frame'; readonly frame: F }
  /** Bytes that belong to no good frame: noise, a torn frame, a bad checksum. They travel on so that people can see them. */
  | { readonly kind: 'discarded'; readonly bytes: Uint8Array; readonly why: DiscardReason };

export type DiscardReason = 'noise' | 'checksum' | 'length' | 'timeout' | 'overflow';

/**
 * Cuts a byte stream into frames. Bounded (never holds more than `limit` bytes), linear in the bytes it is given, and
 * resynchronises *inside* a bad frame: after a false start it looks for the next preamble from the byte after it.
 */
export interface Framer<F> {
  /** The most bytes that it will ever hold. */
  readonly limit: number;
  /** Takes the next bytes. The result does not alias `bytes`. */
  push(bytes: Uint8Array): Framed<F>[];
  /** The line has been quiet for longer than a frame may pause: gives up what is half here, looking for frames inside it. */
  flush(): Framed<F>[];
}
