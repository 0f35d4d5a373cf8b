import {
  type Cancel,
  type Clock,
  type DurationMs,
  type Failure,
  type Result,
  err,
  failure,
  ms,
  ok,
} from '@hallhub/sync/base';
import type { TicketPrinterStatus } from '../../capabilities/index.ts';
import type { Traffic } from '../../kit/index.ts';
import { createReplyFramer } from './replies.ts';
import { decodeAsb, decodeStatus, statusMeaning } from './status.ts';
import { statusQuestion } from './ticket-bytes.ts';

export interface DialogueOptions {
  readonly clock: Clock;
  readonly write: (bytes: Uint8Array) => Promise<Result<void>>;
  readonly replyTimeout: DurationMs;
  readonly onTraffic: (traffic: Omit<Traffic, 'at'>) => void;
  /** The printer told by itself how it does. */
  readonly onStatus: (status: TicketPrinterStatus) => void;
}

/**
 * Questions and answers over a printer's line, while tickets go out on it. An answer to `DLE EOT n` does not say which n it
 * answers: one question at a time, and after one that was not answered the line is left alone, so that a late answer is not
 * taken for the next one's.
 */
export interface Dialogue {
  /** Errors: `E-DEV-0202` no answer, `E-DEV-0204` only nonsense, `E-DEV-0102`, `E-DEV-0103` the line is gone. */
  status(): Promise<Result<TicketPrinterStatus>>;
  /** Whether the printer has reported the end of the print with this id. Only the latest id is remembered, as printers do. */
  readonly completed: string | undefined;
  readonly receive: (bytes: Uint8Array) => void;
  down(reason: Failure): void;
}

interface Waiting {
  resolve(result: Result<number>): void;
  heardNonsense: boolean;
}

export function createDialogue({ clock, write, replyTimeout, onTraffic, onStatus }: DialogueOptions): Dialogue {
  const framer = createReplyFramer();
  let waiting: Waiting | undefined;
  let cancelTimeout: Cancel | undefined;
  let completed: string | undefined;
  let endRest: ((reason: Failure) => void) | undefined;
  let quietUntil = Number.NEGATIVE_INFINITY;
  /** One round of questions after the other. */
  let turn: Promise<unknown> = Promise.resolve();

  const settle = (result: Result<number>): void => {
    const asked = waiting;
    waiting = undefined;
    cancelTimeout?.();
    asked?.resolve(result);
  };
  /** Leaves the line alone; the reason where it went meanwhile. */
  const rest = (time: DurationMs): Promise<Failure | undefined> =>
    new Promise((resolve) => {
      const cancel = clock.after(time, () => {
        endRest = undefined;
        resolve(undefined);
      });
      endRest = (reason) => {
        cancel();
        resolve(reason);
      };
    });
  const ask = async (n: 1 | 2 | 4): Promise<Result<number>> => {
    while (clock.monotonic() < quietUntil) {
      const gone = await rest(ms(quietUntil - clock.monotonic()));
      if (gone) return err(gone);
    }
    const bytes = statusQuestion(n);
    return new Promise((resolve) => {
      waiting = { resolve, heardNonsense: false };
      const mine = waiting;
      cancelTimeout = clock.after(replyTimeout, () => {
        if (waiting !== mine) return;
        // What is half here may hide an answer behind a false start.
        handle(framer.flush());
        if (waiting !== mine) return;
        quietUntil = clock.monotonic() + replyTimeout;
        settle(failure(mine.heardNonsense ? 'E-DEV-0204' : 'E-DEV-0202', `status question ${n}`));
      });
      onTraffic({ direction: 'out', bytes, meaning: `status question ${n}` });
      void write(bytes).then((written) => {
        if (!written.ok && waiting === mine) settle(written);
      });
    });
  };

  const handle = (framed: ReturnType<typeof framer.push>): void => {
    for (const item of framed) {
      if (item.kind === 'discarded') {
        if (waiting) waiting.heardNonsense = true;
        onTraffic({ direction: 'discarded', bytes: item.bytes, meaning: item.why });
        continue;
      }
      const { frame } = item;
      switch (frame.type) {
        case 'completion':
          completed = frame.id;
          onTraffic({ direction: 'in', bytes: frame.bytes, meaning: `print ${frame.id} is done` });
          break;
        case 'asb': {
          const status = decodeAsb(frame.bytes, clock.now());
          onTraffic({ direction: 'in', bytes: frame.bytes, meaning: `by itself: ${statusMeaning(status)}` });
          onStatus(status);
          break;
        }
        case 'status':
          if (!waiting) {
            onTraffic({ direction: 'discarded', bytes: frame.bytes, meaning: 'too late, or nobody asked for this' });
            break;
          }
          onTraffic({ direction: 'in', bytes: frame.bytes, meaning: `status ${frame.byte.toString(16)}` });
          settle(ok(frame.byte));
      }
    }
  };

  const round = async (): Promise<Result<TicketPrinterStatus>> => {
    const printer = await ask(1);
    if (!printer.ok) return printer;
    const offline = await ask(2);
    if (!offline.ok) return offline;
    const paper = await ask(4);
    if (!paper.ok) return paper;
    return ok(decodeStatus({ printer: printer.value, offline: offline.value, paper: paper.value }, clock.now()));
  };

  return {
    status: () => {
      const result = turn.then(round);
      turn = result;
      return result;
    },
    get completed() {
      return completed;
    },
    receive: (bytes) => {
      handle(framer.push(bytes));
    },
    down: (reason) => {
      handle(framer.flush());
      completed = undefined;
      endRest?.(reason);
      settle(err(reason));
    },
  };
}
