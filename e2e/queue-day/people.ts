import { setTimeout as pause } from 'node:timers/promises';
import type { BoardView, CounterView, LeaseView, TakenView, TopicMessage } from '../../hub/queue/contract.ts';
import type { Choices } from '../testing/random.ts';
import type { ServiceName } from './hall.ts';
import { HALL, SERVICES, SERVICE_NAMES } from './hall.ts';
import type { Wire } from './wire.ts';
import { streamOf } from './wire.ts';

/*
 * Those who work at a hall and those who come to it, as its pages speak for them. What they were told they write down; what is
 * written down is what a hub must stand by, however often it died in between.
 */

/** A number that somebody was given. */
export interface TakenNote {
  readonly id: string;
  readonly number: string;
  readonly machine: string;
  readonly paper: TakenView['paper'];
  /** Why there is no paper. */
  readonly code?: string;
  /** From the tap to the answer, in milliseconds; a paper that came out has come by then. */
  readonly took: number;
}

/** A ticket that a counter was told is there, until it was sent on. */
export interface StayNote {
  readonly ticket: string;
  readonly number: string;
  readonly counter: string;
  /** When `next` was pressed; absent where the ticket was found there after a loss. */
  readonly orderedAt?: number;
  /** From when the counter knew of it. */
  readonly from: number;
  /** When what sends it on was ordered; absent: it is there still. */
  until?: number;
}

export interface DayNotes {
  readonly taken: TakenNote[];
  readonly stays: StayNote[];
  /** Refusals by their code. */
  readonly refusals: Map<string, number>;
  /** Orders whose answer was lost, and that were given again. */
  repeated: number;
}

export const blankNotes = (): DayNotes => ({ taken: [], stays: [], refusals: new Map(), repeated: 0 });

/** What everybody of a day shares. */
export interface Day {
  readonly notes: DayNotes;
  readonly random: Choices;
  /** How many times faster than people. */
  readonly speed: number;
  /** Nobody comes any more: counters end when nobody waits. */
  readonly closing: boolean;
  /** Everybody goes home as they are. */
  readonly over: boolean;
}

const codeOf = (body: unknown): string =>
  typeof body === 'object' && body !== null && 'code' in body ? String(body.code) : 'no code';
const count = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

/** Asks until there is an answer. The same key each time: an order that was carried out before its answer was lost counts once. */
async function insist(
  day: Day,
  wire: Wire,
  path: string,
  { body, headers }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> },
): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  const named = { ...headers, 'idempotency-key': crypto.randomUUID() };
  for (let times = 1; ; times += 1) {
    try {
      return await wire.ask('POST', path, body, named);
    } catch {
      if (day.over) return undefined;
      if (times === 1) day.notes.repeated += 1;
      await pause(50);
    }
  }
}

export interface Visitor {
  readonly service: ServiceName;
  /** When they come, in milliseconds of the day's own pace since its beginning. */
  readonly at: number;
}

/** A ticket machine, before which one visitor stands after the other. */
export async function tendMachine(
  day: Day,
  {
    wire,
    machine,
    visitors,
  }: { readonly wire: Wire; readonly machine: string; readonly visitors: AsyncIterable<Visitor> },
): Promise<void> {
  wire.follow(`/api/kiosks/${machine}/events`, () => undefined);
  for await (const { service } of visitors) {
    const from = performance.now();
    const answer = await insist(day, wire, `/api/kiosks/${machine}/queue/tickets`, { body: { service } });
    if (!answer) return;
    if (answer.status >= 400) {
      count(day.notes.refusals, codeOf(answer.body));
      continue;
    }
    const { ticket, paper, code } = answer.body as TakenView;
    day.notes.taken.push({
      ...{ id: ticket.id, number: ticket.number, machine, paper, took: performance.now() - from },
      ...(code !== undefined && { code }),
    });
  }
}

/** Milliseconds of real life. */
const REACTION = 8_000;
const WALK = 15_000;
const MINUTE = 60_000;

