import { readFileSync } from 'node:fs';
import type { DeviceLog, MqttChannel } from '@hallhub/device-drivers/kit';
import { createMqttChannel } from '@hallhub/device-drivers/transports';
import type { Clock, Result } from '@hallhub/sync/base';
import { ok } from '@hallhub/sync/base';
import type { Config } from '../config/index.ts';
import type { BrokerAccounts } from './accounts.ts';
import type { AedesBusOptions } from './aedes-bus.ts';
import { createAedesBus } from './aedes-bus.ts';
import type { DeviceBus } from './device-bus.ts';
import type { ExternalBroker } from './external.ts';
import type { GuestRights } from './guest.ts';
import {
  guestTopicRights,
  homeAssistantRights,
  shellyRights,
  tasmotaRights,
  vzenithRights,
  zigbee2mqttRights,
} from './guest.ts';
import type { Inbox } from './inbox.ts';
import { createMosquittoAccounts } from './mosquitto-accounts.ts';
import { createMqttBus } from './mqtt-bus.ts';
import { createRabbitmqAccounts } from './rabbitmq-accounts.ts';
import { createWithdrawals } from './withdrawals.ts';

/** Everything that the hub has of a broker, whichever the configuration names. */
export interface Broker {
  readonly kind: Config['mqtt']['broker'];
  readonly bus: DeviceBus;
  readonly channel: MqttChannel;
  /** Puts the token of a device, or of a guest that the configuration lists, where the broker looks. */
  admit(id: string, token: string): Promise<Result<void>>;
  /** How the broker is, for the console. */
  state(): {
    readonly up: boolean;
    readonly guestsWithoutState: number;
    /** Whose credentials are withdrawn here, while the broker may still let them in. */
    readonly withdrawing: readonly string[];
  };
  /** Listens, or begins to connect; resolves with the port. */
  start(): Promise<{ readonly port: number }>;
  stop(): Promise<void>;
}

export interface OpenBrokerOptions {
  readonly config: Pick<Config, 'hub' | 'mqtt'>;
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly log: DeviceLog;
  readonly tls?: AedesBusOptions['tls'];
  readonly authenticate: AedesBusOptions['authenticate'];
  /** What a broker outside is to say when the hub goes without a word. */
  readonly will?: { readonly topic: string; readonly payload: string };
  /** Those who must not be let in any more. Asked whenever the broker comes back, so that nobody is forgotten. */
  readonly withdrawn: () => readonly string[];
  readonly onWithdrawn: (listener: (id: string) => void) => void;
  /** A withdrawal waits for the broker, or does so no more. */
  readonly onWithdrawing: (id: string) => void;
}

function rightsOf({ convention, topic, mac }: Config['mqtt']['guests'][number]): GuestRights {
  switch (convention) {
    case 'tasmota':
      return tasmotaRights(topic, mac);
    case 'shelly':
      return shellyRights(topic);
    case 'zigbee2mqtt':
      return zigbee2mqttRights(topic);
    case 'home-assistant':
      return homeAssistantRights(topic);
    case 'vzenith':
      return vzenithRights(topic);
  }
}

/** Makes the broker that the configuration names. Nothing listens and nothing connects before it is started. */
export async function openBroker(options: OpenBrokerOptions): Promise<Broker> {
  const { config, clock, inbox, log } = options;
  const { mqtt, hub } = config;
  const { campus } = hub;
  const guests = new Map<string, GuestRights>(mqtt.guests.map((guest) => [guest.id, rightsOf(guest)]));
  const busLog: AedesBusOptions['log'] = (level, message, fields) => {
    log[level](fields, message);
  };
  if (mqtt.broker === 'embedded') {
    const bus = await createAedesBus({
      host: mqtt.host,
      port: mqtt.port,
      ...(options.tls && { tls: options.tls }),
      campus,
      inbox,
      authenticate: options.authenticate,
      guest: (username) => guests.get(username),
      maxConnectionsPerAddress: mqtt.maxConnectionsPerAddress,
      log: busLog,
    });
    options.onWithdrawn((id) => {
      bus.disconnect(id);
    });
    return {
      kind: 'embedded',
      bus,
      channel: bus.channel,
      // It asks the hub at each login: there is nothing to put elsewhere.
      admit: () => Promise.resolve(ok()),
      state: () => ({ up: bus.up, guestsWithoutState: 0, withdrawing: [] }),
      start: () => bus.start(),
      stop: () => bus.stop(),
    };
  }

  const broker = reach(mqtt);
  const bus = createMqttBus({ broker, campus, hubId: hub.id, clock, inbox, log: busLog });
  const channel = createMqttChannel({
    ...broker,
    clientId: `hub-${hub.id}-channel`,
    broker: mqtt.broker,
    ...(options.will && { will: options.will }),
    clock,
    log,
  });
  const accounts = accountsAt(mqtt, { broker, campus, hubId: hub.id, clock });
  const withdrawals = createWithdrawals({
    accounts,
    clock,
    log,
    // New credentials put an end to the old ones by themselves.
    isWithdrawn: (id) => options.withdrawn().includes(id),
    onChange: options.onWithdrawing,
  });
  options.onWithdrawn((id) => {
    bus.disconnect(id);
    withdrawals.withdraw(id);
  });
  bus.onUp((up) => {
    if (up) for (const id of options.withdrawn()) withdrawals.withdraw(id);
  });
  if (!channel.state.retainsMessages && guests.size > 0)
    log.warn(
      { broker: mqtt.broker, guests: guests.size },
      'this broker keeps no retained messages for wildcards: after a restart, the state of these devices is unknown until they speak',
    );
  return {
    kind: mqtt.broker,
    bus,
    channel,
    admit: (id, token) => {
      const rights = guests.get(id);
      return withdrawals.admit(id, () =>
        rights ? accounts.put(id, token, guestTopicRights(rights)) : accounts.put(id, token),
      );
    },
    state: () => ({
      up: bus.up,
      guestsWithoutState: channel.state.retainsMessages ? 0 : guests.size,
      withdrawing: withdrawals.pending(),
    }),
    start: () => {
      accounts.open();
      channel.open();
      return bus.start();
    },
    stop: async () => {
      withdrawals.stop();
      await Promise.all([bus.stop(), channel.close(), accounts.close()]);
    },
  };
}

/** `checkConfig` has made sure that what is needed is there. */
function reach({ url, user, passwordFile, caFile }: Config['mqtt']): ExternalBroker {
  if (url === undefined || user === undefined || passwordFile === undefined)
    throw new TypeError('an external broker without url, user or passwordFile');
  return {
    urls: url,
    username: user,
    password: readFileSync(passwordFile, 'utf8').trim(),
    ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
  };
}

function accountsAt(
  { broker: kind, managementUrl }: Config['mqtt'],
  at: { readonly broker: ExternalBroker; readonly campus: string; readonly hubId: string; readonly clock: Clock },
): BrokerAccounts {
  if (kind === 'mosquitto') return createMosquittoAccounts(at);
  if (managementUrl === undefined) throw new TypeError('RabbitMQ without managementUrl');
  return createRabbitmqAccounts({ ...at, managementUrls: managementUrl });
}
