import type { EpochMs } from '@hallhub/sync/base';

/** What a day is by the calendar of the campus: 调休 makes a Sunday a workday, a festival makes a Thursday a day off. */
export type DayKind = 'workday' | 'day-off';

export interface CampusDay {
  /** YYYYMMDD. */
  readonly date: string;
  /** ISO 8601: 1 Monday to 7 Sunday. */
  readonly weekday: number;
  readonly kind: DayKind;
}

/** An instant as the campus clock and calendar show it. */
export interface CampusTime extends CampusDay {
  /** Since local midnight. */
  readonly minute: number;
  /** The day before: a window over midnight belongs to the day on which it began. */
  readonly yesterday: CampusDay;
  /** The day after: an evening may be the eve of a day off. */
  readonly tomorrow: CampusDay;
}

export interface CalendarConfig {
  readonly timeZone: string;
  /** YYYY-MM-DD: days off beside Saturdays and Sundays. */
  readonly holidays: readonly string[];
  /** YYYY-MM-DD: Saturdays and Sundays that are worked. */
  readonly workdays: readonly string[];
}

export type CampusClock = (at: EpochMs) => CampusTime;

/**
 * The campus clock of one IANA zone. Formatting through Intl costs microseconds, and a gate asks often, so the minute's
 * answer is kept: within one minute nothing changes (all zones in use today are whole minutes from UTC). A zone with
 * summer time needs nothing more: its clock is read, never computed.
 */
export function campusClock({ timeZone, holidays, workdays }: CalendarConfig): CampusClock {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const off = new Set(holidays.map(compact));
  const worked = new Set(workdays.map(compact));
  const dayOf = (date: string): CampusDay => {
    const weekday = new Date(utcOf(date)).getUTCDay() || 7;
    const free = off.has(date) || (weekday > 5 && !worked.has(date));
    return { date, weekday, kind: free ? 'day-off' : 'workday' };
  };
  const read = (at: EpochMs): CampusTime => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value])) as ClockParts;
    const date = part.year + part.month + part.day;
    return {
      ...dayOf(date),
      minute: Number(part.hour) * 60 + Number(part.minute),
      yesterday: dayOf(neighbour(date, -1)),
      tomorrow: dayOf(neighbour(date, 1)),
    };
  };
  let kept: { readonly minute: number; readonly time: CampusTime } | undefined;
  return (at) => {
    const minute = Math.floor(at / 60_000);
    if (kept?.minute !== minute) kept = { minute, time: read(at) };
    return kept.time;
  };
}

/** What the options of the format above ask for. */
type ClockParts = Readonly<Record<'year' | 'month' | 'day' | 'hour' | 'minute', string>>;

/**
 * When the campus clock shows this. Where it shows it twice (the end of summer time) the first instant; where it never does,
 * the instant at which it skips. @param date YYYYMMDD @param minute since that day's midnight; 1440 and more: the days after
 */
export function campusInstant(clock: CampusClock, date: string, minute: number): EpochMs {
  const day = neighbour(date, Math.floor(minute / 1_440));
  const wanted = utcOf(day) + (minute % 1_440) * 60_000;
  const shows = (at: number): number => {
    const local = clock(at as EpochMs);
    return utcOf(local.date) + local.minute * 60_000;
  };
  // No zone is further than 15 h from UTC, so the clock is behind at first and never behind at last.
  let before = wanted - 15 * 3_600_000;
  let after = wanted + 15 * 3_600_000;
  while (after - before > 60_000) {
    const middle = Math.floor((before + after) / 120_000) * 60_000;
    if (shows(middle) < wanted) before = middle;
    else after = middle;
  }
  return after as EpochMs;
}

const compact = (date: string): string => date.replaceAll('-', '');
const utcOf = (date: string): number =>
  Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8)));
/** The date so many days on. @param date YYYYMMDD */
export const neighbour = (date: string, days: number): string => dateOf(utcOf(date) + days * 86_400_000);
const dateOf = (utc: number): string => compact(new Date(utc).toISOString().slice(0, 10));
