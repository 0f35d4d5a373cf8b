import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { CampusClock } from '../calendar/index.ts';
import type { Curfew } from '../gates/index.ts';
import { campusInstant } from '../calendar/index.ts';
import { nightMinute, nightRule } from '../gates/index.ts';
import type { Night } from './rules.ts';

/** The night of a building that begins on this campus date; undefined where it has no curfew then. @param date YYYYMMDD */
export function nightOn(curfew: Curfew, clock: CampusClock, date: string): Night | undefined {
  const noon = clock(campusInstant(clock, date, 720));
  const rule = nightRule(curfew, noon, noon.tomorrow);
  if (!rule) return undefined;
  const instant = (minute: number): EpochMs => campusInstant(clock, date, nightMinute(minute));
  return { date, curfew: instant(rule.from), lateUntil: instant(rule.lateUntil), close: instant(curfew.until) };
}

/** The campus date to whose evening an instant belongs: until noon it is the night before. */
export function eveningOf(clock: CampusClock, at: EpochMs): string {
  const { date, minute, yesterday } = clock(at);
  return minute < 720 ? yesterday.date : date;
}

/** YYYYMMDD as people and ISO 8601 write it. */
export const isoDate = (date: string): string => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
export const compactDate = (date: string): string => date.replaceAll('-', '');

/** Whether a clock time of the campus lies in hours that may run over midnight; minutes since midnight. */
export const withinHours = (minute: number, { from, until }: { readonly from: number; readonly until: number }) =>
  from < until ? minute >= from && minute < until : minute >= from || minute < until;

/** How far back a passage may lie that a night is judged by. */
export const weighedFrom = ({ lateUntil }: Night, staleAfter: number): EpochMs => epochMs(lateUntil - staleAfter);
