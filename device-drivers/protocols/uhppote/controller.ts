import { type Cancel, type EpochMs, type Failure, epochMs, ms, seconds } from '@hallhub/sync/base';
import { type DriverEnvironment, createEmitter, rethrow } from '../../kit/index.ts';
import type { Link, ReplyTo } from './link.ts';
import { toInstant, toLocal } from './local-time.ts';
import type { ControllerEvent, LocalTime } from './packets.ts';
import type { DoorParams } from './params.ts';

export type ControllerStatus = ReplyTo<'status'>;

/** An event, placed in time by the controller's own clock. */
export interface PlacedEvent extends ControllerEvent {
  readonly at: EpochMs;
  /** It happened while nobody listened. */
  readonly replayed: boolean;
}

/** When a status arrived, by the controller's clock and by ours. */
interface StatusMoment {
  readonly now: LocalTime | undefined;
  readonly arrived: EpochMs;
}

/** What the doors of one controller share: its clock, its events, its state. */
export interface Controller {
  readonly serial: number;
  readonly onStatus: (listener: (status: ControllerStatus) => void) => Cancel;
  readonly onEvent: (listener: (event: PlacedEvent) => void) => Cancel;
  /** Undefined: it answers. */
  readonly onHealth: (listener: (problem: Failure | undefined) => void) => Cancel;
  /** Cards are read, changed and written back: one at a time, for all doors. */
  inTurn<T>(change: () => Promise<T>): Promise<T>;
  /** Watches it while any door has joined. */
  join(): () => Promise<void>;
}

const DOWN_AFTER = 3;
const POLL_WHEN_DOWN = seconds(2);
const REOPEN_AFTER = 12;
/** Seconds: an event that is older by the controller's own clock is history. */
const LIVE = 5;
const CLOCK_SLACK = seconds(5);
/** Of a gap longer than this only the newest events are told; the others are read from its history. */
const CATCH_UP = 32;

export function createController({
  link,
  params,
  clock,
  log,
}: Pick<DriverEnvironment, 'clock' | 'log'> & { readonly link: Link; readonly params: DoorParams }): Controller {
  const { serial, utcOffset } = params;
  const timeout = ms(params.replyTimeoutMs);
  const statuses = createEmitter<ControllerStatus>(rethrow);
  const events = createEmitter<PlacedEvent>(rethrow);
  const health = createEmitter<Failure | undefined>(rethrow);
  let turn: Promise<unknown> = Promise.resolve();
  let members = 0;
  let leave: (() => Promise<void>) | undefined;
  let cancelStatus: Cancel | undefined;
  let cancelPoll: Cancel | undefined;
  let life = 0;
  let unanswered = 0;
  let greeted = false;
  /** The newest event that was told; undefined until the first status: what lies before it is history's. */
  let told: number | undefined;
  let reading: Promise<void> | undefined;

  /** Sets what it needs to tell by itself and when: a failure shows soon enough, and is tried again when it is back. */
  const greet = async (status: ControllerStatus): Promise<void> => {
    greeted = true;
    const time = status.time === undefined ? undefined : toInstant(status.time, utcOffset);
    if (time === undefined || Math.abs(time - clock.now()) > CLOCK_SLACK) {
      log.warn({ serial, time: status.time }, "the controller's clock is wrong and is set");
      await link.ask({ name: 'set-time', serial, time: toLocal(clock.now(), utcOffset) }, { timeout });
    }
    if (params.listener) await link.ask({ name: 'set-listener', serial, ...params.listener, interval: 0 }, { timeout });
  };
  /** By the controller's clock beside ours at the moment its status arrived: reading what came before may have taken long since. */
  const place = (event: ControllerEvent, { now, arrived }: StatusMoment): PlacedEvent => {
    const age =
      now === undefined || event.time === undefined
        ? Number.POSITIVE_INFINITY
        : (toInstant(now, utcOffset) - toInstant(event.time, utcOffset)) / 1_000;
    // Its clock has whole seconds and its own idea of now: what is live is placed by ours.
    if (age >= -1 && age <= LIVE) {
      const at = epochMs(arrived - Math.max(0, age) * 1_000);
      return { ...event, at, replayed: clock.now() - at > LIVE * 1_000 };
    }
    const at = event.time === undefined ? arrived : toInstant(event.time, utcOffset);
    return { ...event, at, replayed: true };
  };
  const take = (status: ControllerStatus): void => {
    if (status.serial !== serial) return;
    statuses.emit(status);
    const { event } = status;
    if (told === undefined || event.index < told) told = event.index;
    if (event.index === told || reading) return;
    const mine = life;
    const moment = { now: status.time, arrived: clock.now() };
    reading = catchUp(event, moment, told, mine).finally(() => {
      reading = undefined;
    });
  };
  const catchUp = async (newest: ControllerEvent, moment: StatusMoment, from: number, mine: number): Promise<void> => {
    for (let index = Math.max(from + 1, newest.index - CATCH_UP + 1); index < newest.index; index += 1) {
      const reply = await link.ask({ name: 'get-event', serial, index }, { timeout });
      // Asked again from the same place with the next status.
      if (!reply.ok || mine !== life) return;
      told = index;
      if (reply.value.event.index === index) events.emit(place(reply.value.event, moment));
    }
    if (mine !== life) return;
    told = newest.index;
    events.emit(place(newest, moment));
  };
  const poll = async (): Promise<void> => {
    const mine = life;
    const reply = await link.ask({ name: 'status', serial }, { timeout });
    if (mine !== life) return;
    if (reply.ok) {
      unanswered = 0;
      health.emit(undefined);
      if (!greeted) void greet(reply.value);
    } else {
      unanswered += 1;
      if (unanswered >= DOWN_AFTER) {
        greeted = false;
        health.emit(reply.error);
      }
      // Another way to it, where the network has changed.
      if (unanswered % REOPEN_AFTER === 0) link.line.cycle(reply.error);
    }
    if (mine !== life) return;
    cancelPoll = clock.after(unanswered >= DOWN_AFTER ? POLL_WHEN_DOWN : ms(params.pollEveryMs), () => void poll());
  };

  return {
    serial,
    onStatus: statuses.on,
    onEvent: events.on,
    onHealth: health.on,
    inTurn: (change) => {
      const done = turn.then(change);
      turn = done.catch(() => undefined);
      return done;
    },
    join: () => {
      members += 1;
      if (!leave) {
        cancelStatus = link.onStatus(take);
        leave = link.join({
          onUp: () => {
            life += 1;
            unanswered = 0;
            greeted = false;
            void poll();
          },
          onDown: (reason) => {
            life += 1;
            cancelPoll?.();
            health.emit(reason);
          },
        });
      }
      return async () => {
        members -= 1;
        if (members > 0) return;
        life += 1;
        cancelPoll?.();
        cancelStatus?.();
        told = undefined;
        const left = leave?.();
        leave = undefined;
        await left;
      };
    },
  };
}
