import type { Cancel, Failure, Result } from '@hallhub/sync/base';
import type { OrderLife } from './command.ts';

/**
 * A line to a device: bytes in order, both ways, no message boundaries. Serial ports, TCP, USB and the in-memory line of
 * the simulators all keep this contract, and one test suite (`kit/testing/transport-contract.ts`) holds them to it.
 *
 * Errors: `E-DEV-0101` cannot be opened, `E-DEV-0102` not open, `E-DEV-0103` went away.
 */
export interface Transport {
  /** What an operator would call it: `/dev/serial/by-id/…`, `tcp://10.0.0.5:502`, `memory:reader`. */
  readonly name: string;
  /** Opens the line. Opening an open line does nothing. After {@link onDown} it may be opened again. */
  open(): Promise<Result<void>>;
  /**
   * Hands the bytes to the operating system before it returns; the promise settles when it took or refused all of them. A
   * line that can only hand them on to another thread refuses there (`E-DEV-0201`) those of an order that has expired.
   */
  write(bytes: Uint8Array, order?: OrderLife): Promise<Result<void>>;
  /**
   * Closes the line without an {@link onDown}. Never fails. `drop` throws away what was written and has not left yet: an
   * order that was given up must not arrive when a stalled connection comes back to life.
   */
  close(how?: 'drop'): Promise<void>;
  /** The listener must not keep `bytes` after it returns. */
  onData(listener: (bytes: Uint8Array) => void): Cancel;
  /** The line broke by itself: unplugged, reset by the peer. Called once for each opening. */
  onDown(listener: (reason: Failure) => void): Cancel;
}
