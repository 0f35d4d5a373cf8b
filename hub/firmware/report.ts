import type { EpochMs } from '@hallhub/sync/base';
import { iso } from '@hallhub/sync/base';
import type { RolloutDetail } from './service.ts';

const HEADER = ['device', 'result', 'old_version', 'new_version', 'tries', 'started', 'ended', 'code', 'taken_up_at'];

/**
 * A field of RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front: versions come from
 * devices, and whoever opens the report did not write it.
 */
export function csvField(text: string): string {
  const safe = /^[\s]*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * One line a device, times in UTC. The new version is what the device itself reported last; `taken_up_at` the byte at which a
 * transfer that broke off went on, 0 where the device had forgotten it and it began again.
 */
export function csvReport({ targets }: Pick<RolloutDetail, 'targets'>): string {
  const time = (at: EpochMs | undefined): string => (at === undefined ? '' : iso(at));
  const rows = targets.map(({ deviceId, state, from, reported, tries, startedAt, endedAt, code, takenUpAt }) => [
    deviceId,
    state,
    from ?? '',
    reported ?? '',
    String(tries),
    time(startedAt),
    time(endedAt),
    code ?? '',
    takenUpAt === undefined ? '' : String(takenUpAt),
  ]);
  return `${[HEADER, ...rows].map((row) => row.map(csvField).join(',')).join('\r\n')}\r\n`;
}
