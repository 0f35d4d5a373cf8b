import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Duplex } from 'node:stream';

/** A write of which the stream machinery made several. */
interface Piece {
  readonly chunk: Buffer | string;
  readonly encoding: BufferEncoding;
}

/**
 * A socket that is read through `guard` and written to directly. What is corked leaves in one system call, so that the
 * acknowledgements of one commit are one write for each connection (`Duplex.from` makes one of each).
 */
export class GuardedConnection extends Duplex {
  readonly #guard: Readable;
  readonly #socket: Socket;

  constructor(socket: Socket, guard: Readable) {
    super();
    this.#guard = guard;
    this.#socket = socket;
    guard.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) guard.pause();
    });
    guard.once('end', () => this.push(null));
    socket.once('close', () => this.destroy());
  }

  override _read(): void {
    this.#guard.resume();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done);
  }

  override _writev(pieces: readonly Piece[], done: (error?: Error | null) => void): void {
    const bytes = pieces.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    );
    this.#socket.write(Buffer.concat(bytes), done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
