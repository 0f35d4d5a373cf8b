import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentHost, loadBuiltInProtocols } from '@hallhub/device-drivers/agent';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { MqttChannel } from '@hallhub/device-drivers/kit';
import { createTasmotaSimulator } from '@hallhub/device-drivers/protocols/tasmota';
import { createMqttChannel, mqttPeer } from '@hallhub/device-drivers/transports';
import { ms, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { MqttClient } from 'mqtt';
import { connectAsync } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GuestRights } from '../broker/index.ts';
import {
  busSchema,
  createAedesBus,
  createInbox,
  createMosquittoAccounts,
  guestTopicRights,
  homeAssistantRights,
  tasmotaRights,
} from '../broker/index.ts';
import { freePorts } from '../broker/testing/process.ts';
import { startMosquitto } from '../broker/testing/mosquitto.ts';
import type { HomeAssistant } from './service.ts';
import { createHomeAssistant } from './service.ts';
import { accept } from './testing/rules.ts';

const protocols = await loadBuiltInProtocols();

const HUB = 'south';
const clock = systemClock({ mode: 'test' });
const PATIENCE = { timeout: 20_000, interval: 20 };
const DEVICE_CONFIG = `homeassistant/device/hallhub-${HUB}-plug/config`;
const out = (leaf: string): string => `hallhub/${HUB}/out/${leaf}`;

interface Running {
  readonly url: string;
  readonly ca?: string;
  channel(): MqttChannel;
  admit(username: string, rights: GuestRights): Promise<void>;
  /** The broker dies and comes back. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

async function embedded(): Promise<Running> {
  const guests = new Map<string, GuestRights>();
  const [port = 0] = await freePorts(1);
  const start = async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-ha-'));
    const db = openDatabase({ file: join(folder, 'bus.db') });
    migrate({ db, components: [busSchema] });
    const bus = await createAedesBus({
      host: '127.0.0.1',
      port,
      campus: 'south',
      inbox: createInbox({ db, clock, onFault: () => undefined }),
      authenticate: () => true,
      guest: (id) => guests.get(id),
      maxConnectionsPerAddress: 100,
      log: () => undefined,
    });
    await bus.start();
    return {
      bus,
      close: async () => {
        await bus.stop();
        db.close();
        rmSync(folder, { recursive: true });
      },
    };
  };
  let running = await start();
  return {
    url: `mqtt://127.0.0.1:${port}`,
    channel: () => running.bus.channel,
    admit: (username, rights) => {
      guests.set(username, rights);
      return Promise.resolve();
    },
    restart: async () => {
      await running.close();
      running = await start();
    },
    stop: () => running.close(),
  };
}

async function mosquitto(): Promise<Running> {
  const running = await startMosquitto();
  const { broker } = running;
  const accounts = createMosquittoAccounts({ broker, campus: 'south', hubId: HUB, clock });
  accounts.open();
  const channel = createMqttChannel({
    ...broker,
    clientId: 'hub-channel',
    broker: 'mosquitto',
    will: { topic: out('status'), payload: 'offline' },
    clock,
    log: silentLog,
  });
  channel.open();
  const isUp = () =>
    vi.waitFor(() => {
      expect(channel.state.up).toBe(true);
    }, PATIENCE);
  await isUp();
  return {
    url: broker.urls[0],
    ...(broker.ca !== undefined && { ca: broker.ca }),
    channel: () => channel,
    admit: async (username, rights) => {
      unwrap(await accounts.put(username, 'secret', guestTopicRights(rights)));
    },
    restart: async () => {
      const wentDown = new Promise<void>((resolve) => {
        const cancel = channel.onState(({ up }) => {
          if (up) return;
          cancel();
          resolve();
        });
      });
      await running.restart();
      await wentDown;
      await isUp();
    },
    stop: async () => {
      await channel.close();
      await accounts.close();
      await running.stop();
    },
  };
}

describe.each([
  ['the embedded broker', embedded],
  ['mosquitto', mosquitto],
] as const)('devices in Home Assistant over %s', { timeout: 90_000 }, (kind, open) => {
  let running: Running;
  let plug: ReturnType<typeof createTasmotaSimulator>;
  let stopHub: () => Promise<void>;
  let assistant: MqttClient;
  let heard: Map<string, string>;
  const recorded: string[] = [];

  /** A hub's part in it: drivers and announcements; a restart makes them anew. */
  const startHub = async (devices = ['plug']): Promise<void> => {
    const channel = running.channel();
    const host = createAgentHost({
      clock,
      random: systemRandom,
      log: silentLog,
      protocols,
      mqtt: channel,
      devices: devices.map((id) => ({
        id,
        profile: 'tasmota/power-plug',
        transport: { kind: 'mqtt' },
        params: { topic: id, probeEvery: 5 },
      })),
    });
    const shown: HomeAssistant = createHomeAssistant({
      hubId: HUB,
      prefix: 'homeassistant',
      allow: [{ device: 'plug', capability: 'switch' }],
      channel,
      host,
      describe: (id, profile) => ({ name: id, model: profile }),
      opening: () => ({ hold: ms(700), direction: 'in' }),
      record: (id, { issuedBy }) => recorded.push(`${issuedBy} ${id}`),
      clock,
      random: systemRandom,
      log: silentLog,
    });
    host.start();
    shown.start();
    await Promise.resolve();
    stopHub = async () => {
      await shown.stop();
      await host.stop();
    };
  };
  const startAssistant = async (): Promise<void> => {
    heard = new Map();
    assistant = await connectAsync(running.url, {
      username: 'assistant',
      password: 'secret',
      clientId: 'assistant',
      reconnectPeriod: 200,
      ...(running.ca !== undefined && { ca: running.ca }),
    });
    assistant.on('error', () => undefined);
    assistant.on('message', (topic, payload) => heard.set(topic, payload.toString()));
    const subscribe = (): void => {
      assistant.subscribe(['homeassistant/+/+/config', `hallhub/${HUB}/out/#`], () => undefined);
      assistant.publish('homeassistant/status', 'online');
    };
    assistant.on('connect', subscribe);
    subscribe();
  };
  const isShown = () =>
    vi.waitFor(() => {
      accept(DEVICE_CONFIG, heard.get(DEVICE_CONFIG) ?? '');
      expect(heard.get(out('status'))).toBe('online');
      expect(heard.get(out('plug/availability'))).toBe('online');
      expect(heard.get(out('plug/switch-0'))).toMatch(/ON|OFF/);
      expect(heard.get(out('plug/meter-power'))).toBeDefined();
    }, PATIENCE);

