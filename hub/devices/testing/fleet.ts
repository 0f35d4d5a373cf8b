import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { CapabilityMap, CapabilityName } from '@hallhub/device-drivers/capabilities';
import type { Command, DeviceHealth, Receipt } from '@hallhub/device-drivers/kit';
import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import type { Clock } from '@hallhub/sync/base';

/** One relay board, `relay`, that a test holds in its hands: what it was told, what it answers, whether it is there. */
export interface TestFleet {
  readonly host: AgentHost;
  /** The orders that reached the board, with the wall time of arrival. */
  readonly reached: { readonly command: Command; readonly at: number }[];
  /** The board answers the oldest order that it has not answered yet; false when there is none. */
  answer(receipt: (command: Command) => Receipt): boolean;
  change(channel: number, on: boolean): void;
  tamper(tampered: boolean): void;
  health(state: DeviceHealth['state']): void;
}

export function createTestFleet(clock: Clock): TestFleet {
  const changes = createEmitter<{ channel: number; on: boolean; at: ReturnType<Clock['now']> }>(rethrow);
  const tampers = createEmitter<{ tampered: boolean; powerFailed: boolean; at: ReturnType<Clock['now']> }>(rethrow);
  const healths = createEmitter<{ deviceId: string; health: DeviceHealth }>(rethrow);
  const reached: TestFleet['reached'] = [];
  let open: { readonly command: Command; readonly resolve: (receipt: Receipt) => void }[] = [];
  let health: DeviceHealth = { state: 'ready', since: clock.now() };
  const capabilities: Partial<CapabilityMap> = {
    tamper: { onTamper: tampers.on },
    switch: {
      set: (command) =>
        new Promise((resolve) => {
          reached.push({ command, at: clock.now() });
          open.push({ command, resolve });
        }),
      state: () => Promise.resolve({ ok: true, value: { on: [false, true], at: clock.now() } }),
      onChange: changes.on,
    },
  };
  return {
    host: {
      start: () => undefined,
      stop: () => Promise.resolve(),
      devices: () => [
        {
          id: 'relay',
          profile: 'generic/modbus-relay-flash',
          line: 'memory',
          capabilities: ['switch', 'tamper'],
          health,
        },
      ],
      capability: <N extends CapabilityName>(deviceId: string, name: N) =>
        deviceId === 'relay' ? capabilities[name] : undefined,
      health: (deviceId) => (deviceId === 'relay' ? health : undefined),
      traffic: () => [],
      onHealth: healths.on,
      onTraffic: () => () => undefined,
      onDevices: () => () => undefined,
    },
    reached,
    answer: (receipt) => {
      const [first, ...rest] = open;
      if (!first) return false;
      open = rest;
      first.resolve(receipt(first.command));
      return true;
    },
    change: (channel, on) => {
      changes.emit({ channel, on, at: clock.now() });
    },
    tamper: (tampered) => {
      tampers.emit({ tampered, powerFailed: false, at: clock.now() });
    },
    health: (state) => {
      health = { state, since: clock.now() };
      healths.emit({ deviceId: 'relay', health });
    },
  };
}
