import type { CapabilityMap } from '@hallhub/device-drivers/capabilities';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { AreaConfig, GateConfig } from '../../config/index.ts';
import type { EdgeGate } from './gate.ts';
import type { Match, Source } from './presentation.ts';
import { cardSource } from './presentation.ts';

/** The devices of a gate, as capabilities. */
export interface GateParts {
  readonly reader?: CapabilityMap['cardReader'];
  readonly barrier: CapabilityMap['barrier'];
  readonly barrierMode?: CapabilityMap['barrierMode'];
  readonly passageSensor?: CapabilityMap['passageSensor'];
  readonly alarms?: CapabilityMap['gateAlarm'];
}

/** Finds a gate's devices; undefined when one lacks what the gate needs of it. */
export function gateParts(gate: GateConfig, host: Pick<AgentHost, 'capability'>): GateParts | undefined {
  const barrier = host.capability(gate.barrier, 'barrier');
  const reader = gate.reader === undefined ? undefined : host.capability(gate.reader, 'cardReader');
  const passageSensor =
    gate.passageSensor === undefined ? undefined : host.capability(gate.passageSensor, 'passageSensor');
  const lacking = (part: string | undefined, capability: unknown) => part !== undefined && !capability;
  if (!barrier || lacking(gate.reader, reader) || lacking(gate.passageSensor, passageSensor)) return undefined;
  const barrierMode = host.capability(gate.barrier, 'barrierMode');
  const alarms = host.capability(gate.passageSensor ?? gate.barrier, 'gateAlarm');
  return {
    barrier,
    ...(reader && { reader }),
    ...(barrierMode && { barrierMode }),
    ...(passageSensor && { passageSensor }),
    ...(alarms && { alarms }),
  };
}

/** Where people show something at this gate. */
export const gateSources = ({ reader }: GateParts, match: Match): readonly Source[] =>
  reader ? [cardSource(reader, match)] : [];

/** A gate's rules out of its own configuration and its area's. */
export const edgeGate = (gate: GateConfig, area: AreaConfig): EdgeGate => ({
  id: gate.id,
  area: gate.area,
  direction: gate.direction,
  exit: gate.exit,
  ...(area.antiPassback && { antiPassback: area.antiPassback }),
  firstPerson: area.firstPerson,
  twoPeople: gate.twoPeople,
  whenClockLost: area.whenClockLost,
  duress: area.duress,
  hold: gate.hold,
  passageTimeout: gate.passageTimeout,
  pairTimeout: gate.pairTimeout,
  ...(area.limit !== undefined && { limit: area.limit }),
});
