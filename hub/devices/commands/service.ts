import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { CapabilityName } from '@hallhub/device-drivers/capabilities';
import { capabilityNames, listenerName, shapeOf, stateShapeOf } from '@hallhub/device-drivers/capabilities';
import type { DeviceLog, Receipt } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, Code, DurationMs, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, plus, seconds, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../../audit/service.ts';
import type { Behind } from '../behind.ts';
import type { Twin } from '../twin/twin.ts';
import type { Recording } from './journal.ts';
import { createJournal } from './journal.ts';
import { handCommands, moves } from './policy.ts';
import { createCommandQueue } from './queue.ts';
import type { CommandState } from './rules.ts';
import { isUncertain } from './rules.ts';
import type { CommandRow, CommandStore, Order } from './store.ts';
import { standingOf } from './store.ts';

export interface CommandView {
  readonly id: string;
  readonly seq: number;
  readonly deviceId: string;
  readonly capability: CapabilityName;
  readonly name: string;
  /** Without free texts and bytes. */
  readonly args: unknown;
  readonly issuedBy: string;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly state: CommandState;
  readonly code?: Code;
  /** It failed, and nobody knows whether the device did it. */
  readonly uncertain: boolean;
}

export interface CommandHistory extends CommandView {
  readonly steps: readonly {
    readonly at: EpochMs;
    readonly state: CommandState;
    readonly code?: Code;
    readonly detail?: string;
    /** Known only after the command had expired. */
    readonly late: boolean;
  }[];
}

/** What somebody asks for by hand or through the API. */
export interface CommandRequest {
  readonly deviceId: string;
  readonly capability: CapabilityName;
  readonly name: string;
  readonly args: unknown;
  /** How long it may wait for its device; after that it does nothing. */
  readonly lifetime: DurationMs;
  /** Somebody has seen that it moves something. */
  readonly confirmed: boolean;
}

export interface Commands {
  /** The fleet for the domains: each command that goes through it is on record, by whom, until when and what came of it. */
  fleet(recording: Recording): AgentHost;
  /**
   * Puts a command on record and in line; it leaves as soon as the device is there. The same `key` of the same asker
   * stands for the same command.
   *
   * Errors: `E-DEV-0403` device, `E-DEV-0404` capability or command unknown, `E-DEV-0405` out of service, `E-DEV-0406`
   * arguments, `E-DEV-0407` not confirmed, `E-DEV-0408` the key stands for something else.
   */
  submit(request: CommandRequest, by: { readonly actor: string; readonly key: string }): Result<CommandView>;
  /**
   * Asks again for the desired state of one property.
   * Errors: `E-DEV-0414` nothing desired, or no command brings it about; and those of {@link submit}.
   */
  restore(
    target: {
      readonly deviceId: string;
      readonly capability: CapabilityName;
      readonly property: string;
      readonly confirmed: boolean;
    },
    by: { readonly actor: string; readonly key: string },
  ): Result<CommandView>;
  /** Errors: `E-DEV-0421` unknown, `E-DEV-0422` it has left. */
  cancel(id: string, actor: string): Result<CommandView>;
  /** Ends what waits for a device that was taken out of service. */
  refuseWaiting(deviceId: string): void;
  get(id: string): Result<CommandHistory>;
  /** Newest first. */
  ofDevice(deviceId: string, page: { readonly limit: number; readonly before?: number }): readonly CommandView[];
  /** What a device said of a command, however late; inside the transaction that counts the message. */
  receive(deviceId: string, commandId: string, receipt: Receipt): void;
  onChange(listener: (deviceId: string) => void): Cancel;
  /** Settles what an earlier process left open, and listens to the devices' states. Nothing is sent again. */
  start(): void;
  stop(): void;
  purge(before: EpochMs): number;
}

const RESTORE_LIFE = seconds(30);

