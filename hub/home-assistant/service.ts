import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { Command, DeviceLog, MqttChannel, MqttMessage, Receipt } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, DurationMs, RandomBytes } from '@hallhub/sync/base';
import { plus, seconds, uuidv7 } from '@hallhub/sync/base';
import type { Allowance, Naming, ShownDevice } from './components.ts';
import {
  availabilityTopic,
  configFilter,
  configTopic,
  deviceOfConfig,
  discoveryOf,
  hubStatusTopic,
  isAllowed,
  orderFilter,
  slug,
  stateTopic,
} from './components.ts';
import { readOrder } from './orders.ts';

export interface HomeAssistantOptions {
  readonly hubId: string;
  readonly prefix: string;
  readonly allow: readonly Allowance[];
  readonly channel: MqttChannel;
  /** The whole fleet, wherever it hangs. */
  readonly host: AgentHost;
  readonly describe: (deviceId: string, profile: string) => { readonly name: string; readonly model: string };
  /** How a barrier is opened, where a gate knows it. */
  readonly opening: (deviceId: string) => { readonly hold: DurationMs; readonly direction: 'in' | 'out' };
  /** An order of Home Assistant's is about to be given. */
  readonly record: (deviceId: string, command: Command) => void;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
}

/**
 * Every device of the fleet, shown in a Home Assistant on the same broker.
 *
 * Its orders carry no time (its MQTT components cannot put one in), so how long one was under way is not known here. What can
 * be done is done: an order that the broker kept is refused; so is what comes in the first moments after the connection was
 * made, before anybody knows it is up, or after this process stood still, since such orders may have waited somewhere. The
 * session at the broker is a clean one: it holds nothing for a hub that is away. What cannot be known: an order that Home
 * Assistant itself, or a bridge before the broker, held back while our connection was up. That is why barriers are shown to it
 * only where the configuration says so.
 */
export interface HomeAssistant {
  start(): void;
  /** Says that the hub goes. */
  stop(): Promise<void>;
  /** Whether a Home Assistant that comes later finds the devices; not on a broker that keeps nothing for wildcards. */
  readonly isKept: boolean;
}

/** An order of Home Assistant's is for now. */
const LIVES = seconds(10);
/**
 * What comes so soon after the way to the broker was made may have waited for it: orders that pile up in a half-open
 * connection or in the broker come at once then. Whoever really wants something says it again.
 */
const SETTLES = seconds(2);
/** Time that passed between two looks at the clock, so much more than it should have: this process, or its machine, stood still. */
const STOOD_STILL = seconds(3);
const LOOKS_EVERY = seconds(1);

interface Shown {
  channels: number;
  readonly values: Map<string, string>;
  /** What was last said, by component, to be said again. */
  readonly states: Map<string, string>;
  config: string;
}

