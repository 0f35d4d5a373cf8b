import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { Receipt } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, DurationMs, MonoMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, minutes, ms, ok, plus, seconds, uuidv7 } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import { queueCodes } from './codes.ts';
import type { CounterEvent, Counters } from './counters.ts';
import { RATED_WITHIN } from './counters.ts';
import type { CounterConfig } from './halls.ts';
import type { CounterOrder } from './orders.ts';
import type { TicketRow } from './store/tickets.ts';

/** Number boards, keypads, rating pads and push-button machines: what happens at a counter is shown, what is pressed is done. */
export interface CounterDevices {
  happened(event: CounterEvent): void;
  start(): void;
  stop(): void;
}

const SHOW_WITHIN = seconds(15);
const BOUNCE = seconds(2);
/** A key that is hit twice in haste must not finish with somebody who has only just been called. */
const KEY_BOUNCE = ms(800);
/** A board that never answers is told again what stands there: nobody hears of it when it was without power. */
const SHOW_AGAIN = minutes(1);

/** What a keypad says of a key that did nothing stays so long; then the number is shown again. */
const SAID_FOR = seconds(3);

/** Keys by their names, as profiles of keypads give them; others are named by `keypadKeys` of the hall. */
const ORDERS: Readonly<Record<string, CounterOrder | 'resume' | 'transfer'>> = {
  next: { do: 'next' },
  recall: { do: 'recall' },
  begin: { do: 'begin' },
  'no-show': { do: 'no-show' },
  hold: { do: 'hold' },
  resume: 'resume',
  transfer: 'transfer',
  finish: { do: 'finish', outcome: 'served' },
  break: { do: 'break' },
  back: { do: 'back' },
  close: { do: 'close' },
};

