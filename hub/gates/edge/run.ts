import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { uuidv7 } from '@hallhub/sync/base';
import { storeFailure } from '@hallhub/sync/sqlite';
import type { AreaConfig, GateConfig } from '../../config/index.ts';
import type { CampusClock } from '../calendar.ts';
import { createFeedback } from './feedback.ts';
import type { AdmitOrder, RunningGate } from './gate.ts';
import { runGate } from './gate.ts';
import type { GateJournal } from './journal.ts';
import { keepMode, watchFire } from './mode.ts';
import type { GateParts } from './parts.ts';
import { edgeGate, gateParts, gateSources } from './parts.ts';
import type { Match } from './presentation.ts';
import type { Standings } from './standings.ts';

export interface RunGatesDeps {
  readonly gates: readonly GateConfig[];
  readonly areas: readonly AreaConfig[];
  readonly host: Pick<AgentHost, 'capability'>;
  readonly journal: GateJournal;
  readonly standings: Standings;
  readonly match: Match;
  readonly clock: Clock;
  readonly campusClock: CampusClock;
  readonly random: RandomBytes;
  readonly pictureAge: () => DurationMs | undefined;
  readonly clockTrusted: () => boolean;
  /** Whether gates of an area that decide elsewhere cannot be heard. */
  readonly alone: (area: string) => boolean;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface RunningGates {
  /** Lets one through by hand; the entry's id, or undefined for a gate that does not run here. */
  admit(gateId: string, order: AdmitOrder): string | undefined;
  runs(gateId: string): boolean;
  stop(): void;
}

/** The gates of one process, hub or agent: all of them over one journal and one set of standings. */
export function runGates(deps: RunGatesDeps): RunningGates {
  const { clock, journal, standings } = deps;
  const running = new Map<string, RunningGate>();
  const stops: Cancel[] = [];
  const newId = (): string => uuidv7(clock.now(), deps.random);

  const start = (gate: GateConfig, area: AreaConfig, parts: GateParts): void => {
    const standing = () => standings.of(gate);
    const { reader, barrierMode, fireInput } = parts;
    if (reader)
      stops.push(
        reader.onUnreadable(({ code }) => {
          deps.log('info', 'a card could not be read', { gate: gate.id, code });
        }),
      );
    if (barrierMode)
      stops.push(keepMode({ barrierMode, standing, onChange: standings.onChange, clock, newId, gateId: gate.id }));
    if (fireInput) {
      const tell = (clear: boolean) => (at: EpochMs) => {
        if (!clear) standings.order(`area:${gate.area}`, 'fire', `gate:${gate.id}`);
        journal.alarm({ id: newId(), gateId: gate.id, alarm: 'fire', at, clear });
      };
      stops.push(watchFire({ fireInput, clock, onFire: tell(false), onCleared: tell(true) }));
    }
    running.set(
      gate.id,
      runGate({
        gate: edgeGate(gate, area),
        journal,
        sources: gateSources(parts, gate, deps.match),
        barrier: parts.barrier,
        ...(parts.passageSensor && { passageSensor: parts.passageSensor }),
        ...(parts.alarms && { alarms: parts.alarms }),
        staysOpen: barrierMode !== undefined,
        clock,
        campusClock: deps.campusClock,
        standing,
        freshness: () => ({ age: deps.pictureAge(), maxStaleness: area.maxStaleness, whenStale: area.whenStale }),
        clockTrusted: deps.clockTrusted,
        alone: () => deps.alone(gate.area),
        otherDoorOpen: () => gate.interlock.some((other) => running.get(other)?.busy() === true),
        feedback: createFeedback({
          ...(parts.indicator && { indicator: parts.indicator }),
          ...(parts.speaker && { speaker: parts.speaker }),
          clock,
          newId,
          gateId: gate.id,
        }),
        newId,
        onFault: (error) => {
          deps.log('error', 'the journal of a gate cannot be written; nobody is let in', {
            gate: gate.id,
            code: storeFailure(error)?.code,
            err: error,
          });
        },
      }),
    );
  };

  for (const gate of deps.gates) {
    const area = deps.areas.find(({ id }) => id === gate.area);
    const parts = gateParts(gate, deps.host);
    if (area && parts) start(gate, area, parts);
    else deps.log('warn', 'gate cannot start: a device lacks what the gate needs of it', { gate: gate.id });
  }
  return {
    admit: (gateId, order) => running.get(gateId)?.admit(order),
    runs: (gateId) => running.has(gateId),
    stop: () => {
      for (const gate of running.values()) gate.stop();
      for (const stop of stops) stop();
    },
  };
}
