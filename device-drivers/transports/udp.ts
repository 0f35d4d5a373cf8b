import { type Socket, createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { type Failure, type Result, failure, ok } from '@hallhub/sync/base';
import { type Transport, type UdpSettings, createEmitter, rethrow } from '../kit/index.ts';

/**
 * Datagrams to and from one peer; others are not heard. There is no connection: opening succeeds whether anybody is there,
 * and only a peer whose machine refuses the port is noticed as down.
 */
export function createUdpTransport(settings: Omit<UdpSettings, 'kind'>): Transport {
  const { host, port, localPort } = settings;
  const name = `udp://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);
  let socket: Socket | undefined;
  let opening: Promise<Result<void>> | undefined;

  const adopt = (fresh: Socket): void => {
    socket = fresh;
    fresh.on('message', (bytes) => {
      if (socket === fresh) data.emit(bytes);
    });
    fresh.on('error', (error: NodeJS.ErrnoException) => {
      if (socket !== fresh) return;
      socket = undefined;
      fresh.close();
      down.emit({ code: 'E-DEV-0103', detail: `${name}: ${error.code ?? error.message}` });
    });
  };
  const dial = (): Promise<Result<void>> =>
    new Promise((resolve) => {
      const fresh = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
      const refuse = (error: NodeJS.ErrnoException): void => {
        fresh.close();
        resolve(failure('E-DEV-0101', `${name}: ${error.code ?? error.message}`));
      };
      fresh.once('error', refuse);
      fresh.bind(localPort ?? 0, () => {
        fresh.connect(port, host, (error?: NodeJS.ErrnoException) => {
          fresh.removeListener('error', refuse);
          if (error) {
            refuse(error);
            return;
          }
          adopt(fresh);
          resolve(ok());
        });
      });
    });

  return {
    name,
    open: () => {
      if (socket) return Promise.resolve(ok());
      opening ??= dial().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    write: (bytes) => {
      const current = socket;
      if (!current) return Promise.resolve(failure('E-DEV-0102', name));
      return new Promise((resolve) => {
        current.send(bytes.slice(), (error) => {
          resolve(error ? failure('E-DEV-0103', `${name}: ${error.message}`) : ok());
          if (error && socket === current) current.emit('error', error);
        });
      });
    },
    close: async () => {
      await opening;
      const current = socket;
      socket = undefined;
      if (!current) return;
      await new Promise<void>((resolve) => {
        current.close(() => {
          resolve();
        });
      });
    },
    onData: data.on,
    onDown: down.on,
  };
}
