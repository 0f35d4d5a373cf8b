import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { DeviceLog } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, Failure } from '@hallhub/sync/base';
import { ms, seconds } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Twin } from '../twin/twin.ts';
import type { Journal } from './journal.ts';
import type { CommandInput, CommandStep } from './rules.ts';
import type { CommandStore, Order } from './store.ts';

/**
 * Commands that may wait: for a device that is away, or behind another command of the same capability. They are on record
 * as `queued` and leave in the order of asking, one at a time, before their expiry or never.
 */
export interface CommandQueue {
  /** Takes a command that is on record as `queued`. Older ones that set the same state give way to it. */
  enqueue(order: Order): void;
  /** Ends one that still waits; false where it has left, or is unknown. Joins the caller's transaction. */
  cancel(id: string): boolean;
  /** Ends everything that waits for a device. */
  refuse(deviceId: string, reason: Failure): void;
  start(): void;
  stop(): void;
}

/** When the disk takes nothing, the next try. */
const RETRY = seconds(1);

interface Waiting {
  readonly order: Order;
  /** By the monotonic clock, which nobody sets back. */
  readonly deadline: number;
  readonly stopTimer: Cancel;
}

export function createCommandQueue(deps: {
  readonly db: Db;
  readonly host: Pick<AgentHost, 'health' | 'onHealth'>;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly store: CommandStore;
  readonly twin: Twin;
  readonly journal: Pick<Journal, 'perform'>;
  readonly inService: (deviceId: string) => boolean;
  readonly changed: (deviceId: string) => void;
}): CommandQueue {
  const { db, host, clock, log, store, twin, journal, changed } = deps;
  const lanes = new Map<string, Waiting[]>();
  const busy = new Set<string>();
  let retry: Cancel | undefined;
  let stopListening: Cancel = () => undefined;
  let running = false;

  const laneOf = ({ deviceId, capability }: Order): string => `${deviceId}/${capability}`;
  const find = (id: string): { readonly lane: string; readonly waiting: Waiting } | undefined => {
    for (const [lane, list] of lanes) {
      const waiting = list.find(({ order }) => order.command.id === id);
      if (waiting) return { lane, waiting };
    }
    return undefined;
  };
  const take = (lane: string, waiting: Waiting): void => {
    waiting.stopTimer();
    const rest = (lanes.get(lane) ?? []).filter((other) => other !== waiting);
    if (rest.length > 0) lanes.set(lane, rest);
    else lanes.delete(lane);
  };
  /** Durable when it returns; undefined when the disk takes nothing, and then it is tried again. */
  const move = ({ deviceId, command }: Order, input: CommandInput, also?: () => void): CommandStep | undefined => {
    try {
      return transact(db, () => {
        const step = store.move(command.id, input, clock.now());
        if (step) also?.();
        changed(deviceId);
        return step ?? { state: store.get(command.id)?.state ?? 'cancelled' };
      });
    } catch (error) {
      log.error({ deviceId, error }, 'a step of a command could not be put on record');
      retry ??= clock.after(RETRY, () => {
        retry = undefined;
        for (const lane of lanes.keys()) dispatch(lane);
      });
      return undefined;
    }
  };
  const end = (id: string, input: CommandInput): boolean => {
    const found = find(id);
    if (!found || !move(found.waiting.order, input)) return false;
    take(found.lane, found.waiting);
    return true;
  };

  /** Sends what may be sent now; inside a transaction, when that has been committed. */
  const dispatch = (lane: string): void => {
    afterCommit(db, () => {
      send(lane);
    });
  };
  const send = (lane: string): void => {
    const head = lanes.get(lane)?.[0];
    if (!running || !head || busy.has(lane)) return;
    const { order } = head;
    const { deviceId } = order;
    const state = host.health(deviceId)?.state;
    if (state !== 'ready' && state !== 'degraded') return;
    const step =
      clock.monotonic() >= head.deadline
        ? move(order, { type: 'expire' })
        : deps.inService(deviceId)
          ? move(order, { type: 'send' }, () => {
              if (store.get(order.command.id)?.state === 'sent') twin.desire(order, clock.now());
            })
          : move(order, { type: 'refuse', failure: { code: 'E-DEV-0405', detail: deviceId } });
    if (!step) return;
    take(lane, head);
    if (step.state !== 'sent') {
      dispatch(lane);
      return;
    }
    busy.add(lane);
    void journal.perform(order).then(() => {
      busy.delete(lane);
      dispatch(lane);
    });
  };

  return {
    enqueue: (order) => {
      const lane = laneOf(order);
      const setting = twin.settingOf(order);
      for (const { order: older } of setting ? [...(lanes.get(lane) ?? [])] : []) {
        if (twin.settingOf(older)?.property === setting?.property) {
          end(older.command.id, { type: 'cancel', failure: { code: 'E-DEV-0413', detail: order.command.id } });
        }
      }
      const { id, expiresAt } = order.command;
      const life = ms(Math.max(0, expiresAt - clock.now()));
      const deadline = clock.monotonic() + life;
      const stopTimer = clock.after(life, () => {
        // What cannot be written now has expired all the same: a later try to send it finds that.
        end(id, { type: 'expire' });
      });
      lanes.set(lane, [...(lanes.get(lane) ?? []), { order, deadline, stopTimer }]);
      dispatch(lane);
    },
    cancel: (id) => end(id, { type: 'cancel' }),
    refuse: (deviceId, reason) => {
      for (const list of [...lanes.values()]) {
        for (const { order } of list) {
          if (order.deviceId === deviceId) end(order.command.id, { type: 'refuse', failure: reason });
        }
      }
    },
    start: () => {
      running = true;
      stopListening = host.onHealth(({ deviceId }) => {
        for (const lane of [...lanes.keys()]) if (lane.startsWith(`${deviceId}/`)) dispatch(lane);
      });
    },
    stop: () => {
      running = false;
      stopListening();
      retry?.();
      // They stay on record as they are; the next start settles them.
      for (const list of lanes.values()) for (const { stopTimer } of list) stopTimer();
      lanes.clear();
    },
  };
}
