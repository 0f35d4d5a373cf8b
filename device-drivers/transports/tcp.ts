import { type Socket, connect } from 'node:net';
import { type Clock, type DurationMs, type Failure, type Result, failure, ok, seconds } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../kit/index.ts';

export interface TcpTransportOptions {
  readonly host: string;
  readonly port: number;
  readonly clock: Clock;
  /** How long a connection may take; 5 s by default. */
  readonly connectTimeout?: DurationMs;
  /** Idle time after which the operating system probes whether the peer still lives; 10 s by default. */
  readonly keepAlive?: DurationMs;
}

/** A TCP connection: serial servers, Modbus gateways, network printers. */
export function createTcpTransport(options: TcpTransportOptions): Transport {
  const { host, port, clock, connectTimeout = seconds(5), keepAlive = seconds(10) } = options;
  const name = `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let socket: Socket | undefined;
  let opening: { readonly socket: Socket; readonly result: Promise<Result<void>> } | undefined;
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);

  const adopt = (fresh: Socket): void => {
    socket = fresh;
    let reason: Failure = { code: 'E-DEV-0103', detail: `${name} closed the connection` };
    fresh.on('data', (bytes) => {
      if (socket === fresh) data.emit(bytes);
    });
    fresh.on('error', (error: NodeJS.ErrnoException) => {
      reason = { code: 'E-DEV-0103', detail: `${name}: ${error.code ?? error.message}` };
    });
    // A peer that closed its half reads nothing that we could still say.
    fresh.on('end', () => fresh.destroy());
    fresh.on('close', () => {
      if (socket !== fresh) return;
      socket = undefined;
      down.emit(reason);
    });
  };

  const dial = (): Promise<Result<void>> => {
    const fresh = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAlive });
    const result = new Promise<Result<void>>((resolve) => {
      const settle = (outcome: Result<void>): void => {
        cancelTimer();
        fresh.removeAllListeners();
        opening = undefined;
        if (outcome.ok) adopt(fresh);
        else {
          // An error may still follow the destruction; it has nobody to tell any more.
          fresh.on('error', () => undefined);
          fresh.destroy();
        }
        resolve(outcome);
      };
      const cancelTimer = clock.after(connectTimeout, () => {
        settle(failure('E-DEV-0101', `${name}: no connection within ${connectTimeout} ms`));
      });
      fresh.once('connect', () => {
        settle(ok());
      });
      fresh.once('error', (error: NodeJS.ErrnoException) => {
        settle(failure('E-DEV-0101', `${name}: ${error.code ?? error.message}`));
      });
      fresh.once('close', () => {
        settle(failure('E-DEV-0101', `${name}: closed while it was opened`));
      });
    });
    opening = { socket: fresh, result };
    return result;
  };

  return {
    name,
    open: () => {
      if (socket) return Promise.resolve(ok());
      return opening?.result ?? dial();
    },
    write: (bytes) => {
      const current = socket;
      if (!current) return Promise.resolve(failure('E-DEV-0102', name));
      return new Promise((resolve) => {
        current.write(bytes, (error) => {
          resolve(error ? failure('E-DEV-0103', `${name}: ${error.message}`) : ok());
        });
      });
    },
    close: async (how) => {
      opening?.socket.destroy();
      await opening?.result;
      const current = socket;
      socket = undefined;
      if (!current) return;
      await new Promise<void>((resolve) => {
        current.once('close', () => {
          resolve();
        });
        // A reset makes the operating system forget what it has not sent; an orderly end would still deliver it.
        if (how === 'drop') current.resetAndDestroy();
        else current.end(() => current.destroy());
      });
    },
    onData: data.on,
    onDown: down.on,
  };
}
