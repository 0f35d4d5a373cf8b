import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import type { AedesPublishPacket, AuthenticateError, Client } from 'aedes';
import type { MqttChannel } from '@hallhub/device-drivers/kit';
import { mayUseTopic, upPrefix, downPrefix } from './acl.ts';
import { createAedesChannel } from './aedes-channel.ts';
import { GuardedConnection } from './connection.ts';
import type { DeviceBus, TransientMessage } from './device-bus.ts';
import { FramingGuard } from './framing-guard.ts';
import type { GuestRights } from './guest.ts';
import { guestMayUseTopic } from './guest.ts';
import type { Inbox } from './inbox.ts';
import { PRESENCE_TOPIC } from './presence.ts';
import { TRANSIENT_TOPICS } from './device-bus.ts';

export interface AedesBusOptions {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly campus: string;
  readonly inbox: Inbox;
  /** Whether the token is the device's. Must take the same time for a device that is not known. */
  readonly authenticate: (deviceId: string, token: string) => boolean;
  /** What a device of somebody else's convention may do, by its user name; undefined for who is none. */
  readonly guest?: (username: string) => GuestRights | undefined;
  readonly maxConnectionsPerAddress: number;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** The bus, and the channel by which drivers of guests talk through the same broker. */
export interface AedesBus extends DeviceBus {
  readonly channel: MqttChannel;
}

/** SUBACK return code of MQTT 3.1.1, 3.9.3. */
const REFUSED = 0x80;

/** CONNACK return code 4 of MQTT 3.1.1, 3.2.2.3. */
function badCredentials(): AuthenticateError {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- aedes types this as an ambient const enum, which type stripping cannot read
  return Object.assign(new Error('bad credentials'), { returnCode: 4 });
}

/**
 * aedes 1.2.0 behind the {@link DeviceBus} port, with what it needs not to lose or leak: messages are committed before the
 * acknowledgement, publishes are serialised, its per-client duplicate filter is neutralised, sessions are clean, the ACL
 * stands in all three hooks, and a guard bounds packets before anything is buffered. Pinned: it touches internals.
 */
export async function createAedesBus(options: AedesBusOptions): Promise<AedesBus> {
  const { campus, inbox, log } = options;
  const connections = new Map<string, number>();
  const clients = new Map<string, Client>();
  /** Those of them that have subscribed to their branch. */
  const listening = new Map<string, Client>();
  const guards = new WeakMap<object, FramingGuard>();
  const transientListeners = new Set<(message: TransientMessage) => void>();
  const listeners = new Set<(event: { deviceId: string; connected: boolean }) => void>();
  const sockets = new Set<Socket>();
  const guests = new WeakMap<Client, GuestRights>();
  const identity = (client: Client) => ({ campus, deviceId: client.id });
  const may = (client: Client, action: 'publish' | 'subscribe' | 'forward', topic: string, retain = false): boolean => {
    const rights = guests.get(client);
    return rights
      ? guestMayUseTopic(rights, action === 'publish' && retain ? 'retain' : action, topic)
      : mayUseTopic(identity(client), action, topic);
  };

  const broker = await Aedes.createBroker({
    connectTimeout: 5_000,
    queueLimit: 100,
    maxClientsIdLength: 64,
    preConnect: (client, packet, done) => {
      // A session kept for an absent client would hand it stale commands later; commands wait in SQLite instead.
      if (packet.clean === false) {
        log('warn', 'refused a persistent session', { client: packet.clientId });
        done(null, false);
        return;
      }
      neutraliseDuplicateFilter(client);
      done(null, true);
    },
    authenticate: (client, username, password, done) => {
      const rights = username === undefined ? undefined : options.guest?.(username);
      const known =
        username !== undefined &&
        (rights !== undefined || username === client.id) &&
        password !== undefined &&
        options.authenticate(username, password.toString('utf8'));
      if (known) {
        if (rights) {
          guests.set(client, rights);
          // Its client id is its own affair, and must not push out a device of that name.
          client.id = `guest/${username}/${client.id}`;
        }
        done(null, true);
        return;
      }
      log('warn', 'refused a login', { client: client.id });
      done(badCredentials(), null);
    },
    authorizePublish: (client, packet, done) => {
      if (!client) {
        done(null);
        return;
      }
      const isGuest = guests.has(client);
      if ((packet.retain && !isGuest) || !may(client, 'publish', packet.topic, packet.retain)) {
        log('warn', 'refused a publish', { client: client.id });
        done(new Error('not allowed'));
        return;
      }
      if (isGuest) {
        done(null);
        return;
      }
      const topic = packet.topic.slice(upPrefix(identity(client)).length);
      if (topic === PRESENCE_TOPIC) {
        // Needed where the broker is another process; this one sees for itself who is there. The echo is the same.
        done(null);
        void publish(`${downPrefix(identity(client))}${topic}`, Buffer.from(packet.payload), false).catch(
          () => undefined,
        );
        return;
      }
      const payload = Buffer.isBuffer(packet.payload) ? packet.payload : Buffer.from(packet.payload);
      if (TRANSIENT_TOPICS.has(topic)) {
        done(null);
        for (const listener of transientListeners) listener({ deviceId: client.id, topic, payload });
        return;
      }
      inbox.take({ deviceId: client.id, topic, payload }, (error) => {
        done(error ?? null);
      });
    },
    authorizeSubscribe: (client, subscription, done) => {
      const allowed = may(client, 'subscribe', subscription.topic);
      if (!allowed) log('warn', 'refused a subscription', { client: client.id });
      done(null, allowed ? subscription : null);
    },
    authorizeForward: (client, packet) => (may(client, 'forward', packet.topic) ? packet : null),
  });

  const presence = (deviceId: string, connected: boolean): void => {
    for (const listener of listeners) listener({ deviceId, connected });
  };
  broker.on('clientReady', (client) => {
    guards.get(client.conn)?.trust();
    clients.set(client.id, client);
  });
  broker.on('subscribe', (subscriptions, client) => {
    // Only now does it hear what it is sent; the ACL allows no other filter. Refused ones are named here as well.
    if (guests.has(client) || !subscriptions.some(({ qos }) => (qos as number) !== REFUSED)) return;
    if (clients.get(client.id) !== client || listening.get(client.id) === client) return;
    listening.set(client.id, client);
    presence(client.id, true);
  });
  broker.on('clientDisconnect', (client) => {
    if (clients.get(client.id) === client) clients.delete(client.id);
    if (listening.get(client.id) !== client) return;
    listening.delete(client.id);
    presence(client.id, false);
  });

  const accept = (socket: Socket): void => {
    const address = socket.remoteAddress ?? 'unknown';
    const count = connections.get(address) ?? 0;
    if (count >= options.maxConnectionsPerAddress) {
      socket.destroy();
      return;
    }
    connections.set(address, count + 1);
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => {
      sockets.delete(socket);
      const left = (connections.get(address) ?? 1) - 1;
      if (left > 0) connections.set(address, left);
      else connections.delete(address);
    });
    const guard = new FramingGuard();
    pipeline(socket, guard, (error) => {
      if (error && !socket.destroyed) log('warn', 'closed a connection', { why: error.message });
      socket.destroy();
    });
    const conn = new GuardedConnection(socket, guard);
    conn.on('error', () => socket.destroy());
    guards.set(conn, guard);
    broker.handle(conn);
  };
  const server = options.tls
    ? createTlsServer({ ...options.tls, handshakeTimeout: 5_000 }, accept)
    : createServer(accept);
  server.on('tlsClientError', () => undefined);

