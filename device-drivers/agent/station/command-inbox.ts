import { type Clock, type EpochMs, type Failure, iso, minutes, ms, plus, seconds } from '@hallhub/sync/base';
import type { Outbox } from '@hallhub/sync/outbox';
import { type Db, isOwnTrouble, transact } from '@hallhub/sync/sqlite';
import { type UpdateCommand, shapeOf } from '../../capabilities/index.ts';
import type { Command, DeviceLog, Receipt } from '../../kit/index.ts';
import type { AgentHost } from '../types.ts';
import { type CommandMessage, brief, commandBegun, commandMessageSchema, commandSettled } from './contract.ts';
import { type FetchImage, forDriver } from './firmware-image.ts';
import type { HubTime } from './hub-time.ts';
import { INTERRUPTED, type StationStore } from './store.ts';
import { decodeMessage } from './wire.ts';

/** Takes commands off the pipe: each is done at most once, never late, and what came of it goes up. */
export interface CommandInbox {
  receive(payload: Uint8Array): void;
  /** At the start, before anything comes: settles what an earlier life of this agent left open. */
  recover(): void;
  /** From time to time: puts down what the disk did not take when it ended, and forgets what is long over. */
  tidy(): void;
}

/** So much may this machine's idea of the hub's time be behind it. */
const CLOCK_SLACK = seconds(5);

/** Longer than any clock of ours is wrong: a repeat that comes after this is refused for its age alone. */
const REMEMBER = minutes(60);
/** What is over sooner is told by its receipt alone. */
const TELL_BEGUN_AFTER = ms(500);
/** A command that is to live longer than this was made by mistake. */
const LONGEST_LIFE = minutes(60);

export function createCommandInbox(deps: {
  readonly db: Db;
  readonly store: StationStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly host: () => AgentHost | undefined;
  readonly hubTime: Pick<HubTime, 'latest' | 'earliest'>;
  readonly fetchImage?: FetchImage;
}): CommandInbox {
  const { db, store, outbox, clock, log } = deps;

  const report = (device: string, commandId: string, receipt: Receipt): void => {
    outbox.append({
      type: commandSettled,
      subject: device,
      data: {
        at: iso(clock.now()),
        command: commandId,
        ...(receipt.ok ? { confirmation: receipt.value.confirmation } : { failure: brief(receipt.error) }),
      },
    });
  };
  /** Ended while the disk took nothing. They stand there as begun, so that a restart tells of them as well. */
  const unwritten = new Map<string, { readonly message: CommandMessage; readonly receipt: Receipt }>();
  const settle = (message: CommandMessage, receipt: Receipt): void => {
    try {
      transact(db, () => {
        store.settle(message.id, receipt);
        report(message.device, message.id, receipt);
      });
      unwritten.delete(message.id);
    } catch (error) {
      if (!isOwnTrouble(error)) throw error;
      if (!unwritten.has(message.id))
        log.error({ device: message.device, error }, 'what came of a command could not be put down yet');
      unwritten.set(message.id, { message, receipt });
    }
  };

  /** It stands in the store as begun; the hub waits for it from now on, whatever its expiry was. */
  const tellBegun = ({ id, device }: CommandMessage): void => {
    try {
      outbox.append({ type: commandBegun, subject: device, data: { at: iso(clock.now()), command: id } });
    } catch (error) {
      log.error({ device, error }, 'the hub could not be told that a command was begun');
    }
  };

  /** The command in this machine's time, or why it is not to be done: rather refused too early than done too late. */
  const judge = (message: CommandMessage): Command | Failure => {
    const now = deps.hubTime.latest();
    if (now === undefined) return { code: 'E-DEV-0201', detail: 'the hub’s time is not known here yet' };
    const life = message.expiresAt - message.issuedAt;
    const left = message.expiresAt - now;
    if (life > LONGEST_LIFE || left > LONGEST_LIFE) return { code: 'E-DEV-0201', detail: 'it would live for hours' };
    if (left <= 0 || life < 0) return { code: 'E-DEV-0201', detail: `command ${message.id}` };
    // The hub's clock was set ahead since this machine last heard it: nobody knows how old the order is.
    if (left > life + CLOCK_SLACK) return { code: 'E-DEV-0201', detail: 'it lives longer than it was given' };
    const { id, name, args, issuedBy } = message;
    const expiresAt = plus(clock.now(), ms(left));
    return { id, name, args, issuedAt: (expiresAt - life) as EpochMs, expiresAt, issuedBy };
  };
  /** Until when it is remembered for certain, in the hub's time. */
  const memorable = ({ expiresAt }: CommandMessage): EpochMs =>
    Math.min(expiresAt, plus(deps.hubTime.latest() ?? clock.now(), LONGEST_LIFE)) as EpochMs;

  const carryOut = async (message: CommandMessage, command: Command): Promise<Receipt> => {
    const { device, capability, name } = message;
    const declared = shapeOf(capability).commands[name];
    if (!declared) return { ok: false, error: { code: 'E-DEV-0203', detail: `no command ${capability}.${name}` } };
    const args = declared.args.safeParse(command.args);
    if (!args.success)
      return { ok: false, error: { code: 'E-DEV-0302', detail: `arguments of ${capability}.${name}` } };
    const method: unknown = Reflect.get(deps.host()?.capability(device, capability) ?? {}, name);
    if (typeof method !== 'function') {
      return { ok: false, error: { code: 'E-DEV-0203', detail: `${device} has no ${capability} here` } };
    }
    const firmware = capability === 'firmware' ? deps.host()?.capability(device, 'firmware') : undefined;
    const fit =
      firmware && name === 'update'
        ? await forDriver(firmware, args.data as UpdateCommand['args'], deps.fetchImage)
        : { ok: true as const, value: args.data };
    if (!fit.ok) return fit;
    return (method as (given: Command) => Promise<Receipt>)({ ...command, args: fit.value });
  };

  const run = async (message: CommandMessage): Promise<void> => {
    const seen = store.seen(message.id);
    if (seen) {
      // The hub asks again because it has not heard; the receipt is on its way already, or will be.
      log.debug({ command: message.id }, 'a command came again');
      return;
    }
    const judged = judge(message);
    transact(db, () => {
      store.begin(message.id, message.device, memorable(message));
    });
    if ('code' in judged) {
      settle(message, { ok: false, error: judged });
      return;
    }
    let receipt: Receipt;
    const cancelTelling = clock.after(TELL_BEGUN_AFTER, () => {
      tellBegun(message);
    });
    try {
      receipt = await carryOut(message, judged);
    } catch (error) {
      log.error({ device: message.device, error }, 'a driver failed at a command');
      receipt = { ok: false, error: { code: 'E-DEV-0303' } };
    }
    cancelTelling();
    settle(message, receipt);
  };

  return {
    receive: (payload) => {
      const parsed = commandMessageSchema.safeParse(decodeMessage(payload));
      if (!parsed.success) {
        log.warn({}, 'something came that is no command');
        return;
      }
      void run(parsed.data).catch((error: unknown) => {
        // A store that is full: the command was not begun, so that it may be asked for again.
        log.error({ error }, 'a command could not be taken in');
      });
    },
    recover: () => {
      transact(db, () => {
        for (const { id, device } of store.interrupted()) {
          const receipt: Receipt = { ok: false, error: INTERRUPTED };
          store.settle(id, receipt);
          report(device, id, receipt);
        }
      });
    },
    tidy: () => {
      for (const { message, receipt } of [...unwritten.values()]) settle(message, receipt);
      const now = deps.hubTime.earliest();
      if (now !== undefined) store.forget((now - REMEMBER) as EpochMs);
    },
  };
}
