import { type Result, failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import type { HttpReply } from '../../kit/index.ts';
import { type Json, objectAt, parseObject } from '../mqtt-values.ts';
import { cameraFields } from '../plate-camera/camera-protocol.ts';
import type { CameraMessage } from '../plate-camera/http-camera.ts';
import type { Part } from '../plate-camera/multipart.ts';
import { instantOf, percent, plateText } from '../plate-camera/plate-feed.ts';
import { parseXml, xmlText } from '../plate-camera/xml.ts';

export const hikvisionSchema = z.strictObject({
  ...cameraFields,
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

const XML = '<?xml version="1.0" encoding="UTF-8"?>';

/** The request that opens. */
export function encodeOpen({ channel, barrier }: HikvisionParams, direction: 'in' | 'out') {
  if (barrier.by === 'barrier-gate')
    return {
      path: `/ISAPI/Parking/channels/${channel}/barrierGate`,
      body: `${XML}<BarrierGate><ctrlMode>open</ctrlMode></BarrierGate>`,
    };
  return {
    path: `/ISAPI/System/IO/outputs/${barrier[direction]}/trigger`,
    body: `${XML}<IOPortData><outputState>high</outputState></IOPortData>`,
  };
}

/** `ResponseStatus`; nothing but status code 1 is a yes. Errors: `E-DEV-0203` with its words, `E-DEV-0204`. */
export function readStatus({ body }: Pick<HttpReply, 'body'>): Result<void> {
  const read = readBody(body);
  if (!read.ok) return read;
  const code = read.value.text('statusCode');
  if (code === '1') return ok();
  return failure('E-DEV-0203', `${code ?? 'no status'} ${(read.value.text('statusString') ?? '').slice(0, 80)}`.trim());
}

/** One part of the events, in XML or JSON. Undefined for a picture. Errors: `E-DEV-0204`. */
export function readEvent(
  { directions }: Pick<HikvisionParams, 'directions'>,
  { headers, body }: Part,
): Result<CameraMessage | undefined> {
  if (/^image\//i.test(headers['content-type'] ?? '') || body.length === 0) return ok(undefined);
  const read = readBody(body);
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

/** A document, whichever of the two notations it is in, as texts by path below its root. */
function readBody(body: Uint8Array): Result<{ readonly text: (...path: readonly string[]) => string | undefined }> {
  const json = parseObject(body);
  if (json) {
    return ok({
      text: (...path) => {
        const within = [...path.slice(0, -1)].reduce((inner: Json, key) => objectAt(inner, key), json);
        const value = Object.hasOwn(within, path.at(-1) ?? '') ? within[path.at(-1) ?? ''] : undefined;
        return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
          ? String(value)
          : undefined;
      },
    });
  }
  const xml = parseXml(Buffer.from(body).toString('utf8'));
  if (!xml.ok) return xml;
  return ok({ text: (...path) => xmlText(xml.value, ...path) });
}