export function createCounterDevices(deps: {
  readonly halls: readonly QueueHallConfig[];
  readonly host: Pick<AgentHost, 'capability' | 'onDevices' | 'onHealth'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly counters: Pick<Counters, 'orderByKeypad' | 'rate'>;
  readonly isOnBreak: (counter: string) => boolean;
  /** The ticket that has been on hold there longest. */
  readonly heldAt: (hall: QueueHallConfig, counter: string) => string | undefined;
  /** The number that stands at a counter. */
  readonly numberAt: (hall: QueueHallConfig, counter: string) => string | undefined;
  /** A button was pressed: gives a number and prints it. */
  readonly take: (
    hall: QueueHallConfig,
    given: QueueHallConfig['buttonMachines'][number]['services'][string],
    machine: string,
    printer: string | undefined,
  ) => Result<TicketRow>;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): CounterDevices {
  const { halls, host, clock, random, counters } = deps;
  const running: Cancel[] = [];
  const pressedAt = new Map<string, MonoMs>();
  const all = halls.flatMap((hall) => hall.counters.map((counter) => ({ hall, counter })));

  const order = <N extends string, A>(name: N, args: A, lasts: Parameters<typeof plus>[1], by: string) => {
    const now = clock.now();
    return { id: uuidv7(now, random), name, args, issuedAt: now, expiresAt: plus(now, lasts), issuedBy: by };
  };
  /** `wontDo`: what is asked for is more than some devices can do, and nothing to speak of. */
  const settle = (device: string, answer: Promise<Receipt>, wontDo: boolean): Promise<Receipt | undefined> =>
    answer.then(
      (receipt) => {
        const isUsual = wontDo && !receipt.ok && receipt.error.code === 'E-DEV-0203';
        if (!receipt.ok && !isUsual)
          deps.log('warn', 'a device of a counter did not do it', { device, code: receipt.error.code });
        return receipt;
      },
      (error: unknown) => {
        deps.log('error', 'a device of a counter failed', { device, error });
        return undefined;
      },
    );

  /** One order at a time for each display; what changes meanwhile is shown after it. */
  const showing = new Map<string, { again: boolean }>();
  const reminders = new Map<string, Cancel>();
  const showOn = (device: string, hall: QueueHallConfig, counter: string): void => {
    const port = host.capability(device, 'counterDisplay');
    if (!port) return;
    const before = showing.get(device);
    if (before) {
      before.again = true;
      return;
    }
    const turn = { again: false };
    showing.set(device, turn);
    reminders.get(device)?.();
    reminders.delete(device);
    const number = deps.numberAt(hall, counter);
    const lines = number === undefined ? [] : [number];
    // Some boards of digits are never dark: what was called last stays on them.
    void settle(device, port.show(order('show', { lines }, SHOW_WITHIN, `queue:${hall.id}`)), lines.length === 0).then(
      (receipt) => {
        showing.delete(device);
        if (running.length === 0) return;
        if (turn.again) showOn(device, hall, counter);
        else if (receipt?.ok === true && receipt.value.confirmation === 'unconfirmed')
          reminders.set(
            device,
            clock.after(SHOW_AGAIN, () => {
              showOn(device, hall, counter);
            }),
          );
      },
    );
  };
  /** On the board over the counter, and on the keypad's own display. */
  const displaysOf = ({ display, keypad }: CounterConfig): ReadonlySet<string> =>
    new Set([display, keypad].filter((device) => device !== undefined));
  const show = (hall: QueueHallConfig, counter: CounterConfig): void => {
    for (const device of displaysOf(counter)) showOn(device, hall, counter.id);
  };
  const ask = (hall: QueueHallConfig, { id, ratingPad }: CounterConfig): void => {
    const pad = ratingPad === undefined ? undefined : host.capability(ratingPad, 'ratingPad');
    if (ratingPad === undefined || !pad) return;
    // Some pads take ratings at any time, and cannot be told to ask.
    const asked = pad.ask(order('ask', { counter: id, lasts: RATED_WITHIN }, RATED_WITHIN, `queue:${hall.id}`));
    void settle(ratingPad, asked, true);
  };

  const resume = (hall: QueueHallConfig, counter: string): Result<CounterOrder> => {
    const ticket = deps.heldAt(hall, counter);
    return ticket === undefined ? failure('E-QUEUE-0212') : ok({ do: 'resume', ticket });
  };
  const orderOf = (hall: QueueHallConfig, counter: CounterConfig, key: string): Result<CounterOrder> => {
    const wanted = ORDERS[hall.keypadKeys[key] ?? key];
    if (wanted === undefined) return failure('E-QUEUE-0214');
    const to = counter.keypadTransfer;
    if (wanted === 'resume') return resume(hall, counter.id);
    if (wanted === 'transfer') {
      if (to === undefined) return failure('E-QUEUE-0213');
      return ok(to === 'pool' ? { do: 'park', to } : { do: 'transfer', place: 'sorted', ...to });
    }
    // Most keypads have one key for both.
    if (wanted.do === 'break' && deps.isOnBreak(counter.id)) return ok({ do: 'back' });
    const isFree = deps.numberAt(hall, counter.id) === undefined;
    return wanted.do === 'hold' && isFree ? resume(hall, counter.id) : ok(wanted);
  };
  /** On the keypad's own display, for a moment: whoever pressed sees why nothing happened. */
  const explain = (hall: QueueHallConfig, { id, keypad, display }: CounterConfig, code: string): void => {
    deps.log('info', 'a key of a keypad was refused', { device: keypad, code });
    const text = Object.entries(queueCodes).find(([one]) => one === code)?.[1].zh;
    const port = keypad === undefined ? undefined : host.capability(keypad, 'counterDisplay');
    if (keypad === undefined || keypad === display || !port || text === undefined || showing.has(keypad)) return;
    reminders.get(keypad)?.();
    void settle(keypad, port.show(order('show', { lines: [text] }, SHOW_WITHIN, `queue:${hall.id}`)), true);
    reminders.set(
      keypad,
      clock.after(SAID_FOR, () => {
        showOn(keypad, hall, id);
      }),
    );
  };
  const press = (hall: QueueHallConfig, counter: CounterConfig, key: string): void => {
    const { id, keypad } = counter;
    const found = orderOf(hall, counter, key);
    if (!found.ok) {
      explain(hall, counter, found.error.code);
      return;
    }
    const wanted = found.value;
    if (isBounce(`${keypad ?? ''}/${key}`, KEY_BOUNCE)) return;
    let done = counters.orderByKeypad(id, wanted);
    // One key on most keypads: whoever stands there is served, the next is called.
    if (!done.ok && wanted.do === 'next' && done.error.code === 'E-QUEUE-0205') {
      done = counters.orderByKeypad(id, { do: 'finish', outcome: 'served' });
      if (done.ok) done = counters.orderByKeypad(id, wanted);
    }
    if (!done.ok) explain(hall, counter, done.error.code);
  };
  /** A button that is leant on, or chatters, is one press. */
  const isBounce = (button: string, within: DurationMs): boolean => {
    const at = clock.monotonic();
    const before = pressedAt.get(button);
    pressedAt.set(button, at);
    return before !== undefined && at - before < within;
  };
  const listen = (): readonly (Cancel | undefined)[] => [
    ...all.flatMap(({ hall, counter }) => [
      counter.keypad === undefined
        ? undefined
        : host.capability(counter.keypad, 'keypad')?.onKeys(({ keys }) => {
            press(hall, counter, keys);
          }),
      // Keys with a meaning of their own are buttons, by the name that the profile gives them.
      counter.keypad === undefined
        ? undefined
        : host.capability(counter.keypad, 'buttonPanel')?.onButton(({ button, name, pressed }) => {
            if (pressed) press(hall, counter, name ?? String(button + 1));
          }),
      counter.ratingPad === undefined
        ? undefined
        : host.capability(counter.ratingPad, 'ratingPad')?.onRating(({ score }) => {
            counters.rate(counter.id, score);
          }),
    ]),
    ...halls.flatMap((hall) =>
      hall.buttonMachines.map(({ buttons, printer, services }) =>
        host.capability(buttons, 'buttonPanel')?.onButton(({ button, pressed }) => {
          // Buttons are counted from 0 on their line, and from 1 by people.
          const given = services[String(button + 1)];
          if (!pressed || given === undefined || isBounce(`${buttons}/${button}`, BOUNCE)) return;
          const taken = deps.take(hall, given, buttons, printer);
          if (!taken.ok) deps.log('info', 'a button gave no ticket', { device: buttons, code: taken.error.code });
        }),
      ),
    ),
  ];
  return {
    happened: (event) => {
      const at = all.find(({ counter }) => counter.id === event.counter);
      if (!at) return;
      if (event.type === 'finished') ask(at.hall, at.counter);
      else show(at.hall, at.counter);
    },
    start: () => {
      running.push(
        followDevices(host, listen),
        // A board that was without power shows nothing, or what it showed yesterday.
        host.onHealth(({ deviceId, health }) => {
          if (health.state !== 'ready') return;
          for (const { hall, counter } of all)
            if (displaysOf(counter).has(deviceId)) showOn(deviceId, hall, counter.id);
        }),
      );
      for (const { hall, counter } of all) show(hall, counter);
    },
    stop: () => {
      for (const cancel of [...running.splice(0), ...reminders.values()]) cancel();
      reminders.clear();
    },
  };
}
