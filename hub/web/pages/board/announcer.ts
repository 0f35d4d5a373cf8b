import type { AnnouncementView, BoardView } from '../../../queue/contract.ts';

/*
 * What a board with a speaker says: one after the other, each once. Pure; the page plays what is `saying`.
 */

export interface Announcer {
  readonly saying: AnnouncementView | undefined;
  readonly waiting: readonly AnnouncementView[];
  /** The one that was taken in last; the first one that is seen was said before this board was there. */
  readonly seen: string | undefined;
  readonly isNew: boolean;
}

/** More than so many behind is yesterday's news: people have gone to the counter by then. */
const MOST_WAITING = 8;

export const silent: Announcer = { saying: undefined, waiting: [], seen: undefined, isNew: true };

const next = (state: Announcer): Announcer => {
  if (state.saying !== undefined) return state;
  const [saying, ...waiting] = state.waiting;
  return saying ? { ...state, saying, waiting } : state;
};

/** A view came: what it announces is said if it is news and has a sound. */
export function hear(state: Announcer, { announcement }: Pick<BoardView, 'announcement'>): Announcer {
  const known = { ...state, isNew: false };
  if (!announcement || announcement.id === state.seen) return known;
  const seen = { ...known, seen: announcement.id };
  if (state.isNew || announcement.audio === undefined) return seen;
  return next({ ...seen, waiting: [...state.waiting, announcement].slice(-MOST_WAITING) });
}

/** What was being said is over, or could not be played. */
export const said = (state: Announcer): Announcer => next({ ...state, saying: undefined });
