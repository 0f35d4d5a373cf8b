import type { CapabilityMap } from '@hallhub/device-drivers/capabilities';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { AreaConfig, GateConfig } from '../../config/index.ts';
import type { EdgeGate } from './gate.ts';
import type { CodeReader, Match, Source } from './presentation.ts';
import { cardSource, codeSource, faceSource, plateSource } from './presentation.ts';

/** The devices of a gate, as capabilities. */
export interface GateParts {
  readonly reader?: CapabilityMap['cardReader'];
  readonly scanner?: CapabilityMap['codeScanner'];
  readonly barrier: CapabilityMap['barrier'];
  readonly barrierMode?: CapabilityMap['barrierMode'];
  /** What lets people through by itself. */
  readonly terminal?: CapabilityMap['accessController'];
  /** Of a terminal that is not the barrier. */
  readonly terminalMode?: CapabilityMap['barrierMode'];
  readonly passageSensor?: CapabilityMap['passageSensor'];
  readonly doorContact?: CapabilityMap['doorContact'];
  readonly alarms?: CapabilityMap['gateAlarm'];
  readonly plateReader?: CapabilityMap['plateReader'];
  readonly faceTerminal?: CapabilityMap['faceTerminal'];
  readonly fireInput?: CapabilityMap['fireInput'];
  readonly indicator?: CapabilityMap['indicator'];
  readonly speaker?: CapabilityMap['speaker'];
}

/** Finds a gate's devices; undefined when one lacks what the gate needs of it. */
export function gateParts(gate: GateConfig, host: Pick<AgentHost, 'capability'>): GateParts | undefined {
  const find = <N extends keyof CapabilityMap>(device: string | undefined, name: N): CapabilityMap[N] | undefined =>
    device === undefined ? undefined : host.capability(device, name);
  const barrier = host.capability(gate.barrier, 'barrier');
  const reader = find(gate.reader, 'cardReader');
  const scanner = find(gate.scanner, 'codeScanner');
  const passageSensor = find(gate.passageSensor, 'passageSensor');
  const plateReader = find(gate.plateReader, 'plateReader');
  const faceTerminal = find(gate.faceTerminal, 'faceTerminal');
  const fireInput = find(gate.fireInput, 'fireInput');
  const named = [
    [gate.reader, reader],
    [gate.scanner, scanner],
    [gate.passageSensor, passageSensor],
    [gate.plateReader, plateReader],
    [gate.faceTerminal, faceTerminal],
    [gate.fireInput, fireInput],
  ] as const;
  if (!barrier || named.some(([device, capability]) => device !== undefined && !capability)) return undefined;
  const barrierMode = host.capability(gate.barrier, 'barrierMode');
  const terminalMode = gate.terminal === gate.barrier ? undefined : find(gate.terminal, 'barrierMode');
  const terminal = find(gate.terminal, 'accessController');
  const doorContact = host.capability(gate.passageSensor ?? gate.barrier, 'doorContact');
  const alarms = host.capability(gate.passageSensor ?? gate.barrier, 'gateAlarm');
  const indicator = find(gate.display ?? gate.reader, 'indicator');
  const speaker = find(gate.speaker, 'speaker');
  return {
    barrier,
    ...(reader && { reader }),
    ...(scanner && { scanner }),
    ...(barrierMode && { barrierMode }),
    ...(terminal && { terminal }),
    ...(terminalMode && { terminalMode }),
    ...(passageSensor && { passageSensor }),
    ...(doorContact && { doorContact }),
    ...(alarms && { alarms }),
    ...(plateReader && { plateReader }),
    ...(faceTerminal && { faceTerminal }),
    ...(fireInput && { fireInput }),
    ...(indicator && { indicator }),
    ...(speaker && { speaker }),
  };
}

/** Where people show something at this gate. */
export const gateSources = (
  { reader, scanner, plateReader, faceTerminal }: GateParts,
  gate: GateConfig,
  match: Match,
  codes: CodeReader,
): readonly Source[] => [
  ...(reader ? [cardSource(reader, match, gate.bits)] : []),
  ...(scanner ? [codeSource(scanner, codes, gate.id)] : []),
  ...(plateReader ? [plateSource(plateReader, match, gate)] : []),
  ...(faceTerminal ? [faceSource(faceTerminal, match)] : []),
];

/** A gate's rules out of its own configuration and its area's. */
export const edgeGate = (gate: GateConfig, area: AreaConfig): EdgeGate => ({
  id: gate.id,
  area: gate.area,
  direction: gate.direction,
  exit: gate.exit,
  ...(area.antiPassback && { antiPassback: area.antiPassback }),
  ...(area.curfew && { curfew: area.curfew }),
  firstPerson: area.firstPerson,
  twoPeople: gate.twoPeople,
  whenClockLost: area.whenClockLost,
  whenAlone: area.whenAlone,
  duress: area.duress,
  trust: area.trust,
  hold: gate.hold,
  passageTimeout: gate.passageTimeout,
  pairTimeout: gate.pairTimeout,
  ...(area.limit !== undefined && { limit: area.limit }),
});
