/** Bytes that come at the end and go at the front. Each is copied a few times at the most, whatever the pieces are. */
export interface ByteQueue {
  /** What is held now; good until the next call. */
  readonly held: Buffer;
  push(bytes: Uint8Array): void;
  /** Lets the first bytes go. */
  drop(count: number): void;
}

const LEAST = 1_024;

export function createByteQueue(): ByteQueue {
  let buffer = Buffer.alloc(LEAST);
  let [head, tail] = [0, 0];
  return {
    get held() {
      return buffer.subarray(head, tail);
    },
    push: (bytes) => {
      if (tail + bytes.length > buffer.length) {
        const kept = tail - head;
        // Half of it stays free: before the next move as many bytes must have come as are moved.
        const room = Math.max(LEAST, 2 * (kept + bytes.length));
        if (room > buffer.length || room * 4 < buffer.length) {
          const next = Buffer.alloc(room);
          next.set(buffer.subarray(head, tail));
          buffer = next;
        } else buffer.copyWithin(0, head, tail);
        [head, tail] = [0, kept];
      }
      buffer.set(bytes, tail);
      tail += bytes.length;
    },
    drop: (count) => {
      head = Math.min(tail, head + count);
      if (head === tail) head = tail = 0;
    },
  };
}
