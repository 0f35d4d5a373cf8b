import {
  type Cancel,
  type Clock,
  type DurationMs,
  type Failure,
  type Result,
  failure,
  ms,
  ok,
} from '@hallhub/sync/base';
import type { DeclaredFrame, SharedLine, Veto } from '../../kit/index.ts';

/** What a frame says to an order. */
export type Answer = 'taken' | 'refused';

export interface DialogueOptions {
  readonly clock: Clock;
  readonly send: SharedLine['send'];
  /** The longest that an answer may still come after its time: nothing is asked for so long, else it answers the next order. */
  readonly quiet: DurationMs;
}

export interface PanelOrder {
  readonly bytes: Uint8Array;
  readonly within: DurationMs;
  /** Undefined for a frame that is no answer to it. */
  readonly answers: (frame: DeclaredFrame) => Answer | undefined;
  readonly veto?: Veto;
}

/**
 * Orders and their answers on a line on which panels also speak by themselves: one order at a time. Errors of {@link ask}:
 * `E-DEV-0202` no answer, `E-DEV-0203` refused, `E-DEV-0102` the line was gone before the bytes left, `E-DEV-0206` after that.
 */
export interface Dialogue {
  ask(order: PanelOrder): Promise<Result<void>>;
  /** Takes a frame that may be an answer; false when nobody waits for it. */
  hear(frame: DeclaredFrame): boolean;
  /** An answer came that nobody waits for: others may follow. */
  disturbed(): void;
  down(reason: Failure): void;
}

export function createDialogue({ clock, send, quiet }: DialogueOptions): Dialogue {
  let turn: Promise<unknown> = Promise.resolve();
  let waiting: { readonly order: PanelOrder; readonly settle: (result: Result<void>) => void } | undefined;
  let quietUntil = Number.NEGATIVE_INFINITY;
  let cutShort: Cancel | undefined;

  const settled = async (): Promise<void> => {
    for (let wait = quietUntil - clock.monotonic(); wait > 0; wait = quietUntil - clock.monotonic()) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(ms(wait), resolve);
        cutShort = () => {
          cancel();
          resolve();
        };
      });
    }
    cutShort = undefined;
  };
  const disturbed = (): void => {
    quietUntil = clock.monotonic() + quiet;
  };
  const askNow = async (order: PanelOrder): Promise<Result<void>> => {
    await settled();
    let cancel: Cancel | undefined;
    const answered = new Promise<Result<void>>((resolve) => {
      const settle = (result: Result<void>): void => {
        cancel?.();
        waiting = undefined;
        resolve(result);
      };
      // Only from the moment in which the bytes leave can anything be an answer to them.
      const leaving = (): Failure | undefined => {
        const refusal = order.veto?.();
        if (refusal) return refusal;
        waiting = { order, settle };
        return undefined;
      };
      const veto: Veto = order.veto?.order ? Object.assign(leaving, { order: order.veto.order }) : leaving;
      void send(order.bytes, veto).then((sent) => {
        if (!sent.ok) settle(sent);
        else if (waiting?.settle === settle)
          cancel = clock.after(order.within, () => {
            disturbed();
            settle(failure('E-DEV-0202'));
          });
      });
    });
    return answered;
  };

  return {
    ask: (order) => {
      const asked = turn.then(() => askNow(order));
      turn = asked;
      return asked;
    },
    hear: (frame) => {
      const answer = waiting?.order.answers(frame);
      if (!waiting || answer === undefined) return false;
      waiting.settle(answer === 'taken' ? ok() : failure('E-DEV-0203', 'the device refuses'));
      return true;
    },
    disturbed,
    down: ({ code, detail = code }) => {
      quietUntil = Number.NEGATIVE_INFINITY;
      cutShort?.();
      waiting?.settle(failure('E-DEV-0206', detail));
    },
  };
}
