import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';

/** What a client may send before and after it has proved who it is, in bytes of one MQTT packet. */
export interface PacketLimits {
  readonly beforeLogin: number;
  readonly afterLogin: number;
}

export const PACKET_LIMITS: PacketLimits = { beforeLogin: 16 * 1024, afterLogin: 256 * 1024 };

/**
 * Passes MQTT bytes on while it watches packet lengths, and breaks the stream as soon as a header announces too much. The
 * broker itself has no limit and would buffer what an unauthenticated socket announces (MQTT 3.1.1, 2.2.3: up to 256 MiB).
 */
export class FramingGuard extends Transform {
  readonly #limits: PacketLimits;
  #limit: number;
  /** Bytes of the current packet's body still to come; undefined while its header is being read. */
  #body: number | undefined;
  /** Bytes of the remaining-length field read so far; -1 before the first header byte. */
  #lengthBytes = -1;
  #length = 0;

  constructor(limits: PacketLimits = PACKET_LIMITS) {
    super();
    this.#limits = limits;
    this.#limit = limits.beforeLogin;
  }

  /** The client has logged in: larger packets are allowed from now on. */
  trust(): void {
    this.#limit = this.#limits.afterLogin;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#body !== undefined) {
        const taken = Math.min(this.#body, chunk.length - at);
        at += taken;
        this.#body = this.#body === taken ? undefined : this.#body - taken;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (this.#lengthBytes < 0) {
        this.#lengthBytes = 0;
        this.#length = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes;
      this.#lengthBytes += 1;
      if ((byte & 0x80) === 0) {
        if (this.#length > this.#limit) {
          done(new Error(`packet of ${this.#length} bytes; ${this.#limit} are allowed`));
          return;
        }
        this.#body = this.#length === 0 ? undefined : this.#length;
        this.#lengthBytes = -1;
      } else if (this.#lengthBytes === 4) {
        done(new Error('malformed packet length'));
        return;
      }
    }
    done(null, chunk);
  }
}
