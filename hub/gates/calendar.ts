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
      yesterday: dayOf(dateOf(utcOf(date) - 86_400_000)),
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

const compact = (date: string): string => date.replaceAll('-', '');
const utcOf = (date: string): number =>
  Date.UTC(Number(date.slice(0, 4)), Number(date.slice(4, 6)) - 1, Number(date.slice(6, 8)));
const dateOf = (utc: number): string => compact(new Date(utc).toISOString().slice(0, 10));
