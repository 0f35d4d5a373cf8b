import { type Result, failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import { httpDeviceFields } from '../http-device/protocol.ts';
import type { CameraMessage } from '../plate-camera/http-camera.ts';
import type { Part } from '../http-device/multipart.ts';
import { instantOf, percent, plateText } from '../plate-camera/plate-feed.ts';
import { XML_HEAD, readDocument } from './document.ts';

export const hikvisionSchema = z.strictObject({
  ...httpDeviceFields,
  channel: z.int().min(1).max(64).default(1),
  /** What opens: the barrier of the channel, or an output whose pulse the camera times (both ways where one is given). */
  barrier: z
    .discriminatedUnion('by', [
      z.strictObject({ by: z.literal('barrier-gate') }),
      z.strictObject({ by: z.literal('output'), in: z.int().min(1).max(16), out: z.int().min(1).max(16) }),
    ])
    .default({ by: 'barrier-gate' }),
  /** Which of the camera's directions is which of the gate's; words not named say nothing. */
  directions: z.record(z.string().max(32), z.enum(['in', 'out'])).default({}),
  /** Seconds without a byte after which the stream of events is opened anew; it says something every few seconds. */
  quietAtMost: z.int().min(10).max(300).default(40),
});
export type HikvisionParams = z.output<typeof hikvisionSchema>;

export const paths = {
  events: '/ISAPI/Event/notification/alertStream',
  info: '/ISAPI/System/deviceInfo',
} as const;

/** The request that opens. */
export function encodeOpen({ channel, barrier }: HikvisionParams, direction: 'in' | 'out') {
  if (barrier.by === 'barrier-gate')
    return {
      path: `/ISAPI/Parking/channels/${channel}/barrierGate`,
      body: `${XML_HEAD}<BarrierGate><ctrlMode>open</ctrlMode></BarrierGate>`,
    };
  return {
    path: `/ISAPI/System/IO/outputs/${barrier[direction]}/trigger`,
    body: `${XML_HEAD}<IOPortData><outputState>high</outputState></IOPortData>`,
  };
}

/** One part of the events, in XML or JSON. Undefined for a picture. Errors: `E-DEV-0204`. */
export function readEvent(
  { directions }: Pick<HikvisionParams, 'directions'>,
  { headers, body }: Part,
): Result<CameraMessage | undefined> {
  if (/^image\//i.test(headers['content-type'] ?? '') || body.length === 0) return ok(undefined);
  const read = readDocument(body, 'EventNotificationAlert');
  if (!read.ok) return read;
  const { text } = read.value;
  const kind = text('eventType') ?? '';
  if (kind !== 'ANPR')
    return ok({ kind: 'other', meaning: /^[\w.-]{1,40}$/.test(kind) ? `event ${kind}` : 'an event without a type' });
  const license = text('ANPR', 'licensePlate');
  if (license === undefined) return failure('E-DEV-0204', 'a plate event without a plate');
  const plate = plateText(license);
  const confidence = percent(text('ANPR', 'confidenceLevel'));
  const way = text('ANPR', 'direction') ?? '';
  const direction = Object.hasOwn(directions, way) ? directions[way] : undefined;
  const at = instantOf(text('dateTime'));
  const again = text('isDataRetransmission') ?? 'false';
  return ok({
    kind: 'plate',
    read: {
      plate,
      ...(confidence !== undefined && { confidence }),
      ...(direction && { direction }),
      ...(at !== undefined && { at }),
      replayed: again !== 'false',
      key: text('UUID') ?? `${text('dateTime') ?? ''} ${plate}`,
    },
  });
}
