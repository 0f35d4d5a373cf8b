import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { CapabilityMap, CapabilityName } from '@hallhub/device-drivers/capabilities';
import { longestOf, shapeOf, stateShapeOf } from '@hallhub/device-drivers/capabilities';
import type { Command, DeviceLog, Receipt } from '@hallhub/device-drivers/kit';
import { isLive } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, EpochMs, Failure } from '@hallhub/sync/base';
import { err, failure, minutes, ms, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, onRollback, transact } from '@hallhub/sync/sqlite';
import type { Behind } from '../behind.ts';
import type { Twin } from '../twin/twin.ts';
import type { CommandInput } from './rules.ts';
import type { CommandRow, CommandStore, Order } from './store.ts';

/**
 * When a command must be on record. `before`: committed before the first byte may leave. `behind`: in a group commit a moment
 * later, for a domain that has committed the order itself already (a gate's grant, under the command's own id), so that
 * nobody at the gate waits for a second fsync. A crash in between loses the copy here, never the grant.
 */
export type Recording = 'before' | 'behind';

export interface Journal {
  /** The fleet as domains see it: the same port, and every command that goes through it is on record. */
  readonly fleet: (recording: Recording) => AgentHost;
  /**
   * Hands over a command that is on record as `sent`, and records what comes of it. Inside a transaction it leaves when that
   * has been committed; rolled back, it never leaves (`E-DEV-0409`). Never rejects, and settles in any case: a driver that
   * says nothing is given up (`E-DEV-0202`) when the command's life, the longest that it may take and {@link SILENCE} are over.
   */
  perform(order: Order): Promise<Receipt>;
  /** What a device said of a command, however late. Joins the caller's transaction. */
  readonly receive: (deviceId: string, commandId: string, receipt: Receipt) => void;
  /** What a device reported of its state. */
  reported(
    deviceId: string,
    capability: CapabilityName,
    source: 'reports' | 'answers',
    name: string,
    data: unknown,
  ): void;
  stop(): void;
}

/** So long after the last moment at which a command might end it counts as unanswered. */
const SILENCE = minutes(1);

