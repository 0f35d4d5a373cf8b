import { z } from 'zod';
import type { Clock, Result } from '@hallhub/sync/base';
import { failure, ok, seconds } from '@hallhub/sync/base';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Api } from '../api/api.ts';
import { SESSION_COOKIE } from '../api/api.ts';
import { maybeOrderKeyOf } from '../api/order-key.ts';
import type { Bucket } from '../notifications/rate.ts';
import { fullBucket, take } from '../notifications/rate.ts';
import type { Staff } from '../staff/index.ts';
import { may } from '../staff/index.ts';
import type { Vault } from '../vault/index.ts';
import type { HallQueue } from './compose.ts';
import type { OwnTicketView } from './contract.ts';
import type { FollowedTopic, Topics } from './topics.ts';

const hallParam = z.object({ hall: z.string().max(64) });
const keyParam = z.object({ key: z.string().max(64) });
const id = z.string().min(1).max(128);

/** Tells one telephone from another, so that one does not take ten numbers. Says nothing about whose it is. */
const PHONE_COOKIE = 'hallhub_queue';
/** One address may be a whole campus behind one router. */
const TAKES = { burst: 40, per: 600_000 as Parameters<typeof take>[0]['per'] };
const MOST_ADDRESSES = 5_000;
const MOST_TOPICS = 16;
/** Hundreds of lines where hundreds wait, for every counter. */
const WAITING_EVERY = seconds(1);
/** Every visit of the day is looked at for it. */
const LIVE_EVERY = seconds(3);

