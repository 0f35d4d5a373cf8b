import type { Result } from '@hallhub/sync/base';
import { failure } from '@hallhub/sync/base';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { Account } from '../staff/index.ts';
import { may } from '../staff/index.ts';
import { compactDate } from './nights.ts';
import { STATUSES } from './rules.ts';
import type { Attendance } from './service.ts';
import { OVERRIDE_REASONS } from './service.ts';

const building = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
const night = z.iso.date().transform(compactDate);
const subject = z.string().regex(/^[0-9a-f]{32}$/);
const month = z
  .string()
  .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/)
  .transform(compactDate);

const LOOK = ['dorms', 'auditor'] as const;
const ACT = ['dorms'] as const;

/** A picture of somebody: shown, and kept by no cache. */
const sendPicture = (reply: FastifyReply, mediaType: string, bytes: Uint8Array): FastifyReply =>
  reply
    .type(mediaType)
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .send(Buffer.from(bytes));

/** Nights of the buildings that somebody works in; who it is in full only by an audited look. */
export function attendanceRoutes(
  api: Api,
  { attendance, live }: { readonly attendance: Attendance; readonly live: Live },
): void {
  attendance.onChange((id) => {
    live.publish('dorms', { building: id }, id);
  });
  const looks = (staff: Account, area: string): boolean => may(staff.grants, LOOK, area);
  const acts = (staff: Account, area: string): boolean => may(staff.grants, ACT, area);
  /** A building elsewhere is as unknown as one that never was. */
  const within = <T>(allowed: boolean, area: string, work: () => Result<T>): Result<T> =>
    allowed ? work() : failure('E-ATT-0101', area);

  api.route({
    method: 'GET',
    url: '/api/dorms',
    access: LOOK,
    anyArea: true,
    handler: ({ staff }) =>
      attendance.buildings({ mayLook: (area) => looks(staff, area), mayAct: (area) => acts(staff, area) }),
  });
  api.route({
    method: 'GET',
    url: '/api/dorms/:building/nights',
    access: LOOK,
    anyArea: true,
    params: z.object({ building }),
    query: z.object({ limit: z.coerce.number().int().min(1).max(62).default(14) }),
    handler: ({ staff, params, query }) =>
      within(looks(staff, params.building), params.building, () => attendance.nights(params.building, query.limit)),
  });
  api.route({
    method: 'GET',
    url: '/api/dorms/:building/nights/:night',
    access: LOOK,
    anyArea: true,
    params: z.object({ building, night }),
    handler: ({ staff, params }) =>
      within(looks(staff, params.building), params.building, () =>
        attendance.night(params.building, params.night, acts(staff, params.building)),
      ),
  });
  api.route({
    method: 'POST',
    url: '/api/dorms/:building/nights/:night/confirm',
    access: ACT,
    anyArea: true,
    params: z.object({ building, night }),
    body: z.strictObject({ subjects: z.array(subject).min(1).max(5_000).optional() }),
    handler: ({ staff, params, body }) =>
      within(acts(staff, params.building), params.building, () =>
        attendance.confirm(params.building, params.night, staff.id, body.subjects),
      ),
  });
  api.route({
    method: 'POST',
    url: '/api/dorms/:building/nights/:night/residents/:subject',
    access: ACT,
    anyArea: true,
    params: z.object({ building, night, subject }),
    body: z.strictObject({
      set: z
        .strictObject({ status: z.enum(STATUSES).exclude(['unknown']), reason: z.enum(OVERRIDE_REASONS) })
        .nullable(),
    }),
    handler: ({ staff, params, body }) =>
      within(acts(staff, params.building), params.building, () =>
        attendance.override({ ...params, set: body.set }, staff.id),
      ),
  });
  // By POST: that a list with names was made is written down, and no address or cache of one holds it.
  api.route({
    method: 'POST',
    url: '/api/dorms/:building/nights/:night/export',
    access: LOOK,
    anyArea: true,
    params: z.object({ building, night }),
    handler: ({ staff, params, reply }) => {
      const made = within(looks(staff, params.building), params.building, () =>
        attendance.export(params.building, params.night, staff.id),
      );
      if (!made.ok) return made;
      return reply.type('text/csv; charset=utf-8').header('cache-control', 'no-store').send(made.value);
    },
  });
  api.route({
    method: 'GET',
    url: '/api/dorms/:building/residents/:subject',
    access: LOOK,
    anyArea: true,
    params: z.object({ building, subject }),
    query: z.object({ month }),
    handler: ({ staff, params, query }) =>
      within(looks(staff, params.building), params.building, () =>
        attendance.resident(params.building, params.subject, query.month, acts(staff, params.building)),
      ),
  });
  api.route({
    method: 'POST',
    url: '/api/dorms/:building/residents/:subject/look',
    access: ACT,
    anyArea: true,
    params: z.object({ building, subject }),
    handler: ({ staff, params }) =>
      within(acts(staff, params.building), params.building, () =>
        attendance.look(params.building, params.subject, staff.id),
      ),
  });
  api.route({
    method: 'GET',
    url: '/api/dorms/:building/alerts',
    access: LOOK,
    anyArea: true,
    params: z.object({ building }),
    handler: ({ staff, params }) =>
      looks(staff, params.building) ? attendance.alerts(params.building, 50) : failure('E-ATT-0101', params.building),
  });
  api.route({
    method: 'POST',
    url: '/api/dorms/alerts/seen',
    access: ACT,
    anyArea: true,
    // Its name holds slashes, so it stands in the body.
    body: z.strictObject({ id: z.string().min(1).max(300) }),
    handler: ({ staff, body }) => attendance.seeAlert(body.id, staff.id, (area) => acts(staff, area)),
  });

  const checkIn = ['dorms', 'counter'] as const;
  const pointsOf = (staff: Account) =>
    attendance.checkIn.points().filter(({ area }) => area === undefined || may(staff.grants, checkIn, area));
  /** A point elsewhere is as unknown as one that never was. */
  const at = <T>(staff: Account, name: string, work: () => Result<T>): Result<T> =>
    pointsOf(staff).some(({ id }) => id === name) ? work() : failure('E-ATT-0201', name);
  api.route({
    method: 'GET',
    url: '/api/check-in',
    access: checkIn,
    anyArea: true,
    handler: ({ staff }) => ({ points: pointsOf(staff), ...attendance.checkIn.counts() }),
  });
  const point = z.object({ point: building });
  const method = z.enum(['campus-code', 'campus-card', 'resident-id', 'face', 'looked-up']);
  api.route({
    method: 'POST',
    url: '/api/check-in/:point/present',
    access: checkIn,
    anyArea: true,
    params: point,
    body: z.strictObject({ method, text: z.string().trim().min(1).max(256) }),
    handler: ({ staff, params, body }) =>
      at(staff, params.point, () => attendance.checkIn.present(params.point, body, staff.id)),
  });
  attendance.checkIn.onChange((id) => {
    live.publish('check-in', { point: id }, attendance.checkIn.points().find((one) => one.id === id)?.area);
  });
  api.route({
    method: 'GET',
    url: '/api/check-in/:point/arrivals',
    access: checkIn,
    anyArea: true,
    params: point,
    handler: ({ staff, params }) => at(staff, params.point, () => attendance.checkIn.arrivals(params.point)),
  });
  const arrival = point.extend({ arrival: z.uuid() });
  api.route({
    method: 'GET',
    url: '/api/check-in/:point/arrivals/:arrival/snapshot',
    access: checkIn,
    anyArea: true,
    params: arrival,
    handler: ({ staff, params, reply }) => {
      const seen = at(staff, params.point, () => attendance.checkIn.snapshot(params.point, params.arrival));
      return seen.ok ? sendPicture(reply, 'image/jpeg', seen.value) : seen;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/check-in/:point/arrivals/:arrival/dismiss',
    access: checkIn,
    anyArea: true,
    params: arrival,
    handler: ({ staff, params }) =>
      at(staff, params.point, () => attendance.checkIn.dismiss(params.point, params.arrival)),
  });
  api.route({
    method: 'POST',
    url: '/api/check-in/:point/confirm',
    access: checkIn,
    anyArea: true,
    params: point,
    body: z.strictObject({ requestId: z.string().min(1).max(128), method }),
    handler: ({ staff, params, body }) =>
      at(staff, params.point, () => attendance.checkIn.confirm(params.point, body, staff.id)),
  });
  api.route({
    method: 'GET',
    url: '/api/check-in/photo/:request',
    access: checkIn,
    anyArea: true,
    params: z.object({ request: z.string().min(1).max(128) }),
    handler: async ({ staff, params, reply }) => {
      if (pointsOf(staff).length === 0) return failure('E-ATT-0202', params.request);
      const photo = await attendance.checkIn.photo(params.request);
      if (!photo.ok) return photo;
      return sendPicture(reply, photo.value.mediaType, photo.value.bytes);
    },
  });
}
