import { GATE_PARTS } from './gates.ts';
import { KIOSK_PARTS } from './kiosks.ts';
import type { DeviceConfig, GateConfig, KioskConfig } from './schema.ts';

/** An agent decides at a gate when everything that the gate consists of hangs on it; else the hub does. */
export function decidingAgent(gate: GateConfig, devices: readonly DeviceConfig[]): string | undefined {
  const agents = GATE_PARTS.flatMap((part) => {
    const device = gate[part] === undefined ? undefined : devices.find(({ id }) => id === gate[part]);
    return device ? [device.agent] : [];
  });
  const [first] = agents;
  return agents.every((agent) => agent === first) ? first : undefined;
}

/** The agent on a kiosk's own machine: the one that is named, or the one that all its devices hang on. */
export function kioskAgent(kiosk: KioskConfig, devices: readonly DeviceConfig[]): string | undefined {
  if (kiosk.agent !== undefined) return kiosk.agent;
  const agents = KIOSK_PARTS.flatMap((part) =>
    devices.filter(({ id }) => id === kiosk[part]).map(({ agent }) => agent),
  );
  const [first] = agents;
  return agents.every((agent) => agent === first) ? first : undefined;
}

/** Why two gates cannot keep an air lock: nothing says when their doors are passed, or nobody watches both. */
export function airLockMistake(
  gate: GateConfig,
  other: GateConfig,
  devices: readonly DeviceConfig[],
): string | undefined {
  if (gate === other) return 'a gate is no air lock with itself';
  for (const one of [gate, other])
    if (one.passageSensor === undefined)
      return `an air lock needs a passageSensor (a door contact, a counter) at both its gates; "${one.id}" has none`;
  if (decidingAgent(gate, devices) === decidingAgent(other, devices)) return undefined;
  return `"${gate.id}" and "${other.id}" are decided in different places; hang the devices of both on one agent, or on the hub`;
}
