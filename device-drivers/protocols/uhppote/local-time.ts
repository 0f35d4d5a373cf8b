import { type EpochMs, epochMs } from '@hallhub/sync/base';
import type { LocalTime } from './packets.ts';

const MINUTE = 60_000;

/** @param offset minutes east of UTC */
export const toInstant = (local: LocalTime, offset: number): EpochMs =>
  epochMs(Date.parse(`${local.replace(' ', 'T')}Z`) - offset * MINUTE);

/** `YYYY-MM-DD HH:MM:SS`. @param offset minutes east of UTC */
export const toLocal = (at: EpochMs, offset: number): LocalTime =>
  new Date(at + offset * MINUTE).toISOString().slice(0, 19).replace('T', ' ');

/**
 * The whole days that lie in [from, to): a controller that knows no hours must not let anybody in before or after them.
 * Undefined where there is no whole day.
 *
 * @param offset minutes east of UTC
 */
export function wholeDays(
  from: EpochMs,
  to: EpochMs,
  offset: number,
): { readonly from: string; readonly to: string } | undefined {
  const day = 24 * 60 * MINUTE;
  const first = Math.ceil((from + offset * MINUTE) / day);
  const last = Math.floor((to + offset * MINUTE) / day) - 1;
  const text = (days: number): string => new Date(days * day).toISOString().slice(0, 10);
  return last < first ? undefined : { from: text(first), to: text(Math.min(last, LAST_DAY)) };
}

/** The controller's dates end with 2099: its status gives no century. */
const LAST_DAY = Date.UTC(2099, 11, 31) / (24 * 60 * MINUTE);
