import { type Result, failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import type { HttpReply } from '../../kit/index.ts';
import { numberAt, objectAt, parseObject, textAt } from '../mqtt-values.ts';
import { httpDeviceFields } from '../http-device/protocol.ts';
import type { CameraMessage } from '../plate-camera/http-camera.ts';
import type { Part } from '../http-device/multipart.ts';
import { plateText } from '../plate-camera/plate-feed.ts';

export const dahuaSchema = z.strictObject({
  ...httpDeviceFields,
  channel: z.int().min(1).max(64).default(1),
  /** Which of the camera's driving directions is which of the gate's; words not named say nothing. */
  directions: z.record(z.string().max(32), z.enum(['in', 'out'])).default({}),
  /** Minutes that its clock's `UTC` is ahead of UTC: cameras write their local time there. */
  utcOffset: z.int().min(-840).max(840).default(0),
  /** Seconds without a byte after which the stream of events is opened anew; a heartbeat is asked for every 5 s. */
  quietAtMost: z.int().min(10).max(300).default(30),
});
export type DahuaParams = z.output<typeof dahuaSchema>;

export const paths = {
  events: '/cgi-bin/eventManager.cgi?action=attach&codes=[TrafficJunction]&heartbeat=5',
  info: '/cgi-bin/magicBox.cgi?action=getMachineName',
} as const;

/** The request that opens. No plate is told: what is not sent is in nobody's log. */
export const encodeOpen = (channel: number): string =>
  `/cgi-bin/trafficSnap.cgi?action=openStrobe&channel=${channel}&info.openType=Normal&info.plateNumber=`;

/** Nothing but `OK` is a yes. Errors: `E-DEV-0203`. */
export function readStatus({ body }: Pick<HttpReply, 'body'>): Result<void> {
  const text = Buffer.from(body.subarray(0, 200)).toString('latin1').trim();
  return text === 'OK' ? ok() : failure('E-DEV-0203', text.replaceAll(/\s+/g, ' ').slice(0, 80));
}

/** One part of the events: `Code=TrafficJunction;action=Pulse;index=0;data={…}`. Undefined for a picture. Errors: `E-DEV-0204`. */
export function readEvent(
  { directions, utcOffset }: Pick<DahuaParams, 'directions' | 'utcOffset'>,
  { headers, body }: Part,
): Result<CameraMessage | undefined> {
  if (/^image\//i.test(headers['content-type'] ?? '') || body.length === 0) return ok(undefined);
  const text = Buffer.from(body).toString('utf8').trim();
  if (text === 'Heartbeat') return ok({ kind: 'other', meaning: 'a heartbeat' });
  const found = /^Code=([\w-]{1,40});action=(\w{1,20});index=\d{1,4}(?:;data=(.*))?$/s.exec(text);
  if (!found) return failure('E-DEV-0204', 'an event that is none');
  const [, code = '', action = '', data = ''] = found;
  // It begins and it ends; what was seen is told once.
  if (code !== 'TrafficJunction' || action === 'Stop') return ok({ kind: 'other', meaning: `event ${code}` });
  const json = parseObject(Buffer.from(data));
  if (!json) return failure('E-DEV-0204', 'a plate event without data');
  const car = objectAt(json, 'TrafficCar');
  const license = textAt(car, 'PlateNumber') ?? textAt(objectAt(json, 'Object'), 'Text');
  if (license === undefined) return failure('E-DEV-0204', 'a plate event without a plate');
  const plate = plateText(license);
  const driving = Array.isArray(car['DrivingDirection']) ? String(car['DrivingDirection'][0]) : '';
  const direction = Object.hasOwn(directions, driving) ? directions[driving] : undefined;
  const real = numberAt(json, 'RealUTC');
  const local = numberAt(json, 'UTC');
  const second = real ?? (local === undefined ? undefined : local - utcOffset * 60);
  const millis = numberAt(json, 'UTCMS') ?? 0;
  return ok({
    kind: 'plate',
    read: {
      plate,
      ...(direction && { direction }),
      ...(second !== undefined && { at: second * 1_000 + millis }),
      replayed: false,
      key: `${numberAt(json, 'EventID') ?? numberAt(json, 'GroupID') ?? ''} ${second ?? ''}.${millis} ${plate}`,
    },
  });
}