export function createHomeAssistant(options: HomeAssistantOptions): HomeAssistant {
  const { hubId, prefix, allow, channel, host, clock, log } = options;
  const naming: Naming = { hubId, prefix };
  const shown = new Map<string, Shown>();
  let undo: readonly Cancel[] = [];
  /** From this moment of the monotonic clock on an order is one of now. */
  let ordersFrom = Number.POSITIVE_INFINITY;
  let lookedAt = clock.monotonic();
  let cancelLook: Cancel = () => undefined;
  let sending: Promise<unknown> = Promise.resolve();

  /** In order, and without waiting: what the broker does not take now is said again when it is back. */
  const say = (topic: string, payload: string, retain = true): void => {
    sending = sending.then(() => channel.publish(topic, Buffer.from(payload), { retain })).catch(complain);
  };
  const complain = (error: unknown): void => {
    log.error({ err: error }, 'Home Assistant could not be told');
  };
  const show = (deviceId: string): Shown => {
    const known = shown.get(deviceId);
    if (known) return known;
    const fresh: Shown = { channels: 0, values: new Map(), states: new Map(), config: '' };
    shown.set(deviceId, fresh);
    return fresh;
  };
  const tell = (deviceId: string, key: string, state: string): void => {
    show(deviceId).states.set(key, state);
    say(stateTopic(hubId, deviceId, key), state);
  };
  const announce = (deviceId: string, again = false): void => {
    const device = host.devices().find(({ id }) => id === deviceId);
    if (!device) return;
    const entry = show(deviceId);
    const view: ShownDevice = {
      id: deviceId,
      ...options.describe(deviceId, device.profile),
      capabilities: device.capabilities,
      channels: entry.channels,
      values: [...entry.values].map(([name, unit]) => ({ name, unit })),
    };
    const config = JSON.stringify(discoveryOf(naming, view, allow));
    if (config === entry.config && !again) return;
    entry.config = config;
    say(configTopic(naming, deviceId), config);
  };
  const tellHealth = (deviceId: string): void => {
    const state = host.health(deviceId)?.state;
    const isThere = state === 'ready' || state === 'degraded';
    say(availabilityTopic(hubId, deviceId), isThere ? 'online' : 'offline');
    tell(deviceId, 'health', state === 'ready' ? 'OFF' : 'ON');
    if (isThere) void ask(deviceId).catch(complain);
  };
  /** What a device says only when it is asked. */
  const ask = async (deviceId: string): Promise<void> => {
    const entry = show(deviceId);
    const state = await host.capability(deviceId, 'switch')?.state();
    // What only the broker remembers is not told as if it were so.
    if (state?.ok) {
      entry.channels = state.value.on.length;
      if (state.value.fromBroker !== true)
        for (const [index, on] of state.value.on.entries()) tell(deviceId, `switch-${index}`, on ? 'ON' : 'OFF');
    }
    const measured = await host.capability(deviceId, 'meter')?.read();
    if (measured?.ok)
      for (const { name, value, unit } of measured.value.values) {
        entry.values.set(name, unit);
        tell(deviceId, `meter-${slug(name)}`, String(value));
      }
    const fire = await host.capability(deviceId, 'fireInput')?.state();
    if (fire?.ok) tell(deviceId, 'fire', fire.value.alarm ? 'ON' : 'OFF');
    const program = await host.capability(deviceId, 'firmware')?.installed();
    if (program?.ok) tell(deviceId, 'firmware', JSON.stringify({ installed_version: program.value.version }));
    announce(deviceId);
  };
  const listen = (deviceId: string): readonly (Cancel | undefined)[] => [
    host.capability(deviceId, 'switch')?.onChange(({ channel: index, on }) => {
      const entry = show(deviceId);
      entry.channels = Math.max(entry.channels, index + 1);
      announce(deviceId);
      tell(deviceId, `switch-${index}`, on ? 'ON' : 'OFF');
    }),
    host.capability(deviceId, 'curtain')?.onPosition(({ percentOpen }) => {
      tell(deviceId, 'curtain', String(Math.round(percentOpen)));
    }),
    host.capability(deviceId, 'occupancy')?.onOccupancy(({ occupied }) => {
      tell(deviceId, 'occupancy', occupied ? 'ON' : 'OFF');
    }),
    host.capability(deviceId, 'tamper')?.onTamper(({ tampered }) => {
      tell(deviceId, 'tamper', tampered ? 'ON' : 'OFF');
    }),
    host.capability(deviceId, 'fireInput')?.onFire(({ alarm }) => {
      tell(deviceId, 'fire', alarm ? 'ON' : 'OFF');
    }),
    host.capability(deviceId, 'climate')?.onReading(({ celsius, humidity }) => {
      tell(deviceId, 'temperature', String(celsius));
      if (humidity !== undefined) tell(deviceId, 'humidity', String(humidity));
    }),
    host.capability(deviceId, 'meter')?.onReading(({ name, value, unit }) => {
      show(deviceId).values.set(name, unit);
      tell(deviceId, `meter-${slug(name)}`, String(value));
      announce(deviceId);
    }),
    host.capability(deviceId, 'buttonPanel')?.onButton(({ button, pressed }) => {
      const event = JSON.stringify({ event_type: pressed ? 'pressed' : 'released', button });
      // A press is over when it has been said: kept, it would be pressed again after each restart.
      say(stateTopic(hubId, deviceId, 'button'), event, false);
    }),
  ];

  const tellAll = (): void => {
    say(hubStatusTopic(hubId), 'online');
    for (const { id } of host.devices()) {
      announce(id, true);
      for (const [key, state] of show(id).states) say(stateTopic(hubId, id, key), state);
      tellHealth(id);
    }
  };
  const onConfig = ({ topic, payload, retained }: MqttMessage): void => {
    const deviceId = deviceOfConfig(naming, topic);
    if (!retained || deviceId === undefined || payload.length === 0) return;
    if (host.health(deviceId) === undefined) say(topic, '');
  };
  const settling = (): void => {
    ordersFrom = clock.monotonic() + SETTLES;
  };
  /** Orders that came while nothing here ran are all handed over in one go when it runs again. */
  const look = (): void => {
    const now = clock.monotonic();
    if (now - lookedAt > LOOKS_EVERY + STOOD_STILL) settling();
    lookedAt = now;
  };
  const watch = (): void => {
    look();
    cancelLook = clock.after(LOOKS_EVERY, watch);
  };
  const onOrder = ({ topic, payload, retained }: MqttMessage): void => {
    const [, , , deviceId = '', key = ''] = topic.split('/');
    if (retained) {
      log.warn({ deviceId }, 'an order that the broker kept is not obeyed');
      return;
    }
    look();
    if (clock.monotonic() < ordersFrom) {
      log.warn({ deviceId }, 'an order that may have waited is not obeyed');
      // What Home Assistant shows now is what it ordered, not what is.
      void ask(deviceId).catch(complain);
      return;
    }
    const order = readOrder(key, Buffer.from(payload).toString('utf8'), options.opening(deviceId));
    if (!order || !isAllowed(allow, deviceId, order.capability)) {
      log.warn({ deviceId, component: key }, 'an order of Home Assistant that it may not give');
      return;
    }
    const now = clock.now();
    const command = {
      id: uuidv7(now, options.random),
      issuedAt: now,
      expiresAt: plus(now, LIVES),
      issuedBy: 'home-assistant',
    };
    options.record(deviceId, { ...command, name: order.name, args: order.args });
    void give(deviceId, command, order)
      .then((receipt) => {
        if (receipt?.ok !== true)
          log.warn({ deviceId, code: receipt?.error.code }, 'an order of Home Assistant failed');
        // Whatever became of it, what Home Assistant shows is what is.
        return ask(deviceId);
      })
      .catch(complain);
  };
  const give = (
    deviceId: string,
    command: Omit<Command, 'name' | 'args'>,
    order: NonNullable<ReturnType<typeof readOrder>>,
  ): Promise<Receipt | undefined> => {
    switch (order.capability) {
      case 'switch':
        return Promise.resolve(host.capability(deviceId, 'switch')?.set({ ...command, ...order }));
      case 'curtain':
        return Promise.resolve(host.capability(deviceId, 'curtain')?.move({ ...command, ...order }));
      case 'barrier':
        return Promise.resolve(host.capability(deviceId, 'barrier')?.open({ ...command, ...order }));
    }
  };

  return {
    get isKept() {
      return channel.state.retainsMessages;
    },
    start: () => {
      undo = [
        channel.onState(({ up, retainsMessages }) => {
          if (!up) {
            ordersFrom = Number.POSITIVE_INFINITY;
            return;
          }
          settling();
          if (!retainsMessages)
            log.warn(
              { broker: channel.name },
              'this broker keeps nothing: Home Assistant finds the devices at its next start',
            );
          tellAll();
        }),
        channel.subscribe(configFilter(naming), onConfig),
        channel.subscribe(orderFilter(hubId), onOrder),
        channel.subscribe(`${prefix}/status`, ({ payload, retained }) => {
          if (!retained && Buffer.from(payload).toString() === 'online') tellAll();
        }),
        host.onHealth(({ deviceId }) => {
          tellHealth(deviceId);
        }),
        followDevices(host, () => {
          for (const { id } of host.devices()) if (shown.has(id)) announce(id);
          return host.devices().flatMap(({ id }) => listen(id));
        }),
      ];
      lookedAt = clock.monotonic();
      watch();
      if (channel.state.up) {
        settling();
        tellAll();
      }
    },
    stop: async () => {
      for (const cancel of undo) cancel();
      undo = [];
      cancelLook();
      say(hubStatusTopic(hubId), 'offline');
      await sending;
    },
  };
}