  beforeAll(async () => {
    running = await open();
    await running.admit('plug', tasmotaRights('plug'));
    await running.admit('assistant', homeAssistantRights('homeassistant'));
    plug = createTasmotaSimulator({
      connect: mqttPeer({
        url: running.url,
        username: 'plug',
        password: 'secret',
        clientId: 'DVES_plug',
        ...(running.ca !== undefined && { ca: running.ca }),
      }),
      clock,
      topic: 'plug',
      relays: 1,
      hasEnergyMeter: true,
    });
    plug.start();
    await startHub();
    await startAssistant();
  }, 90_000);
  afterEach(() => {
    recorded.length = 0;
  });
  afterAll(async () => {
    await assistant.endAsync(true);
    await plug.stop();
    await stopHub();
    await running.stop();
  });

  it('appear with their state, and do what they are allowed to', async () => {
    await isShown();
    // What comes right behind the connection may be old and is not obeyed: whoever means it says it again.
    await vi.waitFor(
      () => {
        if (recorded.length === 0) assistant.publish(`hallhub/${HUB}/in/plug/switch-0/set`, 'ON');
        expect(recorded).not.toEqual([]);
      },
      { ...PATIENCE, interval: 300 },
    );
    await vi.waitFor(() => {
      expect(plug.relays).toEqual([true]);
      expect(heard.get(out('plug/switch-0'))).toBe('ON');
    }, PATIENCE);
    expect(new Set(recorded)).toEqual(new Set(['home-assistant plug']));
    plug.measure(75);
    await vi.waitFor(() => {
      expect(heard.get(out('plug/meter-power'))).toBe('75');
    }, PATIENCE);
  });

  it('are available again by themselves after the broker was away, with nothing done late', async () => {
    const before = plug.done('relay 0');
    heard.clear();
    await running.restart();
    // With the embedded broker the hub dies, too.
    if (kind === 'the embedded broker') {
      await stopHub();
      await startHub();
    }
    await isShown();
    expect(plug.done('relay 0')).toBe(before);
    // What a broker kept on its disk looks the same; this is said now.
    await vi.waitFor(() => {
      plug.measure(Number(heard.get(out('plug/meter-power'))) + 1);
      expect(Number(heard.get(out('plug/meter-power')))).toBeGreaterThan(100);
    }, PATIENCE);
  });

  it('are available again by themselves after the hub was away', async () => {
    await stopHub();
    await vi.waitFor(() => {
      expect(heard.get(out('status'))).toBe('offline');
    }, PATIENCE);
    await startHub();
    await isShown();
  });

  it('are shown as away when they are', async () => {
    plug.cutPower();
    await vi.waitFor(() => {
      expect(heard.get(out('plug/availability'))).toBe('offline');
      expect(heard.get(out('plug/health'))).toBe('ON');
    }, PATIENCE);
    plug.start();
    await isShown();
  });

  it('are told again when Home Assistant comes, and go from it with the configuration', async () => {
    await stopHub();
    await startHub(['other']);
    await vi.waitFor(() => {
      expect(heard.get(DEVICE_CONFIG)).toBe('');
    }, PATIENCE);
    await stopHub();
    await startHub();
    heard.clear();
    assistant.publish('homeassistant/status', 'online');
    await isShown();
  });
});
