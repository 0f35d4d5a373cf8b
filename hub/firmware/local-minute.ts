import type { EpochMs } from '@hallhub/sync/base';

/** Minutes since midnight on the campus's clock. */
export type LocalMinute = (at: EpochMs) => number;

export function localMinute(timeZone: string): LocalMinute {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return (at) => {
    const [hour = 0, minute = 0] = format.format(at).split(':').map(Number);
    return hour * 60 + minute;
  };
}
