import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { DeviceHealth, OperatingState } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { AreaConfig, GateConfig, Label } from '../../config/index.ts';
import type { Requests } from '../../requests/service.ts';
import type { Vault } from '../../vault/index.ts';
import type { CampusClock } from '../../calendar/index.ts';
import type { TerminalGrant } from '../edge/gate.ts';
import type { GateJournal } from '../edge/journal.ts';
import type { PassStore } from '../store/passes.ts';
import { createTerminalProjection, terminalGates } from './project.ts';
import { createTerminalRecords } from './records.ts';
import { createTerminalStore } from './store.ts';
import type { TerminalRow } from './store.ts';
import { createTerminalWorker } from './worker.ts';

export interface TerminalsDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Pick<Vault, 'match' | 'seal' | 'open'>;
  readonly gates: readonly GateConfig[];
  readonly areas: readonly AreaConfig[];
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly requests: () => Pick<Requests, 'data' | 'get'>;
  readonly passes: PassStore;
  readonly journal: GateJournal;
  readonly campusClock: CampusClock;
  readonly told: (entryId: string) => boolean;
  readonly note: (gateId: string, grant: TerminalGrant) => boolean;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** How far one terminal is from what it should have. */
export interface TerminalView {
  readonly deviceId: string;
  readonly gateId: string;
  readonly wanted: number;
  readonly held: number;
  /** Not there yet, or not gone yet. */
  readonly waiting: number;
  /** Of these, what the device did not take when it was tried last. */
  readonly refused: number;
  /** On it, and put there by somebody else. */
  readonly foreign: number;
  readonly label: Label;
  readonly area: string;
  readonly state: OperatingState;
  /** Why it is not ready. */
  readonly reason?: string;
  /** What validity means to it; absent until it was met. */
  readonly validity?: string;
  /** When all it has was last compared with all it should have. */
  readonly comparedAt?: EpochMs;
  /** Its events of the last 30 days that are on record, and the time of the newest. */
  readonly events: number;
  readonly lastEventAt?: EpochMs;
  /** Why people are not as they should be there. */
  readonly problems: readonly { readonly code: string; readonly people: number }[];
}

/** Terminals that let people through by themselves: whom they are given, and what becomes of what they tell. */
export interface Terminals {
  start(): void;
  stop(): void;
  /**
   * A request's passes have just been written, inside the transaction that did; `identities` are those of its passes before
   * and after.
   */
  changed(requestId: string, identities: readonly string[]): void;
  views(): readonly TerminalView[];
  /** Puts everybody anew who should be there. Undefined for what is no terminal; else how many. */
  putAllAgain(deviceId: string): number | undefined;
  forget(before: EpochMs): number;
}

const CLOCK_EVERY = minutes(1);

export function createTerminals(deps: TerminalsDeps): Terminals {
  const { db, clock, host, journal, log } = deps;
  const store = createTerminalStore(db);
  const terminals = terminalGates(deps.gates, deps.areas);
  const projection = createTerminalProjection({ ...deps, terminals, store });
  const record = createTerminalRecords({ ...deps, store });
  let stops: readonly Cancel[] = [];

  const deviceOf = (deviceId: string) => host.capability(deviceId, 'accessController');
  const workers = terminals.map((terminal) => ({
    ...terminal,
    worker: createTerminalWorker({
      ...deps,
      deviceId: terminal.deviceId,
      store,
      projection,
      device: () => (host.health(terminal.deviceId)?.state === 'ready' ? deviceOf(terminal.deviceId) : undefined),
      record: (event) => {
        record(terminal, event);
      },
    }),
  }));
  const conditionOf = (health: DeviceHealth | undefined): Pick<TerminalView, 'state' | 'reason'> => ({
    state: health?.state ?? 'down',
    ...(health?.reason && { reason: health.reason.code }),
  });
  const metAs = (
    met: TerminalRow | undefined,
  ): Pick<TerminalView, 'foreign' | 'validity' | 'comparedAt' | 'events' | 'lastEventAt'> => {
    if (!met) return { foreign: 0, events: 0 };
    const { events, lastEventAt } = store.recorded(met.terminal);
    return {
      foreign: met.foreignPeople,
      validity: met.validity,
      events,
      ...(met.comparedAt > 0 && { comparedAt: met.comparedAt }),
      ...(lastEventAt !== null && { lastEventAt }),
    };
  };
  const kick = (): void => {
    for (const { worker } of workers) worker.kick();
  };

  return {
    start: () => {
      if (terminals.length === 0) return;
      for (const { deviceId } of terminals)
        for (const id of store.orphans(deviceId)) journal.settle(id, 'unconfirmed', clock.now());
      const heard = new Map<string, { readonly device: unknown; readonly stop: Cancel }>();
      const listen = (): void => {
        for (const terminal of terminals) {
          const device = deviceOf(terminal.deviceId);
          const known = heard.get(terminal.deviceId);
          if (known?.device === device) continue;
          known?.stop();
          heard.delete(terminal.deviceId);
          if (!device) continue;
          const stop = device.onAccess((event) => {
            try {
              transact(db, () => {
                record(terminal, event);
              });
            } catch (error) {
              // It stays in the terminal's memory, from which it is read again.
              log('error', 'an event of a terminal could not be written', { device: terminal.deviceId, err: error });
            }
          });
          heard.set(terminal.deviceId, { device, stop });
        }
      };
      let since = clock.now();
      let cancelTick: Cancel = () => undefined;
      const tick = (): void => {
        cancelTick = clock.after(CLOCK_EVERY, tick);
        const now = clock.now();
        transact(db, () => {
          projection.timePassed(since);
        });
        since = now;
        kick();
      };
      listen();
      transact(db, () => {
        projection.timePassed(0 as EpochMs);
      });
      cancelTick = clock.after(CLOCK_EVERY, tick);
      for (const { worker } of workers) worker.start();
      stops = [
        host.onDevices(listen),
        () => {
          cancelTick();
          for (const { stop } of heard.values()) stop();
          for (const { worker } of workers) worker.stop();
        },
      ];
    },
    stop: () => {
      for (const stop of stops) stop();
      stops = [];
    },
    changed: (requestId, identities) => {
      projection.changed(requestId, identities);
      kick();
    },
    views: () =>
      terminals.map(({ deviceId, gate }) => ({
        deviceId,
        gateId: gate.id,
        label: gate.label,
        area: gate.area,
        ...store.counts(deviceId),
        ...conditionOf(host.health(deviceId)),
        ...metAs(store.terminal(deviceId)),
        problems: store.problems(deviceId),
      })),
    putAllAgain: (deviceId) => {
      if (!terminals.some((terminal) => terminal.deviceId === deviceId)) return undefined;
      const people = store.putAllAgain(deviceId);
      afterCommit(db, kick);
      return people;
    },
    forget: (before) => store.forget(before),
  };
}
