import type { Cancel } from '@hallhub/sync/base';
import { type CapabilityMap, type CapabilityName, listenerName, shapeOf } from '../capabilities/index.ts';
import { type DeviceHealth, type Emitter, type ListenerError, type Traffic, createEmitter } from '../kit/index.ts';
import type { AgentHost } from './types.ts';

/** A host whose drivers are replaced while everybody who holds one of its capabilities goes on holding it. */
export interface ReloadableHost extends AgentHost {
  /** Stops the drivers there are, and starts those that `create` makes. One at a time; a line is closed before it is opened again. */
  reload(create: () => AgentHost): Promise<void>;
}

const GONE = { ok: false, error: { code: 'E-DEV-0102', detail: 'the device is not hosted at the moment' } } as const;

export function createReloadableHost(options: {
  readonly create: () => AgentHost;
  readonly onListenerError: ListenerError;
}): ReloadableHost {
  const { onListenerError } = options;
  let current = options.create();
  let running = false;
  let turn: Promise<void> = Promise.resolve();
  const health = createEmitter<{ readonly deviceId: string; readonly health: DeviceHealth }>(onListenerError);
  const traffic = createEmitter<{ readonly deviceId: string; readonly traffic: Traffic }>(onListenerError);
  const changed = createEmitter<undefined>(onListenerError);
  /** What was handed out, by device and capability; the events of the present drivers are joined to it. */
  const handedOut = new Map<string, { readonly standIn: object; readonly join: () => void }>();
  let joined: Cancel[] = [];

  const standInFor = (
    deviceId: string,
    name: CapabilityName,
  ): { readonly standIn: object; readonly join: () => void } => {
    const emitters = new Map<string, Emitter<unknown>>();
    const { commands, calls, events } = shapeOf(name);
    const methods: Record<string, unknown> = {};
    for (const method of [...Object.keys(commands), ...Object.keys(calls)]) {
      methods[method] = (...args: readonly unknown[]): unknown => {
        const target: unknown = Reflect.get(current.capability(deviceId, name) ?? {}, method);
        return typeof target === 'function'
          ? (target as (...given: readonly unknown[]) => unknown)(...args)
          : Promise.resolve(GONE);
      };
    }
    for (const event of Object.keys(events)) {
      const emitter = createEmitter<unknown>(onListenerError);
      emitters.set(event, emitter);
      methods[listenerName(event)] = emitter.on;
    }
    return {
      standIn: methods,
      join: () => {
        for (const [event, emitter] of emitters) {
          const listen: unknown = Reflect.get(current.capability(deviceId, name) ?? {}, listenerName(event));
          if (typeof listen === 'function') {
            joined.push((listen as (listener: (data: unknown) => void) => Cancel)(emitter.emit));
          }
        }
      },
    };
  };
  const joinAll = (): void => {
    joined = [current.onHealth(health.emit), current.onTraffic(traffic.emit)];
    for (const { join } of handedOut.values()) join();
  };
  const part = (): void => {
    for (const cancel of joined) cancel();
    joined = [];
  };
  joinAll();

  return {
    start: () => {
      running = true;
      current.start();
    },
    stop: async () => {
      running = false;
      await turn;
      await current.stop();
    },
    devices: () => current.devices(),
    capability: <N extends CapabilityName>(deviceId: string, name: N): CapabilityMap[N] | undefined => {
      if (!current.capability(deviceId, name)) return undefined;
      const key = `${deviceId} ${name}`;
      let known = handedOut.get(key);
      if (!known) {
        known = standInFor(deviceId, name);
        handedOut.set(key, known);
        known.join();
      }
      return known.standIn as CapabilityMap[N];
    },
    health: (deviceId) => current.health(deviceId),
    traffic: (deviceId) => current.traffic(deviceId),
    onHealth: health.on,
    onTraffic: traffic.on,
    onDevices: changed.on,
    reload: (create) => {
      const reloaded = turn.then(async () => {
        const next = create();
        await current.stop();
        part();
        current = next;
        joinAll();
        changed.emit(undefined);
        for (const { id, health: now } of current.devices()) health.emit({ deviceId: id, health: now });
        if (running) current.start();
      });
      // Whoever asked hears of a failure; the drivers there are go on, and the next reload is not held up.
      turn = reloaded.catch(() => undefined);
      return reloaded;
    },
  };
}
