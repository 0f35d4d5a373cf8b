import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';

/** How far a stage goes: the first so many devices, or the first so many per cent (rounded up). */
const reach = z.union([
  z.strictObject({ devices: z.int().min(1).max(10_000) }),
  z.strictObject({ percent: z.int().min(1).max(100) }),
]);
const minuteOfDay = z.int().min(0).max(1_439);

/** How a roll-out goes about it. After the last stage come all devices that are left. */
export const planSchema = z.strictObject({
  stages: z
    .array(reach)
    .max(8)
    .default([{ devices: 1 }, { percent: 10 }]),
  /** Between the end of a stage and the start of the next. */
  pauseMs: z
    .int()
    .min(0)
    .max(7 * 86_400_000)
    .default(600_000),
  maxParallel: z.int().min(1).max(50).default(3),
  /** More failures than this halt it. */
  failuresAllowed: z.int().min(0).max(1_000).default(0),
  /** How often a device is sent the image at most. */
  maxTries: z.int().min(1).max(10).default(3),
  /** Minutes of the campus's day in which updates begin; over midnight where `to` is the smaller. Absent: always. */
  window: z.strictObject({ from: minuteOfDay, to: minuteOfDay }).exactOptional(),
});
export type Plan = Readonly<z.output<typeof planSchema>>;

/** Whether updates may begin in this minute of the day. A window that ends when it begins is a whole day. */
export function isOpen({ window }: Pick<Plan, 'window'>, minute: number): boolean {
  if (!window || window.from === window.to) return true;
  const { from, to } = window;
  return from < to ? from <= minute && minute < to : from <= minute || minute < to;
}

/** How many devices have had their turn when stage `stage` (from 0) is over, of `total`; never fewer than a stage before. */
export function reachOf({ stages }: Pick<Plan, 'stages'>, stage: number, total: number): number {
  let reached = 0;
  for (const one of stages.slice(0, stage + 1)) {
    const wanted = 'devices' in one ? one.devices : Math.ceil((one.percent * total) / 100);
    reached = Math.max(reached, Math.min(total, wanted));
  }
  return stage >= stages.length ? total : reached;
}

export const pauseOf = ({ pauseMs }: Plan): DurationMs => pauseMs as DurationMs;
