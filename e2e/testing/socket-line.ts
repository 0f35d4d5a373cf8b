import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Transport } from '@hallhub/device-drivers/kit';
import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import { ok } from '@hallhub/sync/base';

/** A device's own end of a TCP line: it listens, and takes one connection at a time, the newest. */
export interface SocketLine {
  readonly port: number;
  readonly transport: Transport;
  close(): Promise<void>;
}

export function openSocketLine(): Promise<SocketLine> {
  const data = createEmitter<Uint8Array>(rethrow);
  let socket: Socket | undefined;
  const server = createServer((fresh) => {
    socket?.destroy();
    socket = fresh;
    fresh.on('data', data.emit);
    fresh.on('error', () => undefined);
  });
  const transport: Transport = {
    name: 'socket',
    open: () => Promise.resolve(ok()),
    write: (bytes) => {
      socket?.write(bytes);
      return Promise.resolve(ok());
    },
    close: () => Promise.resolve(),
    onData: data.on,
    onDown: () => () => undefined,
  };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        transport,
        close: () =>
          new Promise((closed) => {
            socket?.destroy();
            server.close(() => {
              closed();
            });
          }),
      });
    });
  });
}