  /** The next publish starts when the one before has been routed: two in one tick can make the broker drop the first. */
  let lastPublish: Promise<void> = Promise.resolve();
  const publish = (topic: string, payload: Buffer, retain: boolean): Promise<void> => {
    const next = lastPublish.then(
      () =>
        new Promise<void>((resolve, reject) => {
          broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain, dup: false }, (error) => {
            if (error) reject(error);
            else resolve();
          });
        }),
    );
    lastPublish = next.catch(() => undefined);
    return next;
  };

  const channel = createAedesChannel({
    publish,
    onPublished: (listener) => {
      const hear = ({ topic, payload }: AedesPublishPacket): void => {
        if (topic.startsWith('$') || topic.startsWith('c/')) return;
        listener({ topic, payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload) });
      };
      broker.on('publish', hear);
      return () => broker.off('publish', hear);
    },
    retained: (filter) => retainedStore(broker).createRetainedStreamCombi([filter]),
    isUp: () => server.listening,
    onError: (error) => {
      log('warn', 'a listener of the MQTT channel failed', { err: error });
    },
  });

  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(options.port, options.host, () => {
          server.off('error', reject);
          channel.changed();
          const address = server.address();
          resolve({ port: typeof address === 'object' && address !== null ? address.port : options.port });
        });
      }),
    get up() {
      return server.listening;
    },
    // What this process listens on itself does not come and go.
    onUp: () => () => undefined,
    stop: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const socket of sockets) socket.destroy();
      await closed;
      channel.changed();
      await new Promise<void>((resolve) => {
        broker.close(() => {
          resolve();
        });
      });
    },
    send: (deviceId, topic, payload) =>
      publish(`${downPrefix({ campus, deviceId })}${topic}`, Buffer.from(payload), false),
    connected: () => [...listening.keys()],
    onTransient: (listener) => {
      transientListeners.add(listener);
      return () => transientListeners.delete(listener);
    },
    onPresence: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    disconnect: (deviceId) => {
      clients.get(deviceId)?.close();
      for (const [clientId, client] of clients) if (clientId.startsWith(`guest/${deviceId}/`)) client.close();
    },
    channel,
  };
}

/**
 * aedes remembers the highest broker counter each client has seen and drops what comes with a lower one, though QoS 0 and
 * QoS 1 overtake each other inside it. A memory that never fills makes it pass everything; overlapping filters, which
 * would then deliver twice, are refused by the ACL.
 */
function neutraliseDuplicateFilter(client: Client): void {
  const forgetful = new Proxy<Record<string, number>>(
    {},
    { get: () => -1, set: () => true, deleteProperty: () => true },
  );
  Object.assign(client, { duplicates: forgetful });
}

/** Its store of retained messages, which its types leave out. */
function retainedStore(broker: Aedes): { createRetainedStreamCombi(filters: readonly string[]): Readable } {
  const { persistence } = broker as unknown as { persistence: ReturnType<typeof retainedStore> };
  return persistence;
}
