import { type Cancel, type Result, failure, ok } from '@hallhub/sync/base';
import type { HttpAnswer, HttpDoor, HttpExchange, HttpInbox } from '../../kit/index.ts';
import type { FromWorker, ToWorker } from './messages.ts';

type Report = Extract<ToWorker, { type: 'inbox-report' }>;

/** A question across threads: a number, and the promise of its answer. */
export interface Questions {
  ask(): { readonly id: number; readonly answer: Promise<Result<void>> };
}

/** The worker's side: an inbox whose port is held by the host. Doors and exchanges are numbers between the two. */
export function bridgedInbox(
  name: string,
  post: (message: FromWorker) => void,
  questions: Questions,
): { readonly inbox: HttpInbox; readonly report: (message: Report) => void } {
  const doors = new Map<number, (exchange: HttpExchange) => void>();
  let last = 0;
  return {
    inbox: {
      name,
      listen: async (at, onExchange): Promise<Result<Cancel>> => {
        last += 1;
        const door = last;
        doors.set(door, onExchange);
        const { id, answer } = questions.ask();
        post({ type: 'inbox-listen', id, door, at });
        const leave = (): void => {
          if (doors.delete(door)) post({ type: 'inbox-leave', door });
        };
        const opened = await answer;
        if (opened.ok) return ok(leave);
        leave();
        return opened;
      },
    },
    report: ({ door, exchange, report }) => {
      doors.get(door)?.({
        report,
        answer: (answer, order) => {
          const { id, answer: sent } = questions.ask();
          post({ type: 'inbox-answer', id, exchange, answer, ...(order && { order }) });
          return sent;
        },
      });
    },
  };
}

/** A driver that leaves so many unanswered loses the oldest; the device has long been told to try again. */
const KEPT = 1_000;

/** The host's side. What a thread that has died was asked is answered with 503, for the device to try again. */
export function bridgeInbox(inbox: HttpInbox, post: (message: Report) => void) {
  const doors = new Map<number, Cancel>();
  const exchanges = new Map<number, HttpExchange>();
  /** Grows when a thread has gone: a door that opens only then has nobody behind it. */
  let era = 0;
  let last = 0;
  return {
    listen: async (door: number, at: HttpDoor): Promise<Result<void>> => {
      const asked = era;
      const opened = await inbox.listen(at, (exchange) => {
        last += 1;
        exchanges.set(last, exchange);
        exchanges.delete(last - KEPT);
        post({ type: 'inbox-report', door, exchange: last, report: exchange.report });
      });
      if (!opened.ok) return opened;
      if (asked === era) doors.set(door, opened.value);
      else opened.value();
      return ok();
    },
    leave: (door: number): void => {
      doors.get(door)?.();
      doors.delete(door);
    },
    answer: (exchange: number, answer: HttpAnswer): Promise<Result<void>> => {
      const open = exchanges.get(exchange);
      exchanges.delete(exchange);
      return open?.answer(answer) ?? Promise.resolve(failure('E-DEV-0103', 'answered already'));
    },
    close: (): void => {
      era += 1;
      for (const exchange of exchanges.values()) void exchange.answer({ status: 503, body: new Uint8Array() });
      exchanges.clear();
      for (const leave of doors.values()) leave();
      doors.clear();
    },
  };
}
