import { z } from 'zod';
import { type PlateRead, percent, plateText } from '../plate-camera/plate-feed.ts';
import { type Json, numberAt, objectAt, textAt } from '../mqtt-values.ts';

/** What the drivers of both ways to these cameras are told by profile and installation. */
export const vzenithFields = {
  /** Which of the camera's directions is which of the gate's: `{"4": "in"}`; numbers not named say nothing. */
  directions: z.record(z.string().regex(/^\d{1,2}$/), z.enum(['in', 'out'])).default({}),
  /** The camera's output that opens, by direction. */
  outputs: z.strictObject({ in: z.int().min(0).max(7), out: z.int().min(0).max(7) }).default({ in: 0, out: 0 }),
};

export interface PlateMessage extends PlateRead {
  readonly plateId: number | undefined;
}

/**
 * The result of one recognition, as it stands in `AlarmInfoPlate`; undefined for what is none. Over MQTT the plate is base64
 * of UTF-8 and over HTTP plain text.
 */
export function readAlarmInfo(
  alarm: Json,
  { directions, base64 }: { readonly directions: Readonly<Record<string, 'in' | 'out'>>; readonly base64: boolean },
): PlateMessage | undefined {
  const result = objectAt(objectAt(alarm, 'result'), 'PlateResult');
  const license = textAt(result, 'license');
  if (license === undefined || license.length > 65_536) return undefined;
  const plate = plateText(base64 ? Buffer.from(license, 'base64').toString('utf8') : license);
  const plateId = numberAt(result, 'plateid');
  const confidence = percent(result['confidence']);
  const way = String(numberAt(result, 'direction'));
  const direction = Object.hasOwn(directions, way) ? directions[way] : undefined;
  const time = objectAt(objectAt(result, 'timeStamp'), 'Timeval');
  const [second, micros] = [numberAt(time, 'sec'), numberAt(time, 'usec') ?? 0];
  const at = second === undefined ? undefined : Math.round(second * 1_000 + micros / 1_000);
  return {
    plate,
    ...(confidence !== undefined && { confidence }),
    ...(direction && { direction }),
    ...(at !== undefined && { at }),
    // Anything but a plain 0 is taken for history: it may be shown, and opens nothing.
    replayed: (result['isoffline'] ?? alarm['isoffline'] ?? 0) !== 0,
    // The number of a record begins anew when the camera restarts, so that it alone does not name a car.
    key: [textAt(alarm, 'serialno'), plateId, at, plate].join(' '),
    plateId,
  };
}

/** Pulse of an output; the camera times it, between 0.5 and 5 s. */
export const pulse = (io: number, hold: number) => ({
  io,
  value: 2,
  delay: Math.min(5_000, Math.max(500, Math.round(hold))),
});
