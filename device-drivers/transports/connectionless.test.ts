import { type Socket as UdpSocket, createSocket } from 'node:dgram';
import { type Server, createServer } from 'node:http';
import { systemClock } from '@hallhub/sync/base';
import type { MqttChannel, MqttChannelState, MqttMessage } from '../kit/index.ts';
import { createEmitter, rethrow } from '../kit/index.ts';
import { type TransportFixture, transportContract } from '../kit/testing/index.ts';
import { createHttpTransport, createMqttLine, createUdpTransport } from './index.ts';

const clock = systemClock({ mode: 'test' });

async function boundUdp(port = 0): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(port, '127.0.0.1', resolve);
  });
  return socket;
}
const closed = (socket: UdpSocket): Promise<void> =>
  new Promise((resolve) => {
    socket.close(() => {
      resolve();
    });
  });

async function udpFixture(): Promise<TransportFixture> {
  let all = Buffer.alloc(0);
  const listen = async (port?: number): Promise<UdpSocket> => {
    const fresh = await boundUdp(port);
    fresh.on('message', (bytes) => {
      all = Buffer.concat([all, bytes]);
    });
    return fresh;
  };
  let peer: UdpSocket | undefined = await listen();
  const { port } = peer.address();
  const own = await boundUdp();
  const localPort = own.address().port;
  await closed(own);
  return {
    isConnectionless: true,
    transport: createUdpTransport({ host: '127.0.0.1', port, localPort }),
    received: () => all,
    send: (bytes) =>
      new Promise((resolve) => {
        peer?.send(bytes, localPort, '127.0.0.1', () => {
          resolve();
        });
      }),
    unplug: async () => {
      if (peer) await closed(peer);
      peer = undefined;
    },
    plug: async () => {
      peer = await listen(port);
    },
    dispose: async () => {
      if (peer) await closed(peer);
    },
  };
}

/** What makes the device answer with what it has to say; it is not kept. */
const POLL = Buffer.from('poll');

async function httpFixture(): Promise<TransportFixture> {
  let all = Buffer.alloc(0);
  let answer = Buffer.alloc(0);
  const listen = (port: number): Promise<Server> =>
    new Promise((resolve) => {
      const fresh = createServer((request, response) => {
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => pieces.push(piece));
        request.on('end', () => {
          const body = Buffer.concat(pieces);
          if (!body.equals(POLL)) {
            all = Buffer.concat([all, body]);
            response.end();
            return;
          }
          response.end(answer);
          answer = Buffer.alloc(0);
        });
      });
      fresh.listen(port, '127.0.0.1', () => {
        resolve(fresh);
      });
    });
  let server: Server | undefined = await listen(0);
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const shut = async (): Promise<void> => {
    const ending = server;
    server = undefined;
    ending?.closeAllConnections();
    await new Promise<void>((resolve) => {
      if (!ending) resolve();
      else
        ending.close(() => {
          resolve();
        });
    });
  };
  const transport = createHttpTransport({ url: `http://127.0.0.1:${port}/`, clock });
  return {
    isConnectionless: true,
    transport,
    received: () => all,
    // The other end speaks only when it is spoken to.
    send: async (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      await transport.write(POLL);
    },
    unplug: shut,
    plug: async () => {
      server = await listen(port);
    },
    dispose: shut,
  };
}

/** A broker of one process: messages arrive later, as they do. */
function memoryChannel(): MqttChannel & { set(up: boolean): void } {
  const changed = createEmitter<MqttChannelState>(rethrow);
  const subscriptions = new Map<(message: MqttMessage) => void, string>();
  let state: MqttChannelState = { up: true, retainsMessages: true };
  return {
    name: 'memory broker',
    get state() {
      return state;
    },
    publish: async (topic, payload) => {
      await Promise.resolve();
      for (const [listener, filter] of subscriptions) {
        if (filter === topic) listener({ topic, payload, retained: false });
      }
      return { ok: true, value: undefined };
    },
    subscribe: (filter, listener) => {
      subscriptions.set(listener, filter);
      return () => subscriptions.delete(listener);
    },
    onState: changed.on,
    set: (up) => {
      state = { ...state, up };
      changed.emit(state);
    },
  };
}

function mqttFixture(): Promise<TransportFixture> {
  let all = Buffer.alloc(0);
  const channel = memoryChannel();
  channel.subscribe('to/line', ({ payload }) => {
    all = Buffer.concat([all, payload]);
  });
  return Promise.resolve({
    transport: createMqttLine({ send: 'to/line', receive: 'from/line' }, channel),
    received: () => all,
    send: async (bytes) => {
      await channel.publish('from/line', bytes);
    },
    unplug: () => {
      channel.set(false);
      return Promise.resolve();
    },
    plug: () => {
      channel.set(true);
      return Promise.resolve();
    },
    dispose: () => Promise.resolve(),
  });
}

transportContract('udp', udpFixture);
transportContract('http', httpFixture);
transportContract('mqtt-line', mqttFixture);