export function createJournal(deps: {
  readonly db: Db;
  readonly host: AgentHost;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly store: CommandStore;
  readonly twin: Twin;
  readonly behind: Behind;
  /** Whether somebody took the device out of service. */
  readonly inService: (deviceId: string) => boolean;
  readonly changed: (deviceId: string) => void;
}): Journal {
  const { db, host, clock, log, store, twin, behind, changed } = deps;
  /** Until their end is on record, so that a repeated id finds its first run. */
  const active = new Map<string, Promise<Receipt>>();
  const patience = new Set<Cancel>();

  const observe = (commandId: string, at: EpochMs): void => {
    store.move(commandId, { type: 'receipt', receipt: ok({ commandId, confirmation: 'observed', at }) }, at);
  };
  /** Inside a transaction. */
  const move = (order: Pick<Order, 'deviceId'> & { readonly id: string }, input: CommandInput, at: EpochMs): void => {
    const step = store.move(order.id, input, at);
    if (!step) return;
    if (step.state === 'acknowledged' || step.state === 'unconfirmed') {
      const row = store.get(order.id);
      // Its report may have come before the receipt.
      if (typeof row?.sentAt === 'number' && twin.shows(desireOf(row), row.sentAt)) observe(order.id, at);
    }
    changed(order.deviceId);
  };
  const later = (order: Order, input: CommandInput, then?: () => void): void => {
    const at = clock.now();
    behind.add(() => {
      move({ deviceId: order.deviceId, id: order.command.id }, input, at);
      then?.();
    });
  };

  const call = async ({ deviceId, capability, command }: Order): Promise<Receipt> => {
    const method: unknown = Reflect.get(host.capability(deviceId, capability) ?? {}, command.name);
    if (typeof method !== 'function') return failure('E-DEV-0404', `${capability}.${command.name}`);
    try {
      return await (method as (given: Command) => Promise<Receipt>)(command);
    } catch (error) {
      log.error({ deviceId, error }, 'a driver failed at a command');
      return failure('E-DEV-0303', deviceId);
    }
  };
  /** What leaves cannot be taken back, so it waits for the record to be on the disk. */
  const perform = (order: Order): Promise<Receipt> => {
    if (!db.inTransaction) return leave(order);
    const { id } = order.command;
    const leaving = new Promise<Receipt>((resolve) => {
      onRollback(db, () => {
        active.delete(id);
        resolve(failure('E-DEV-0409', id));
      });
      afterCommit(db, () => {
        resolve(leave(order));
      });
    });
    active.set(id, leaving);
    return leaving;
  };
  const leave = (order: Order): Promise<Receipt> => {
    const { command } = order;
    // Its life was known when it was issued; the wall clock may have been set back since.
    const left = Math.min(command.expiresAt - clock.now(), command.expiresAt - command.issuedAt);
    const running = new Promise<Receipt>((resolve) => {
      let isGivenUp = false;
      const giveUp = clock.after(ms(Math.max(0, left) + longestOf(order.capability, command.name) + SILENCE), () => {
        isGivenUp = true;
        patience.delete(giveUp);
        log.error({ deviceId: order.deviceId, command: command.id }, 'a driver never said what came of a command');
        later(order, { type: 'silence' }, () => active.delete(command.id));
        resolve(failure('E-DEV-0202', command.id));
      });
      patience.add(giveUp);
      void call(order).then((receipt) => {
        giveUp();
        patience.delete(giveUp);
        if (isGivenUp) {
          // Whoever waited has gone on; as with any late receipt only the record may still learn from it.
          log.warn({ deviceId: order.deviceId, command: command.id }, 'a driver ended a command that was given up');
          later(order, { type: 'receipt', receipt });
          return;
        }
        later(order, { type: 'receipt', receipt }, () => active.delete(command.id));
        resolve(receipt);
      });
    });
    active.set(command.id, running);
    return running;
  };

  const refused = (order: Order, reason: Failure): Promise<Receipt> => {
    const now = clock.now();
    const receipt = Promise.resolve(err(reason));
    active.set(order.command.id, receipt);
    onRollback(db, () => active.delete(order.command.id));
    behind.add(() => {
      active.delete(order.command.id);
      if (!store.add(order, now)) return;
      const input: CommandInput =
        reason.code === 'E-DEV-0201' ? { type: 'expire' } : { type: 'refuse', failure: reason };
      move({ deviceId: order.deviceId, id: order.command.id }, input, now);
    });
    return receipt;
  };

  const carryOut = (order: Order, recording: Recording): Promise<Receipt> => {
    const { deviceId, command } = order;
    const running = active.get(command.id);
    if (running) return running;
    // Behind, the domain's own record under this id has kept a second one away, before this is called.
    const before = recording === 'before' ? store.get(command.id) : undefined;
    if (before) return Promise.resolve(receiptOf(before, store.steps(before.id).at(-1)?.at ?? before.issuedAt));
    const now = clock.now();
    if (!deps.inService(deviceId)) return refused(order, { code: 'E-DEV-0405', detail: deviceId });
    if (!isLive(command, now)) return refused(order, { code: 'E-DEV-0201', detail: `command ${command.id}` });
    const record = (): void => {
      if (!store.add(order, now)) return;
      store.move(command.id, { type: 'send' }, now);
      twin.desire(order, now);
      changed(deviceId);
    };
    if (recording === 'behind') {
      behind.add(record);
      return perform(order);
    }
    try {
      transact(db, record);
    } catch (error) {
      log.error({ deviceId, error }, 'a command could not be put on record; nothing was sent');
      return Promise.resolve(failure('E-DEV-0409', command.id));
    }
    return perform(order);
  };

  const reported: Journal['reported'] = (deviceId, capability, source, name, data) => {
    const values = stateShapeOf(capability)?.[source][name]?.(data) ?? [];
    if (values.length === 0) return;
    const at = clock.now();
    behind.add(() => {
      for (const commandId of twin.report(deviceId, capability, values, at)) {
        const row = store.get(commandId);
        if (row?.state === 'acknowledged' || row?.state === 'unconfirmed') observe(commandId, at);
      }
      changed(deviceId);
    });
  };

  const wrap = (deviceId: string, capability: CapabilityName, raw: object, recording: Recording): object => {
    const { commands, calls } = shapeOf(capability);
    const wrapped: Record<string, unknown> = { ...raw };
    for (const name of Object.keys(commands)) {
      wrapped[name] = (command: Command) => carryOut({ deviceId, capability, command }, recording);
    }
    for (const name of Object.keys(stateShapeOf(capability)?.answers ?? {})) {
      if (!(name in calls)) continue;
      const ask = Reflect.get(raw, name) as (...args: readonly unknown[]) => Promise<{ ok: boolean; value: unknown }>;
      wrapped[name] = async (...args: readonly unknown[]) => {
        const answer = await ask(...args);
        if (answer.ok) reported(deviceId, capability, 'answers', name, answer.value);
        return answer;
      };
    }
    return wrapped;
  };

  const fleet = (recording: Recording): AgentHost => {
    const made = new Map<string, { readonly raw: object; readonly wrapped: object }>();
    return {
      ...host,
      capability: <N extends CapabilityName>(deviceId: string, name: N): CapabilityMap[N] | undefined => {
        const raw = host.capability(deviceId, name);
        if (!raw) return undefined;
        const key = `${deviceId}/${name}`;
        const known = made.get(key);
        if (known?.raw === raw) return known.wrapped as CapabilityMap[N];
        const wrapped = wrap(deviceId, name, raw, recording);
        made.set(key, { raw, wrapped });
        return wrapped as CapabilityMap[N];
      },
    };
  };

  return {
    fleet,
    perform,
    reported,
    stop: () => {
      for (const cancel of patience) cancel();
    },
    receive: (deviceId, commandId, receipt) => {
      const row = store.get(commandId);
      // A command of another device is none of this one's business; one that is not on record yet is told by its promise.
      if (row?.deviceId === deviceId) {
        transact(db, () => {
          move({ deviceId, id: commandId }, { type: 'receipt', receipt }, clock.now());
        });
      }
    },
  };
}

const desireOf = ({ id, deviceId, capability, name, args, issuedBy }: CommandRow) => ({
  deviceId,
  capability,
  command: { id, name, args: JSON.parse(args) as unknown, issuedBy },
});

/** What a repeated command is told: how the first one ended, and when, as far as it is known. */
function receiptOf({ id, state, code }: CommandRow, at: EpochMs): Receipt {
  switch (state) {
    case 'acknowledged':
    case 'observed':
    case 'unconfirmed':
      return ok({ commandId: id, confirmation: state, at });
    case 'expired':
    case 'failed':
    case 'cancelled':
      return failure(code ?? 'E-DEV-0201', id);
    case 'queued':
    case 'sent':
      return failure('E-DEV-0206', id);
  }
}