/** What everybody may do (`contract.ts`): read a board, take a number by phone, follow it, and give it back. */
export function queueRoutes(
  api: Api,
  deps: {
    readonly queue: HallQueue;
    readonly topics: Topics;
    readonly staff: Pick<Staff, 'peek'>;
    readonly vault: Pick<Vault, 'match'>;
    readonly clock: Pick<Clock, 'now'>;
    readonly random: (size: number) => Uint8Array;
    readonly secure: boolean;
  },
): void {
  const { queue, topics, clock } = deps;
  const { halls, views, tickets } = queue;

  const buckets = new Map<string, Bucket>();
  const admit = (address: string): boolean => {
    const now = clock.now();
    const taken = take(TAKES, buckets.get(address) ?? fullBucket(TAKES, now), now);
    if (!taken.taken) return false;
    // The one that came first has the most tokens again.
    const [oldest] = buckets.keys();
    if (buckets.size >= MOST_ADDRESSES && oldest !== undefined) buckets.delete(oldest);
    buckets.delete(address);
    buckets.set(address, taken.bucket);
    return true;
  };
  const phoneOf = (request: FastifyRequest, reply: FastifyReply): string => {
    const known = request.cookies[PHONE_COOKIE];
    const phone =
      known !== undefined && /^[\w-]{22}$/.test(known) ? known : Buffer.from(deps.random(16)).toString('base64url');
    reply.setCookie(PHONE_COOKIE, phone, {
      ...{ path: '/api/queue', httpOnly: true, sameSite: 'lax', secure: deps.secure, maxAge: 86_400 },
    });
    return phone;
  };
  const own = (key: string): Result<OwnTicketView> => {
    const row = tickets.byKey(key);
    return row ? ok(views.own(row)) : failure('E-QUEUE-0208');
  };

  api.route({
    method: 'GET',
    url: '/api/queue/halls/:hall/board',
    access: 'public',
    params: hallParam,
    handler: ({ params }) => {
      const hall = halls.get(params.hall);
      return hall.ok ? views.board(hall.value) : hall;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/queue/halls/:hall/sounds/:id',
    access: 'public',
    params: hallParam.extend({ id }),
    handler: ({ params, reply }) => {
      const wav = queue.announcements.sound(params.hall, params.id);
      if (!wav) return failure('E-API-0102');
      return reply.type('audio/wav').header('cache-control', 'no-store').send(Buffer.from(wav));
    },
  });
  api.route({
    method: 'GET',
    url: '/api/queue/halls/:hall/services',
    access: 'public',
    params: hallParam,
    handler: ({ params }) => {
      const hall = halls.get(params.hall);
      return hall.ok ? views.services(hall.value) : hall;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/queue/halls/:hall/classes',
    access: 'public',
    params: hallParam,
    handler: ({ params }) => {
      const hall = halls.get(params.hall);
      return hall.ok ? views.classes(hall.value) : hall;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/queue/halls/:hall/tickets',
    access: 'public',
    params: hallParam,
    body: z.object({
      ...{ service: id, door: z.string().max(32) },
      ...{ appointment: z.string().max(32).optional(), class: id.optional() },
    }),
    handler: ({ params, body, request, reply }) => {
      if (!admit(request.ip)) return failure('E-QUEUE-0114');
      const hall = halls.get(params.hall);
      if (!hall.ok) return hall;
      if (!hall.value.phone || !queue.door.isOpen(params.hall, body.door)) return failure('E-QUEUE-0111');
      const booked = body.appointment === undefined ? undefined : queue.appointments.byCode(body.appointment);
      if (body.appointment !== undefined && !booked) return failure('E-QUEUE-0107');
      const key = maybeOrderKeyOf(request);
      if (!key.ok) return key;
      const phone = deps.vault.match('queue-phone', phoneOf(request, reply)).toString('hex');
      const taken = queue.taking.take({
        ...{ hall: params.hall, service: body.service, source: 'phone', by: 'phone' },
        person: { numberKey: phone },
        ...(key.value !== undefined && { orderedAs: `phone:${phone}/${key.value}` }),
        ...(booked && { appointment: booked.requestId }),
        ...(body.class !== undefined && { class: body.class }),
      });
      return taken.ok ? views.own(taken.value) : taken;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/queue/tickets/:key',
    access: 'public',
    params: keyParam,
    handler: ({ params }) => own(params.key),
  });
  api.route({
    method: 'POST',
    url: '/api/queue/tickets/:key/cancel',
    access: 'public',
    params: keyParam,
    handler: ({ params }) => {
      const row = tickets.byKey(params.key);
      if (!row) return failure('E-QUEUE-0208');
      const done = queue.core.cancel(row);
      return done.ok ? views.own(done.value) : done;
    },
  });

  /** The view behind a topic, and who may follow it. */
  const follow = (topic: string, session: string): FollowedTopic | undefined => {
    const [, first = '', second = ''] = /^queue\/([^/]+)\/([^/]+)$/.exec(topic) ?? [];
    const staffAt = (hall: string) => (): boolean =>
      may(deps.staff.peek(session)?.grants ?? [], ['counter', 'auditor'], hall);
    const everybody = (): boolean => true;
    if (first === 'ticket')
      return {
        topic,
        may: everybody,
        view: () => {
          const view = own(second);
          return view.ok ? view.value : undefined;
        },
      };
    if (first === 'counter') {
      const found = halls.counter(second);
      if (!found.ok) return undefined;
      const view = (): unknown => {
        const seen = views.counter(second);
        return seen.ok ? seen.value : undefined;
      };
      return { topic, may: staffAt(found.value.hall.id), view };
    }
    const hall = halls.get(first);
    if (!hall.ok) return undefined;
    if (second === 'board') return { topic, may: everybody, view: () => views.board(hall.value) };
    if (second === 'waiting')
      return { topic, may: staffAt(first), view: () => views.waiting(hall.value), every: WAITING_EVERY };
    if (second === 'live') return { topic, may: staffAt(first), view: () => views.live(hall.value), every: LIVE_EVERY };
    return undefined;
  };
  queue.onChange(() => {
    topics.changed();
  });
  api.route({
    method: 'GET',
    url: '/api/queue/events',
    access: 'public',
    query: z.object({ topic: z.union([z.string().max(200), z.array(z.string().max(200)).max(MOST_TOPICS)]) }),
    handler: ({ query, request, reply }) => {
      const session = request.cookies[SESSION_COOKIE] ?? '';
      const wanted = [query.topic].flat().map((topic) => follow(topic, session));
      const known = wanted.filter((topic) => topic !== undefined);
      if (known.length < wanted.length) return failure('E-API-0102');
      if (known.some((topic) => !topic.may())) return failure('E-STAFF-0103');
      topics.stream(reply, known);
      return undefined;
    },
  });
}