export function createCommands(deps: {
  readonly db: Db;
  readonly host: AgentHost;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
  readonly audit: Pick<Audit, 'record'>;
  readonly store: CommandStore;
  readonly twin: Twin;
  readonly behind: Behind;
  readonly inService: (deviceId: string) => boolean;
  /** Keyed, so that the arguments cannot be guessed from it. */
  readonly digest: (text: string) => Uint8Array;
}): Commands {
  const { db, host, clock, audit, store, twin, behind } = deps;
  const listeners = new Set<(deviceId: string) => void>();
  const changed = (deviceId: string): void => {
    for (const listener of listeners) listener(deviceId);
  };
  const journal = createJournal({ ...deps, changed });
  const queue = createCommandQueue({ ...deps, journal, changed });
  let stopListening: Cancel = () => undefined;

  const listenTo = (deviceId: string, capability: CapabilityName): readonly Cancel[] =>
    Object.keys(stateShapeOf(capability)?.reports ?? {}).flatMap((event) => {
      const on: unknown = Reflect.get(host.capability(deviceId, capability) ?? {}, listenerName(event));
      if (typeof on !== 'function') return [];
      const subscribe = on as (listener: (data: unknown) => void) => Cancel;
      return [
        subscribe((data) => {
          journal.reported(deviceId, capability, 'reports', event, data);
        }),
      ];
    });
  const judge = ({ deviceId, capability, name, args, confirmed }: CommandRequest): Result<unknown> => {
    const device = host.devices().find(({ id }) => id === deviceId);
    if (!device) return failure('E-DEV-0403', deviceId);
    const declared = shapeOf(capability).commands[name];
    const byHand = handCommands(capability).some((command) => command.name === name);
    if (!device.capabilities.includes(capability) || !declared || !byHand)
      return failure('E-DEV-0404', `${capability}.${name}`);
    const parsed = declared.args.safeParse(args);
    if (!parsed.success) {
      return failure('E-DEV-0406', parsed.error.issues.map(({ path }) => path.join('.')).join(', '));
    }
    if (!deps.inService(deviceId)) return failure('E-DEV-0405', deviceId);
    if (moves(capability, name) && !confirmed) return failure('E-DEV-0407', `${capability}.${name}`);
    return ok(parsed.data);
  };

  const submit: Commands['submit'] = (request, { actor, key }) => {
    const { deviceId, capability, name, lifetime } = request;
    const requestKey = `${actor}/${key}`;
    const digest = deps.digest(JSON.stringify([deviceId, capability, name, request.args]));
    const before = store.byKey(requestKey);
    if (before) {
      const same = before.digest !== null && Buffer.compare(before.digest, digest) === 0;
      return same ? ok(viewOf(before)) : failure('E-DEV-0408', key);
    }
    const judged = judge(request);
    if (!judged.ok) return judged;
    const now = clock.now();
    const order: Order = {
      deviceId,
      capability,
      command: {
        id: uuidv7(now, deps.random),
        name,
        args: judged.value,
        issuedAt: now,
        expiresAt: plus(now, lifetime),
        issuedBy: actor,
      },
    };
    transact(db, () => {
      store.add(order, now, { key: requestKey, digest });
      audit.record({
        actor,
        action: 'device.command',
        subject: `device:${deviceId}`,
        detail: { command: order.command.id, what: `${capability}.${name}` },
      });
    });
    changed(deviceId);
    queue.enqueue(order);
    const row = store.get(order.command.id);
    return row ? ok(viewOf(row)) : failure('E-DEV-0421', order.command.id);
  };

  return {
    fleet: journal.fleet,
    submit,
    restore: ({ deviceId, capability, property, confirmed }, by) => {
      const state = twin.list(deviceId).find((one) => one.capability === capability && one.property === property);
      const value = state?.desired?.value;
      const again = value === undefined ? undefined : stateShapeOf(capability)?.restore?.({ property, value });
      if (!again) return failure('E-DEV-0414', `${deviceId} ${capability} ${property}`);
      return submit({ deviceId, capability, ...again, lifetime: RESTORE_LIFE, confirmed }, by);
    },
    cancel: (id, actor) => {
      const row = store.get(id);
      if (!row) return failure('E-DEV-0421', id);
      const cancelled = transact(db, () => {
        if (!queue.cancel(id)) return false;
        audit.record({
          actor,
          action: 'device.cancel-command',
          subject: `device:${row.deviceId}`,
          detail: { command: id },
        });
        return true;
      });
      return cancelled ? ok(viewOf(store.get(id) ?? row)) : failure('E-DEV-0422', id);
    },
    refuseWaiting: (deviceId) => {
      queue.refuse(deviceId, { code: 'E-DEV-0405', detail: deviceId });
    },
    get: (id) => {
      behind.flush();
      const row = store.get(id);
      if (!row) return failure('E-DEV-0421', id);
      return ok({
        ...viewOf(row),
        steps: store.steps(id).map(({ at, state, code, detail }) => ({
          at,
          state,
          ...(code !== null && { code }),
          ...(detail !== null && { detail }),
          late: at > row.expiresAt && (state === 'acknowledged' || state === 'observed' || state === 'unconfirmed'),
        })),
      });
    },
    ofDevice: (deviceId, { limit, before = Number.MAX_SAFE_INTEGER }) => {
      behind.flush();
      return store.ofDevice(deviceId, limit, before).map(viewOf);
    },
    receive: journal.receive,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => {
      transact(db, () => {
        for (const { id } of store.unfinished()) store.move(id, { type: 'restart' }, clock.now());
      });
      stopListening = followDevices(host, () =>
        host
          .devices()
          .flatMap(({ id, capabilities }) =>
            capabilityNames.flatMap((name) => (capabilities.includes(name) ? listenTo(id, name) : [])),
          ),
      );
      queue.start();
    },
    stop: () => {
      stopListening();
      queue.stop();
      journal.stop();
    },
    purge: (before) => store.purge(before),
  };
}

function viewOf(row: CommandRow): CommandView {
  const { id, seq, deviceId, capability, name, args, issuedBy, issuedAt, expiresAt, state, code } = row;
  return {
    id,
    seq,
    deviceId,
    capability,
    name,
    args: JSON.parse(args) as unknown,
    issuedBy,
    issuedAt,
    expiresAt,
    state,
    ...(code !== null && { code }),
    uncertain: isUncertain(standingOf(row)),
  };
}
