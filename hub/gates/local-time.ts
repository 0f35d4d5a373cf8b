import type { EpochMs } from '@hallhub/sync/base';

/** The campus calendar of an instant: `date` YYYYMMDD, `minute` since local midnight. */
export type LocalTime = (at: EpochMs) => { readonly date: string; readonly minute: number };

/**
 * Wall-clock reading in one IANA zone. Formatting through Intl costs microseconds, and a gate asks often, so the minute's
 * answer is kept: within one minute date and minute do not change (all zones in use today are whole minutes from UTC).
 */
export function localTime(timeZone: string): LocalTime {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  let keptMinute = Number.NaN;
  let kept = { date: '', minute: 0 };
  return (at) => {
    const minute = Math.floor(at / 60_000);
    if (minute !== keptMinute) {
      const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
      kept = {
        date: `${part['year'] ?? ''}${part['month'] ?? ''}${part['day'] ?? ''}`,
        minute: Number(part['hour']) * 60 + Number(part['minute']),
      };
      keptMinute = minute;
    }
    return kept;
  };
}
