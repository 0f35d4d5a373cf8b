import { type Server, type Socket, createServer } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hallhub/sync/base';
import { type PtyPair, type TransportFixture, createPtyPair, transportContract, until } from '../kit/testing/index.ts';
import { createMemoryLine, createSerialTransport, createTcpTransport, pacedTransport } from './index.ts';

const clock = systemClock({ mode: 'test' });

function collector(): { readonly add: (bytes: Uint8Array) => void; readonly all: () => Uint8Array } {
  let all = Buffer.alloc(0);
  return {
    add: (bytes) => {
      all = Buffer.concat([all, bytes]);
    },
    all: () => all,
  };
}

async function memoryFixture(baudRate?: number): Promise<TransportFixture> {
  const line = createMemoryLine({ name: 'test', ...(baudRate === undefined ? {} : { baudRate, clock }) });
  const received = collector();
  line.device.onData(received.add);
  await line.device.open();
  return {
    transport: line.host,
    received: received.all,
    send: async (bytes) => {
      await line.device.write(bytes);
    },
    unplug: () => {
      line.unplug();
      return Promise.resolve();
    },
    plug: () => {
      line.plug();
      return Promise.resolve();
    },
    dispose: () => line.device.close(),
  };
}

async function tcpFixture(): Promise<TransportFixture> {
  const received = collector();
  const sockets = new Set<Socket>();
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on('data', received.add);
        socket.on('error', () => undefined);
        socket.on('close', () => sockets.delete(socket));
      });
      server.listen(port, '127.0.0.1', () => {
        resolve(server);
      });
    });
  let server = await listen(0);
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const shut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  return {
    transport: createTcpTransport({ host: '127.0.0.1', port, clock }),
    received: received.all,
    send: async (bytes) => {
      await until('the server has the connection', () => sockets.size > 0);
      for (const socket of sockets) socket.write(bytes);
    },
    unplug: async () => {
      await until('the server has the connection', () => sockets.size > 0);
      await shut();
    },
    plug: async () => {
      server = await listen(port);
    },
    dispose: shut,
  };
}

async function serialFixture(): Promise<TransportFixture> {
  const folder = await mkdtemp(join(tmpdir(), 'serial-'));
  const received = collector();
  let pair: PtyPair = await createPtyPair(folder);
  const openPeer = async (): Promise<ReturnType<typeof createSerialTransport>> => {
    const peer = createSerialTransport({ path: pair.b, baudRate: 115_200 });
    peer.onData(received.add);
    await peer.open();
    return peer;
  };
  let peer = await openPeer();
  return {
    transport: createSerialTransport({ path: pair.a, baudRate: 115_200 }, clock),
    received: received.all,
    send: async (bytes) => {
      await peer.write(bytes);
    },
    unplug: async () => {
      await peer.close();
      await pair.close();
    },
    plug: async () => {
      pair = await createPtyPair(folder);
      peer = await openPeer();
    },
    dispose: async () => {
      await peer.close();
      await pair.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

transportContract('memory', () => memoryFixture());
transportContract('memory, paced', () => memoryFixture(1_000_000));
transportContract('serial over a pty', serialFixture);
transportContract('serial over a pty, paced', async () => {
  const fixture = await serialFixture();
  return { ...fixture, transport: pacedTransport(fixture.transport, { clock, baudRate: 1_000_000 }) };
});
transportContract('tcp', tcpFixture);
