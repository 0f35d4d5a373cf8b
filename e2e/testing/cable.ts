import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** The wire between an agent and its hub: the hub's ports under another address, which can be cut off. */
export interface Cable {
  /** Under which the hub is found at the other end, as long as the wire holds. */
  readonly address: string;
  /** Whatever is on its way is lost; who tries again gets nowhere. */
  cut(): void;
  join(): void;
  stop(): Promise<void>;
}

const HUB = '127.0.0.1';

/** `address`: one of 127.0.0.0/8 that nobody else uses; all of them are this machine. The ports are the hub's own. */
export async function layCable(address: string, ports: readonly number[]): Promise<Cable> {
  const sockets = new Set<Socket>();
  let whole = true;
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const servers = await Promise.all(
    ports.map(
      (port) =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer((near) => {
            hold(near);
            if (!whole) {
              near.destroy();
              return;
            }
            const far = connect(port, HUB);
            hold(far);
            near.pipe(far).pipe(near);
            near.on('close', () => far.destroy());
            far.on('close', () => near.destroy());
          });
          server.once('error', reject);
          server.listen(port, address, () => {
            resolve(server);
          });
        }),
    ),
  );
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address,
    cut: () => {
      whole = false;
      drop();
    },
    join: () => {
      whole = true;
    },
    stop: async () => {
      drop();
      await Promise.all(
        servers.map(
          (server) =>
            new Promise((resolve) => {
              server.close(resolve);
            }),
        ),
      );
    },
  };
}
