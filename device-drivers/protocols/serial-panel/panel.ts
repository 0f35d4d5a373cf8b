import { type Cancel, type EpochMs, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import type {
  ButtonPanel,
  CapabilityMap,
  CounterDisplay,
  IndicatorCommand,
  RatingPad,
} from '../../capabilities/index.ts';
import {
  type Command,
  type DeclaredFrame,
  type Driver,
  type DriverEnvironment,
  type Presentation,
  type Receipt,
  type Traffic,
  type Veto,
  createCommandLedger,
  createEmitter,
  createHealth,
  present,
} from '../../kit/index.ts';
import type { PanelBus } from './bus.ts';
import { displayMessage, encodeMessage, fits, isFrom, meaningOf } from './messages.ts';
import type { PanelMessage, PanelParams } from './params.ts';
import { type Typed, typeKey } from './typing.ts';

type Button = Parameters<Parameters<ButtonPanel['onButton']>[0]>[0];
type Rating = Parameters<Parameters<RatingPad['onRating']>[0]>[0];
type ShowCommand = Parameters<CounterDisplay['show']>[0];
type AskCommand = Parameters<RatingPad['ask']>[0];

const DOWN_AFTER = 2;

export interface PanelOptions extends Pick<DriverEnvironment, 'clock' | 'log'> {
  readonly deviceId: string;
  readonly params: PanelParams;
  readonly bus: PanelBus;
}

/** A keypad, a rating pad or a row of push buttons: what its frames mean, and what it can be told, is data. */
export function createPanel({ deviceId, params, bus, clock, log }: PanelOptions): Driver {
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the panel failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const buttons = createEmitter<Button>(onListenerError);
  const ratings = createEmitter<Rating>(onListenerError);
  const keys = createEmitter<{ keys: string; at: EpochMs }>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const lamps = new Map<string, Cancel>();

  let life = 0;
  let unanswered = 0;
  let typed: Typed | undefined;
  let presentation: Presentation | undefined;
  let cancelBeat: Cancel | undefined;
  let leave: (() => Promise<void>) | undefined;

  const tell = (event: Omit<Traffic, 'at'>): void => {
    if (leave) traffic.emit({ ...event, at: clock.now() });
  };

  const take = (frame: DeclaredFrame): void => {
    const means = meaningOf(params, frame);
    if (!means) {
      tell({ direction: 'discarded', bytes: frame.bytes, meaning: 'means nothing to this profile' });
      return;
    }
    const isKey = 'key' in means;
    // Which keys were pressed may be somebody's number.
    tell({
      direction: 'in',
      bytes: isKey ? new Uint8Array() : frame.bytes,
      meaning: isKey ? 'a key' : 'rating' in means ? `rating ${means.rating}` : `button ${means.name ?? means.button}`,
    });
    const now = clock.monotonic();
    const pressed = present(presentation, JSON.stringify(means), now, ms(params.repeatWithinMs));
    presentation = pressed.state;
    if (!pressed.isNew) return;
    const at = clock.now();
    if ('rating' in means) ratings.emit({ score: means.rating, at });
    else if ('button' in means) {
      const { button, name } = means;
      buttons.emit({ button, ...(name !== undefined && { name }), pressed: true, at });
    } else {
      const next = typeKey(typed, means.key, now, ms(params.keysForgottenMs));
      typed = next.typed;
      if (next.entered !== undefined) keys.emit({ keys: next.entered, at });
    }
  };

  /** Sends, and waits for the answer of a panel that gives one. */
  const order = async (message: PanelMessage, meaning: string, veto?: Veto): Promise<Result<void>> => {
    const bytes = encodeMessage(params, message);
    const { answer } = params;
    tell({ direction: 'out', bytes, meaning });
    if (!answer) return bus.send(bytes, veto);
    return bus.ask({
      bytes,
      within: ms(answer.withinMs),
      answers: (frame) => {
        if (!isFrom(params, frame)) return undefined;
        if (fits(answer.taken, frame)) return 'taken';
        return answer.refused && fits(answer.refused, frame) ? 'refused' : undefined;
      },
      ...(veto && { veto }),
    });
  };
  const beat = async (): Promise<void> => {
    const { heartbeat } = params;
    if (!heartbeat) {
      health.set('ready');
      return;
    }
    const mine = life;
    const result = await order(heartbeat.message, 'is it there');
    if (mine !== life) return;
    unanswered = result.ok || result.error.code === 'E-DEV-0203' ? 0 : unanswered + 1;
    if (result.ok) health.set('ready');
    else if (unanswered === 0) health.set('degraded', result.error);
    else if (unanswered >= DOWN_AFTER) health.set('down', result.error);
    cancelBeat = clock.after(ms(heartbeat.everyMs), () => void beat());
  };
  const confirmed = (command: Command, done: Result<void>): Receipt =>
    done.ok
      ? ok({
          commandId: command.id,
          confirmation: params.answer ? 'acknowledged' : 'unconfirmed',
          at: clock.now(),
        })
      : err(done.error);

  const show = async (command: ShowCommand, veto: Veto): Promise<Receipt> => {
    if (!params.display) return failure('E-DEV-0203', 'this panel has no display');
    const message = displayMessage(params.display, command.args.lines[0] ?? '');
    return message.ok ? confirmed(command, await order(message.value, 'show', veto)) : err(message.error);
  };
  const ask = async (command: AskCommand, veto: Veto): Promise<Receipt> =>
    params.ask
      ? confirmed(command, await order(params.ask, 'ask for a rating', veto))
      : failure('E-DEV-0203', 'this pad takes ratings at any time and cannot be told to ask');
  const light = async (command: IndicatorCommand, veto: Veto): Promise<Receipt> => {
    const { light: wanted, lasts } = command.args;
    if (!wanted) return failure('E-DEV-0203', 'this panel has lamps, and neither sound nor text');
    if (wanted.colour === 'off') {
      for (const [colour, lamp] of Object.entries(params.lamps ?? {})) {
        putOut(colour);
        const done = await order(lamp.off, `${colour} off`, veto);
        if (!done.ok) return err(done.error);
      }
      return confirmed(command, ok());
    }
    const { colour } = wanted;
    const lamp = params.lamps?.[colour];
    if (!lamp) return failure('E-DEV-0203', `this panel has no ${colour} lamp`);
    const done = await order(lamp.on, `${colour} on`, veto);
    if (!done.ok) return err(done.error);
    putOut(colour);
    const off = clock.after(lasts, () => {
      lamps.delete(colour);
      void order(lamp.off, `${colour} off`);
    });
    lamps.set(colour, off);
    return confirmed(command, done);
  };
  /** Its time is over, or begins anew. */
  const putOut = (colour: string): void => {
    lamps.get(colour)?.();
    lamps.delete(colour);
  };
  const rest = (): void => {
    life += 1;
    unanswered = 0;
    typed = undefined;
    cancelBeat?.();
    for (const colour of [...lamps.keys()]) putOut(colour);
  };

  const means = (kind: 'button' | 'key' | 'rating'): boolean => params.events.some((event) => kind in event.means);
  const capabilities: Partial<CapabilityMap> = {
    ...(means('button') && { buttonPanel: { onButton: buttons.on } }),
    ...(means('key') && { keypad: { onKeys: keys.on } }),
    ...(means('rating') && {
      ratingPad: {
        ask: (command) => ledger.run(command, (veto) => ask(command, veto)),
        onRating: ratings.on,
      },
    }),
    ...(params.display && {
      counterDisplay: { show: (command) => ledger.run(command, (veto) => show(command, veto)) },
    }),
    ...(params.lamps && {
      indicator: { show: (command) => ledger.run(command, (veto) => light(command, veto)) },
    }),
  };

  return {
    deviceId,
    capabilities,
    get health() {
      return health.current;
    },
    start: () => {
      leave ??= bus.join({
        params,
        take,
        tell,
        onUp: () => {
          rest();
          void beat();
        },
        onDown: (reason) => {
          rest();
          health.set('down', reason);
        },
      });
    },
    stop: async () => {
      rest();
      const left = leave?.();
      leave = undefined;
      await left;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}
