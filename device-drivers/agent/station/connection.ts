import { type IClientOptions, connect } from 'mqtt';
import { type Cancel, type Clock, type RandomBytes, seconds, uuidv7 } from '@hallhub/sync/base';
import { createEmitter, rethrow } from '../../kit/index.ts';

export interface ConnectionOptions {
  /** The brokers, tried in turn: `mqtts://hub.example.edu:8883`. */
  readonly urls: readonly [string, ...string[]];
  readonly campus: string;
  /** The agent's id: its user name and client id at once. */
  readonly agent: string;
  readonly token: string;
  /** PEM of the authority that signed the broker's certificate. */
  readonly ca?: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

export interface PipeMessage {
  /** Below `c/{campus}/d/{agent}/`, e.g. `down/command`. */
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** The agent's end of the broker. Reconnects for ever; says that it is there, and its last will that it is not. */
export interface Connection {
  start(): void;
  stop(): Promise<void>;
  readonly up: boolean;
  /** Hands a message to the broker. False: it is away, and whatever matters is asked again by whoever needs it. */
  send(topic: string, payload: Uint8Array): boolean;
  onMessage(listener: (message: PipeMessage) => void): Cancel;
  onUp(listener: (up: boolean) => void): Cancel;
  /** The broker refused these credentials; it is tried again all the same. */
  onRefused(listener: () => void): Cancel;
}

/** As `hub/broker/presence.ts` expects it: how often an agent says that it is there. */
const HEARTBEAT = seconds(10);
/** The hub sends each heartbeat back. Without an echo for this long nothing is heard here, whatever the socket says. */
const DEAF_AFTER = seconds(35);
/** CONNACK return codes of MQTT 3.1.1 (3.2.2.3) for wrong credentials. */
const REFUSED: readonly number[] = [4, 5];

export function createConnection(options: ConnectionOptions): Connection {
  const { clock, campus, agent } = options;
  const prefix = `c/${campus}/d/${agent}/`;
  const presenceTopic = `${prefix}up/presence`;
  const messages = createEmitter<PipeMessage>(rethrow);
  const changes = createEmitter<boolean>(rethrow);
  const refusals = createEmitter<undefined>(rethrow);
  let session = uuidv7(clock.now(), options.random);
  let up = false;
  let echoedAt = clock.monotonic();
  let cancelHeartbeat: Cancel | undefined;

  const presence = (state: 'online' | 'offline'): Buffer =>
    Buffer.from(JSON.stringify({ state, session, at: clock.now() }));
  const will = (): NonNullable<IClientOptions['will']> => ({
    topic: presenceTopic,
    payload: presence('offline'),
    qos: 1,
    retain: false,
  });
  const [first, ...others] = options.urls.map((url) => new URL(url));
  const client = connect(options.urls[0], {
    ...(others.length > 0 && {
      servers: [first, ...others].filter((url) => url !== undefined).map(toServer),
    }),
    clientId: agent,
    username: agent,
    password: options.token,
    ...(options.ca !== undefined && { ca: options.ca }),
    clean: true,
    manualConnect: true,
    queueQoSZero: false,
    will: will(),
    reconnectPeriod: 1_000,
    reconnectOnConnackError: true,
    connectTimeout: 5_000,
    keepalive: 15,
    resubscribe: false,
  });
  const setUp = (next: boolean): void => {
    if (next === up) return;
    up = next;
    changes.emit(up);
  };
  const beat = (): void => {
    if (clock.monotonic() - echoedAt > DEAF_AFTER) {
      client.stream.destroy();
      return;
    }
    client.publish(presenceTopic, presence('online'), { qos: 0 });
    cancelHeartbeat?.();
    cancelHeartbeat = clock.after(HEARTBEAT, beat);
  };
  client.on('connect', () => {
    // QoS 0: RabbitMQ would bind anything higher to one node and refuse it while that node is away.
    client.subscribe(`${prefix}down/#`, { qos: 0 }, (error, granted) => {
      // Whoever is not heard is not there.
      if (error ?? granted?.some(({ qos }) => qos > 2)) {
        client.stream.destroy();
        return;
      }
      echoedAt = clock.monotonic();
      beat();
      setUp(true);
    });
  });
  client.on('close', () => {
    cancelHeartbeat?.();
    // A session is one connection: the next one has another will.
    session = uuidv7(clock.now(), options.random);
    client.options.will = will();
    setUp(false);
  });
  client.on('error', (error) => {
    const { code } = error as { code?: unknown };
    if (typeof code === 'number' && REFUSED.includes(code)) refusals.emit(undefined);
  });
  client.on('message', (topic, payload, packet) => {
    // A retained message says what was once wanted of somebody; nothing of ours is ever retained.
    if (packet.retain || !topic.startsWith(prefix)) return;
    const below = topic.slice(prefix.length);
    if (below === 'down/presence') echoedAt = clock.monotonic();
    else messages.emit({ topic: below, payload });
  });

  return {
    start: () => {
      client.connect();
    },
    stop: async () => {
      cancelHeartbeat?.();
      // The last will says that it is gone, whether the connection still carries anything or not.
      await client.endAsync(true);
      setUp(false);
    },
    get up() {
      return up;
    },
    send: (topic, payload) => {
      if (!up) return false;
      client.publish(`${prefix}${topic}`, Buffer.from(payload), { qos: 0 });
      return true;
    },
    onMessage: messages.on,
    onUp: changes.on,
    onRefused: refusals.on,
  };
}

const toServer = (url: URL) => ({
  host: url.hostname.replace(/^\[|\]$/g, ''),
  port: Number(url.port) || (url.protocol === 'mqtts:' ? 8883 : 1883),
  protocol: url.protocol === 'mqtts:' ? ('mqtts' as const) : ('mqtt' as const),
});
