import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, DurationMs, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, uuidv7 } from '@hallhub/sync/base';
import { storeFailure } from '@hallhub/sync/sqlite';
import type { AreaConfig, GateConfig } from '../../config/index.ts';
import type { CampusClock } from '../../calendar/index.ts';
import type { Alone } from '../rules.ts';
import { createFeedback } from './feedback.ts';
import type { AdmitOrder, RunningGate, TerminalGrant, Told } from './gate.ts';
import { runGate } from './gate.ts';
import type { GateAlarmKind, GateJournal } from './journal.ts';
import { keepMode, watchFire, watchMode } from './mode.ts';
import type { GateParts } from './parts.ts';
import { edgeGate, gateParts, gateSources } from './parts.ts';
import type { CodeReader, Match, Presentation } from './presentation.ts';
import type { Standings } from './standings.ts';
import { hearTerminal } from './terminal-at-gate.ts';
import { createWriteLater } from './write-later.ts';
import type { EntryStore } from '../store/entries.ts';
import type { PassStore } from '../store/passes.ts';

export interface RunGatesDeps {
  readonly gates: readonly GateConfig[];
  readonly areas: readonly AreaConfig[];
  readonly host: Pick<AgentHost, 'capability' | 'onDevices'>;
  readonly entries: Pick<EntryStore, 'open'>;
  readonly journal: GateJournal;
  readonly standings: Standings;
  readonly match: Match;
  /** Given where this process writes down what terminals do by themselves: at an agent. The hub follows its own terminals. */
  readonly terminalsOf?: Pick<PassStore, 'passesOf'>;
  /** Absent: no code is taken here (`E-GATE-0125`). */
  readonly codes?: CodeReader;
  readonly clock: Clock;
  readonly campusClock: CampusClock;
  readonly random: RandomBytes;
  readonly pictureAge: () => DurationMs | undefined;
  readonly clockTrusted: () => boolean;
  /** Which gates that decide elsewhere cannot be heard by those of an area. */
  readonly alone: (area: string) => Alone;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface RunningGates {
  /** Lets one through by hand; the entry's id. Errors: `E-GATE-0203` the gate does not run here, `E-GATE-0117`. */
  admit(gateId: string, order: AdmitOrder): Result<string>;
  /** A terminal has let somebody through at this gate. False where the gate does not run here. */
  note(gateId: string, grant: TerminalGrant): boolean;
  /** Judges a credential that a guard typed or looked up; undefined for a gate that does not run here or cannot write. */
  present(gateId: string, shown: Presentation): Told | undefined;
  runs(gateId: string): boolean;
  stop(): void;
}

interface Running {
  readonly parts: GateParts;
  readonly gate: RunningGate;
  stop(): void;
}

const same = (one: GateParts, other: GateParts): boolean =>
  Object.keys({ ...one, ...other }).every((part) => Reflect.get(one, part) === Reflect.get(other, part));

const noCodes: CodeReader = () => ({ method: 'code', code: 'E-GATE-0125' });

/**
 * The gates of one process, hub or agent: all of them over one journal and one set of standings. A gate starts when its
 * devices can what it needs, stops when they no longer can, and is begun anew when one of them can other things than before.
 */
export function runGates(deps: RunGatesDeps): RunningGates {
  const { clock, journal, standings } = deps;
  const running = new Map<string, Running>();
  const lacking = new Set<string>();
  const newId = (): string => uuidv7(clock.now(), deps.random);
  const unwritten = createWriteLater({
    clock,
    onFault: (error) => {
      deps.log('error', 'what happened at a gate still cannot be written', {
        code: storeFailure(error)?.code,
        err: error,
      });
    },
  });

  const start = (gate: GateConfig, area: AreaConfig, parts: GateParts): void => {
    const stops: Cancel[] = [];
    // An air lock has two doors, whichever of them names the other.
    const locked = [
      ...gate.interlock,
      ...deps.gates.filter((one) => one.interlock.includes(gate.id)).map(({ id }) => id),
    ];
    const standing = () => standings.of(gate);
    const { reader, barrierMode, fireInput } = parts;
    if (reader)
      stops.push(
        reader.onUnreadable(({ code }) => {
          deps.log('info', 'a card could not be read', { gate: gate.id, code });
        }),
      );
    // Before the barrier hears of any change: doors that are relocked while it still burns never move.
    if (fireInput) {
      const tell = (clear: boolean) => (at: EpochMs) => {
        if (!clear) standings.order(`area:${gate.area}`, 'fire', `gate:${gate.id}`);
        journal.alarm({ id: newId(), gateId: gate.id, alarm: 'fire', at, clear });
      };
      stops.push(
        watchFire({
          ...{ fireInput, clock, standing, onChange: standings.onChange },
          onFire: tell(false),
          onCleared: tell(true),
        }),
      );
    }
    const keep = (capability: GateParts['barrierMode'], byItself: boolean) => {
      const kept =
        capability &&
        keepMode({
          ...{ barrierMode: capability, byItself, standing, clock, newId, gateId: gate.id },
          onChange: standings.onChange,
        });
      if (kept) stops.push(kept.stop);
      return kept;
    };
    const watch = (alarm: GateAlarmKind, applies: () => boolean, reached: () => boolean): void => {
      stops.push(
        watchMode({
          ...{ applies, reached, onChange: standings.onChange, clock },
          tell: (clear) => {
            journal.alarm({ id: newId(), gateId: gate.id, alarm, at: clock.now(), clear });
          },
        }),
      );
    };
    const isTerminal = gate.terminal === gate.barrier;
    const mode = keep(barrierMode, isTerminal);
    const released = () => mode?.taken() === 'free';
    watch('not-released', () => standing() === 'fire', released);
    if (gate.terminal !== undefined) {
      const terminal = isTerminal ? mode : keep(parts.terminalMode, true);
      const isShut = () => standing() === 'lock-down' || standing() === 'closed';
      watch('not-shut', isShut, () => terminal?.taken() === 'closed');
    }
    const onFault = (error: unknown): void => {
      deps.log('error', 'the journal of a gate cannot be written; nobody is let in', {
        gate: gate.id,
        code: storeFailure(error)?.code,
        err: error,
      });
    };
    const started = runGate({
      gate: edgeGate(gate, area),
      journal,
      sources: gateSources(parts, gate, deps.match, deps.codes ?? noCodes),
      barrier: parts.barrier,
      ...(parts.passageSensor && { passageSensor: parts.passageSensor }),
      ...(parts.alarms && { alarms: parts.alarms }),
      ...(parts.doorContact && { doorContact: parts.doorContact }),
      staysOpen: barrierMode !== undefined,
      released,
      writeLater: (write) => {
        unwritten.add(write);
      },
      clock,
      campusClock: deps.campusClock,
      standing,
      freshness: () => ({ age: deps.pictureAge(), maxStaleness: area.maxStaleness, whenStale: area.whenStale }),
      clockTrusted: () => deps.clockTrusted(),
      alone: () => deps.alone(gate.area),
      otherDoorOpen: () => locked.some((other) => running.get(other)?.gate.busy() === true),
      feedback: createFeedback({
        ...(parts.indicator && { indicator: parts.indicator }),
        ...(parts.speaker && { speaker: parts.speaker }),
        clock,
        newId,
        gateId: gate.id,
      }),
      newId,
      onFault,
    });
    if (deps.terminalsOf && parts.terminal)
      stops.push(
        hearTerminal({
          ...{ terminal: parts.terminal, gate: edgeGate(gate, area), passes: deps.terminalsOf, match: deps.match },
          ...{ campusClock: deps.campusClock, journal, onFault },
          note: (grant) => {
            started.note(grant);
          },
        }),
      );
    running.set(gate.id, {
      parts,
      gate: started,
      stop: () => {
        started.stop();
        for (const stop of stops) stop();
      },
    });
  };

  /** Grants that were left open: nobody watched whether somebody walked through, and nothing is opened again. */
  const closeOrphans = (gateId?: string): void => {
    for (const row of deps.entries.open())
      if (gateId === undefined || row.gateId === gateId) journal.settle(row.id, 'unconfirmed', clock.now());
  };
  const follow = (gate: GateConfig): void => {
    const area = deps.areas.find(({ id }) => id === gate.area);
    const parts = area && gateParts(gate, deps.host);
    const known = running.get(gate.id);
    if (known && parts && same(known.parts, parts)) return;
    if (known) {
      known.stop();
      running.delete(gate.id);
      closeOrphans(gate.id);
    }
    if (parts) {
      lacking.delete(gate.id);
      start(gate, area, parts);
    } else if (!lacking.has(gate.id)) {
      lacking.add(gate.id);
      deps.log('warn', 'gate cannot start: a device lacks what the gate needs of it', { gate: gate.id });
    }
  };
  const followAll = (): void => {
    for (const gate of deps.gates) follow(gate);
  };
  closeOrphans();
  followAll();
  const stopFollowing = deps.host.onDevices(followAll);

  return {
    admit: (gateId, order) => running.get(gateId)?.gate.admit(order) ?? failure('E-GATE-0203', gateId),
    note: (gateId, grant) => {
      const known = running.get(gateId);
      known?.gate.note(grant);
      return known !== undefined;
    },
    present: (gateId, shown) => running.get(gateId)?.gate.present(shown),
    runs: (gateId) => running.has(gateId),
    stop: () => {
      stopFollowing();
      for (const one of running.values()) one.stop();
      unwritten.stop();
    },
  };
}
