import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { RemoteHost } from './remote-host.ts';

/** What hangs on the hub and what hangs on its agents, as one. Domains ask for a device and need not know where it is. */
export function joinHosts(local: AgentHost, remote: RemoteHost): AgentHost {
  // One that was moved to an agent a moment ago may still be closing its line here.
  const isLocal = (deviceId: string): boolean => !remote.has(deviceId);
  const hostOf = (deviceId: string): AgentHost => (isLocal(deviceId) ? local : remote);
  return {
    start: () => {
      local.start();
      remote.start();
    },
    stop: async () => {
      await Promise.all([local.stop(), remote.stop()]);
    },
    devices: () => [...local.devices().filter(({ id }) => isLocal(id)), ...remote.devices()],
    capability: (deviceId, name) => hostOf(deviceId).capability(deviceId, name),
    health: (deviceId) => hostOf(deviceId).health(deviceId),
    traffic: (deviceId) => hostOf(deviceId).traffic(deviceId),
    onHealth: (listener) => {
      const cancels = [
        local.onHealth((event) => {
          if (isLocal(event.deviceId)) listener(event);
        }),
        remote.onHealth(listener),
      ];
      return () => {
        for (const cancel of cancels) cancel();
      };
    },
    onTraffic: (listener) => {
      const cancels = [local.onTraffic(listener), remote.onTraffic(listener)];
      return () => {
        for (const cancel of cancels) cancel();
      };
    },
    onDevices: (listener) => {
      const cancels = [local.onDevices(listener), remote.onDevices(listener)];
      return () => {
        for (const cancel of cancels) cancel();
      };
    },
  };
}
