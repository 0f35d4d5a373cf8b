import type { BoardView, CallView } from '../../../queue/contract.ts';

/*
 * What a board draws of a view, and where. Pure.
 */

export interface DrawnCall extends CallView {
  /** Whoever was called is still on the way: it stands out until they are there. */
  readonly isCalling: boolean;
}

export interface Picture {
  readonly newest: DrawnCall | undefined;
  readonly earlier: readonly DrawnCall[];
}

/** @param room how many calls stand under the newest */
export function pictureOf({ calls, counters }: Pick<BoardView, 'calls' | 'counters'>, room: number): Picture {
  const drawn = calls.map((call): DrawnCall => ({
    ...call,
    isCalling: counters.some(
      ({ id, state, number }) => id === call.counter && state === 'calling' && number === call.number,
    ),
  }));
  return {
    newest: drawn[0],
    earlier: drawn.slice(1, 1 + room),
  };
}

/** A page of the services stands for so long, in milliseconds. */
const PAGE_MS = 12_000;

/** Which services are shown now, where there are more than there is room for; in turns by the clock. */
export function servicesNow<Service>(
  all: readonly Service[],
  room: number,
  now: number,
): { readonly services: readonly Service[]; readonly page: number; readonly pages: number } {
  const pages = Math.max(1, Math.ceil(all.length / room));
  const page = Math.floor(now / PAGE_MS) % pages;
  return { services: all.slice(page * room, (page + 1) * room), page, pages };
}

/** Every minute a step on a round of eight places: no pixel shows the same edge all day. In units of the board's grid. */
const ROUND = [
  [0, 0],
  [4, 0],
  [8, 2],
  [8, 6],
  [4, 8],
  [0, 8],
  [-4, 6],
  [-4, 2],
] as const;
export function shiftAt(now: number): { readonly x: number; readonly y: number } {
  const [x, y] = ROUND[Math.floor(now / 60_000) % ROUND.length] ?? [0, 0];
  return { x, y };
}

/** A page that was loaded yesterday is loaded anew while nobody is there: in the hour after four in the morning. */
export const isReloadDue = (loadedAt: number, now: number, hour: number): boolean =>
  hour === 4 && now - loadedAt > 2 * 3_600_000;
