import type { Cancel } from '@hallhub/sync/base';
import { type CapabilityMap, type CapabilityName, listenerName, shapeOf } from '../capabilities/index.ts';
import { type Driver, type Emitter, type ListenerError, capability, createEmitter } from '../kit/index.ts';

/** Capabilities as they are handed out: they outlive the drivers behind them. */
export interface StandIns {
  /** Always the same object for a device and a capability. */
  of<N extends CapabilityName>(deviceId: string, name: N): CapabilityMap[N];
  /** The device's present driver: its events go to whoever listens. Returns what parts them. */
  join(driver: Driver): Cancel;
}

const GONE = { ok: false, error: { code: 'E-DEV-0102', detail: 'the device is not hosted at the moment' } } as const;

export function createStandIns(deps: {
  /** The device's present driver. */
  readonly driverOf: (deviceId: string) => Driver | undefined;
  readonly onListenerError: ListenerError;
}): StandIns {
  const { driverOf, onListenerError } = deps;
  /** By device and capability. */
  const made = new Map<string, Map<CapabilityName, { readonly methods: object; readonly join: JoinDriver }>>();

  const make = (deviceId: string, name: CapabilityName): { readonly methods: object; readonly join: JoinDriver } => {
    const { commands, calls, events } = shapeOf(name);
    const emitters = new Map<string, Emitter<unknown>>();
    const methods: Record<string, unknown> = {};
    for (const method of [...Object.keys(commands), ...Object.keys(calls)]) {
      methods[method] = (...args: readonly unknown[]): unknown => {
        const driver = driverOf(deviceId);
        const target: unknown = driver && Reflect.get(capability(driver, name) ?? {}, method);
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
    const join: JoinDriver = (driver) =>
      [...emitters].flatMap(([event, emitter]) => {
        const listen: unknown = Reflect.get(capability(driver, name) ?? {}, listenerName(event));
        return typeof listen === 'function'
          ? [(listen as (listener: (data: unknown) => void) => Cancel)(emitter.emit)]
          : [];
      });
    return { methods, join };
  };

  const standIn = (deviceId: string, name: CapabilityName): ReturnType<typeof make> => {
    const ofDevice = made.get(deviceId) ?? new Map<CapabilityName, ReturnType<typeof make>>();
    made.set(deviceId, ofDevice);
    const known = ofDevice.get(name) ?? make(deviceId, name);
    ofDevice.set(name, known);
    return known;
  };

  return {
    of: <N extends CapabilityName>(deviceId: string, name: N) => standIn(deviceId, name).methods as CapabilityMap[N],
    join: (driver) => {
      const names = Object.keys(driver.capabilities) as CapabilityName[];
      const joined = names.flatMap((name) => standIn(driver.deviceId, name).join(driver));
      return () => {
        for (const cancel of joined) cancel();
      };
    },
  };
}

type JoinDriver = (driver: Driver) => readonly Cancel[];
