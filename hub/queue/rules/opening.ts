import type { Code } from '@hallhub/sync/base';

/** An instant by the campus clock, as far as opening hours ask. */
export interface LocalTime {
  /** ISO 8601: 1 Monday to 7 Sunday. */
  readonly weekday: number;
  readonly kind: 'workday' | 'day-off';
  /** Since local midnight. */
  readonly minute: number;
}

export interface Hours {
  /** Absent: every day on which is worked. */
  readonly weekdays?: readonly number[];
  /** Minutes since local midnight; `to` exclusive. */
  readonly from: number;
  readonly to: number;
}

/**
 * Whether hours hold on a day. Named weekdays mean those days as they stand in the calendar: a Saturday that is worked instead of a
 * holiday is a workday for hours without weekdays, and a holiday is one for none.
 */
const onDay = ({ weekdays }: Hours, { weekday, kind }: LocalTime): boolean =>
  weekdays === undefined ? kind === 'workday' : kind === 'workday' || weekday > 5 ? weekdays.includes(weekday) : false;

export const isWithin = (hours: readonly Hours[], at: LocalTime): boolean =>
  hours.some((some) => onDay(some, at) && at.minute >= some.from && at.minute < some.to);

export interface Opening {
  /** Why no ticket is given now: closed today, or at this hour. */
  readonly refusal?: Code;
  /** When tickets are given next today, in minutes since local midnight. */
  readonly opensAt?: number;
}

export function openingAt(hours: readonly Hours[], at: LocalTime): Opening {
  const today = hours.filter((some) => onDay(some, at));
  if (today.length === 0) return { refusal: 'E-QUEUE-0104' };
  if (today.some(({ from, to }) => at.minute >= from && at.minute < to)) return {};
  const later = today.map(({ from }) => from).filter((from) => from > at.minute);
  return { refusal: 'E-QUEUE-0103', ...(later.length > 0 && { opensAt: Math.min(...later) }) };
}

/** What an appointment's time says to somebody who checks in now. Instants and lengths in milliseconds. */
export type CheckIn = 'early' | 'open' | 'late' | 'over';

export function checkInAt(
  { from, to }: { readonly from: number; readonly to: number },
  { early, late }: { readonly early: number; readonly late: number },
  now: number,
): CheckIn {
  if (now < from - early) return 'early';
  if (now <= from + late) return 'open';
  return now < Math.max(to, from + late) ? 'late' : 'over';
}

/** Whether appointments give a ticket to somebody who missed some: too many within a time close them for another. */
export function isRestricted(
  missedAt: readonly number[],
  { missed, within, pause }: { readonly missed: number; readonly within: number; readonly pause: number },
  now: number,
): boolean {
  if (missed === 0) return false;
  const sorted = [...missedAt].sort((a, b) => a - b);
  return sorted.some((last, n) => {
    const first = sorted[n - missed + 1];
    return first !== undefined && last - first <= within && now - last < pause;
  });
}
