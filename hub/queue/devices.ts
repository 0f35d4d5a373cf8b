import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, MonoMs, RandomBytes, Result } from '@hallhub/sync/base';
import { plus, seconds, uuidv7 } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import type { CounterEvent, Counters } from './counters.ts';
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
const RATE_WITHIN = seconds(30);

/** Keys by their names, as profiles of keypads give them; others are named by `keypadKeys` of the hall. */
const ORDERS: Readonly<Record<string, CounterOrder>> = {
  next: { do: 'next' },
  recall: { do: 'recall' },
  begin: { do: 'begin' },
  'no-show': { do: 'no-show' },
  hold: { do: 'hold' },
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
  /** The number that stands at a counter. */
  readonly numberAt: (hall: QueueHallConfig, counter: string) => string | undefined;
  /** A button was pressed: gives a number and prints it. */
  readonly take: (
    hall: QueueHallConfig,
    service: string,
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
  const settle = (device: string, answer: Promise<Result<unknown>>): void => {
    answer
      .then((receipt) => {
        if (!receipt.ok) deps.log('warn', 'a device of a counter did not do it', { device, code: receipt.error.code });
      })
      .catch((error: unknown) => {
        deps.log('error', 'a device of a counter failed', { device, error });
      });
  };
  const show = (hall: QueueHallConfig, { id, display }: CounterConfig): void => {
    const board = display === undefined ? undefined : host.capability(display, 'counterDisplay');
    if (display === undefined || !board) return;
    const number = deps.numberAt(hall, id);
    settle(
      display,
      board.show(order('show', { lines: number === undefined ? [] : [number] }, SHOW_WITHIN, `queue:${hall.id}`)),
    );
  };
  const ask = (hall: QueueHallConfig, { id, ratingPad }: CounterConfig): void => {
    const pad = ratingPad === undefined ? undefined : host.capability(ratingPad, 'ratingPad');
    if (ratingPad === undefined || !pad) return;
    settle(ratingPad, pad.ask(order('ask', { counter: id, lasts: RATE_WITHIN }, RATE_WITHIN, `queue:${hall.id}`)));
  };

  const press = (hall: QueueHallConfig, { id, keypad }: CounterConfig, key: string): void => {
    const wanted = ORDERS[hall.keypadKeys[key] ?? key];
    if (!wanted) {
      deps.log('warn', 'a key of a keypad means nothing', { device: keypad });
      return;
    }
    let done = counters.orderByKeypad(id, wanted);
    // One key on most keypads: whoever stands there is served, the next is called.
    if (!done.ok && wanted.do === 'next' && done.error.code === 'E-QUEUE-0205') {
      done = counters.orderByKeypad(id, { do: 'finish', outcome: 'served' });
      if (done.ok) done = counters.orderByKeypad(id, wanted);
    }
    if (!done.ok) deps.log('info', 'a key of a keypad was refused', { device: keypad, code: done.error.code });
  };
  /** A button that is leant on, or chatters, is one press. */
  const isBounce = (button: string): boolean => {
    const at = clock.monotonic();
    const before = pressedAt.get(button);
    pressedAt.set(button, at);
    return before !== undefined && at - before < BOUNCE;
  };
  const listen = (): readonly (Cancel | undefined)[] => [
    ...all.flatMap(({ hall, counter }) => [
      counter.keypad === undefined
        ? undefined
        : host.capability(counter.keypad, 'keypad')?.onKeys(({ keys }) => {
            press(hall, counter, keys);
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
          const service = services[String(button)];
          if (!pressed || service === undefined || isBounce(`${buttons}/${button}`)) return;
          const taken = deps.take(hall, service, buttons, printer);
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
          for (const { hall, counter } of all) if (counter.display === deviceId) show(hall, counter);
        }),
      );
      for (const { hall, counter } of all) show(hall, counter);
    },
    stop: () => {
      for (const cancel of running.splice(0)) cancel();
    },
  };
}