/** Somebody who works at a counter until the day is over, or nobody waits at its end. */
export async function workCounter(
  day: Day,
  { wire, counter }: { readonly wire: Wire; readonly counter: string },
): Promise<void> {
  const { random, notes } = day;
  const base = `/api/queue/counters/${counter}`;
  const lives = (most: number): Promise<unknown> => pause(random.integer(2 * most) / day.speed);
  let view: CounterView | undefined;
  let wake: () => void = () => undefined;
  let stay: StayNote | undefined;

  /** What the counter was told of the ticket that is there. */
  const note = ({ ticket }: CounterView, orderedAt?: number): void => {
    if (ticket?.id === stay?.ticket) return;
    if (stay) stay.until ??= performance.now();
    stay = ticket && {
      ...{ ticket: ticket.id, number: ticket.number, counter, from: performance.now() },
      ...(orderedAt !== undefined && { orderedAt }),
    };
    if (stay) notes.stays.push(stay);
  };
  const opened = await insist(day, wire, `${base}/open`, { body: { takeOver: true } });
  if (!opened) return;
  if (opened.status >= 400) throw new Error(`${counter} cannot be opened: ${codeOf(opened.body)}`);
  const { lease, view: first } = opened.body as LeaseView;
  view = first;
  note(first);
  wire.follow(streamOf(`queue/counter/${counter}`, `queue/${HALL}/waiting`), ({ topic, text }) => {
    if (topic !== `queue/counter/${counter}`) return;
    ({ view } = JSON.parse(text) as TopicMessage<CounterView>);
    wake();
  });
  const order = async (name: string, body?: object): Promise<void> => {
    const from = performance.now();
    // From the moment in which it is sent on nobody may rely on its being here.
    if (stay && ENDS.has(name)) stay.until = from;
    const answer = await insist(day, wire, `${base}/${name}`, {
      body: body ?? {},
      headers: { 'x-counter-lease': lease },
    });
    if (!answer) return;
    if (answer.status < 400) {
      view = answer.body as CounterView;
      note(view, from);
      return;
    }
    count(notes.refusals, codeOf(answer.body));
    const now = await wire.ask('GET', base).catch(() => undefined);
    if (now?.status !== 200) return;
    view = now.body as CounterView;
    note(view);
  };
  while (!day.over) {
    const { ticket, next, held, pool } = view;
    const [aside] = [...held, ...pool];
    if (ticket?.state === 'called') {
      await lives(WALK);
      const luck = random.integer(100);
      if (luck < 4) await order('recall');
      else if (luck < 7) await order('no-show');
      else await order('begin');
    } else if (ticket) {
      await lives(MINUTE * SERVICES[ticket.service as ServiceName]);
      const luck = random.integer(100);
      if (luck < 4) await order('hold');
      else if (luck < 6) await order('park', { to: 'pool' });
      else if (luck < 9) await order('transfer', { service: random.of(SERVICE_NAMES), place: 'sorted' });
      else await order('finish', { outcome: 'served' });
    } else if (aside && random.chance(0.5)) await order('resume', { ticket: aside.id });
    else if (next) {
      await lives(REACTION);
      // Another counter may have been quicker.
      if (view.next) await order('next');
    } else if (day.closing && !aside) return;
    else
      await Promise.race([
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
        pause(250),
      ]);
  }
}

const ENDS = new Set(['no-show', 'hold', 'park', 'transfer', 'finish']);

/** What a board shows, and when a number was first on it. */
export interface BoardWatch {
  readonly view: () => BoardView | undefined;
  /** When it was told of its hall last. */
  readonly toldAt: () => number;
  /** Number to the moment in which it was first shown as called. */
  readonly shown: ReadonlyMap<string, number>;
}

export function watchBoard(wire: Wire, hall = HALL): BoardWatch {
  let last: BoardView | undefined;
  let told = 0;
  const shown = new Map<string, number>();
  wire.follow(streamOf(`queue/${hall}/board`), ({ text, at }) => {
    told = at;
    last = (JSON.parse(text) as TopicMessage<BoardView>).view;
    for (const { number } of last.calls) if (!shown.has(number)) shown.set(number, at);
  });
  return { view: () => last, toldAt: () => told, shown };
}

/** Of a board what does not change by itself while nobody does anything. */
export const standing = ({ day, calls, counters, waiting }: BoardView): object => ({
  ...{ day, calls, counters },
  waiting: waiting.map(({ service, people }) => ({ service, people })),
});
