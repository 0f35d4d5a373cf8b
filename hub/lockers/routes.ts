import type { Clock, Result } from '@hallhub/sync/base';
import { epochMs, failure, ok, plus, hours } from '@hallhub/sync/base';
import { deliveryPersonSchema } from '@hallhub/sync/contract';
import { z } from 'zod';
import type { Api } from '../api/api.ts';
import { orderKeyOf } from '../api/order-key.ts';
import type { Audit } from '../audit/index.ts';
import type { Bucket } from '../notifications/rate.ts';
import { fullBucket, take } from '../notifications/rate.ts';
import type { Role, Staff } from '../staff/index.ts';
import type { Order } from './chain.ts';
import type { Lockers } from './compose.ts';
import { trackingHash } from './consignments.ts';
import type { Scan } from './contract.ts';
import { PEER_PATH } from './peers/contract.ts';
import { doScan, scanSchema } from './scans.ts';
import { createViews } from './views.ts';

const READ: readonly Role[] = ['courier', 'auditor'];
const WORK: readonly Role[] = ['courier'];
const id = z.string().min(1).max(96);
const idParam = z.object({ id });
/** As in the header `Idempotency-Key`. */
const scanKey = z.string().regex(/^[\x21-\x7e]{8,64}$/);
/** One address may be a whole campus behind one router. */
const LOOKS = { burst: 60, per: 600_000 as Parameters<typeof take>[0]['per'] };
const MOST_ADDRESSES = 5_000;

export interface LockerRoutesDeps {
  readonly lockers: Lockers;
  readonly staff: Pick<Staff, 'logIn' | 'logOut'>;
  readonly audit: Audit;
  readonly clock: Pick<Clock, 'now'>;
}

/** What couriers and the sorting desk do, what everybody may follow, and what hubs tell each other (`contract.ts`). */
export function lockerRoutes(api: Api, { lockers, staff, audit, clock }: LockerRoutesDeps): void {
  const { chain, custody, readings, rows } = lockers;
  const views = createViews(lockers, () => clock.now());
  const buckets = new Map<string, Bucket>();
  const admit = (address: string): boolean => {
    const now = clock.now();
    const taken = take(LOOKS, buckets.get(address) ?? fullBucket(LOOKS, now), now);
    if (!taken.taken) return false;
    const [oldest] = buckets.keys();
    if (buckets.size >= MOST_ADDRESSES && oldest !== undefined) buckets.delete(oldest);
    buckets.set(address, taken.bucket);
    return true;
  };
  const found = <T>(value: T | undefined, code: 'E-CUST-0101' | 'E-CUST-0302'): Result<T> =>
    value === undefined ? failure(code) : ok(value);
  /** Whoever stands by says so with their own password, there and then. */
  const witnessOf = async (
    witness: { readonly login: string; readonly password: string } | undefined,
    address: string,
  ): Promise<Result<{ readonly witness?: string }>> => {
    if (!witness) return ok({});
    const entered = await staff.logIn(witness.login, witness.password, address);
    if (!entered.ok) return entered;
    staff.logOut(entered.value.session);
    return ok({ witness: `staff:${entered.value.account.id}` });
  };

  api.route({
    method: 'POST',
    url: PEER_PATH,
    access: 'public',
    body: z.unknown(),
    handler: ({ body }) => lockers.answer(body),
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/track/:code',
    access: 'public',
    params: z.object({ code: z.string().min(10).max(32) }),
    handler: ({ params, request }) => {
      if (!admit(request.ip)) return failure('E-CUST-0709');
      const item = readings.tracked(trackingHash(params.code));
      return found(item === undefined ? undefined : views.track(item), 'E-CUST-0101');
    },
  });

  api.route({ method: 'GET', url: '/api/lockers/desk', access: READ, handler: () => views.desk() });
  api.route({ method: 'GET', url: '/api/lockers/journeys', access: READ, handler: () => views.journeys() });
  api.route({
    method: 'GET',
    url: '/api/lockers/journeys/:id',
    access: READ,
    params: idParam,
    handler: ({ params }) => found(views.manifest(params.id), 'E-CUST-0302'),
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/runs',
    access: READ,
    handler: () => lockers.runs.of(clock.now()),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/runs/:id',
    access: WORK,
    params: idParam,
    body: z.object({ bus: z.string().trim().min(1).max(32), driver: z.string().trim().min(1).max(64) }),
    handler: ({ params, body, staff: { id: account } }) => {
      audit.record({ actor: `staff:${account}`, action: 'lockers.run', subject: `run:${params.id}` });
      return lockers.runs.assign(params.id, body);
    },
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/scans',
    access: WORK,
    body: scanSchema,
    handler: async ({ body, staff: { id: account }, request }) => {
      const key = orderKeyOf(request);
      if (!key.ok) return key;
      const by = `staff:${account}`;
      const beside = await witnessOf(body.witness, request.ip);
      if (!beside.ok) return beside;
      const now = clock.now();
      const order = { ...orderOf(`${by}/${key.value}`, by, body, now), ...beside.value };
      return doScan(lockers, body, order, now);
    },
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/scans/batch',
    access: WORK,
    body: z.object({
      scans: z
        .array(z.object({ key: scanKey, scan: scanSchema }))
        .min(1)
        .max(200),
    }),
    handler: ({ body, staff: { id: account } }) => {
      const by = `staff:${account}`;
      const now = clock.now();
      return body.scans.map(({ key, scan }) => {
        // Two people are there or they are not: a seal is not opened by a list.
        if (scan.witness) return { key, code: 'E-CUST-0401' };
        const done = doScan(lockers, scan, orderOf(`${by}/${key}`, by, scan, now), now);
        return done.ok ? { key, answer: done.value } : { key, ...done.error };
      });
    },
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/items/:id',
    access: READ,
    params: idParam,
    handler: ({ params }) => found(views.item(params.id), 'E-CUST-0101'),
  });
  api.route({
    method: 'GET',
    url: '/api/lockers/items/:id/proof',
    access: READ,
    params: idParam,
    handler: ({ params }) => chain.proof(params.id),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/deliveries',
    access: WORK,
    body: z.object({
      ...{ sender: deliveryPersonSchema, recipient: deliveryPersonSchema, to: id },
      size: z.enum(['small', 'medium', 'large']).default('small'),
    }),
    handler: ({ body, request, staff: { id: account } }) => {
      const key = orderKeyOf(request);
      if (!key.ok) return key;
      const hubs = [chain.me, ...lockers.config.peers.map(({ hub }) => hub)];
      if (!hubs.includes(body.to)) return failure('E-CUST-0104', body.to);
      const row = lockers.createOnce(body, { id: `staff:${account}/${key.value}`, by: `staff:${account}` });
      return row.ok ? found(views.item(row.value), 'E-CUST-0101') : row;
    },
  });

  api.route({
    method: 'GET',
    url: '/api/lockers/cases',
    access: READ,
    query: z.object({ closed: z.enum(['0', '1']).default('0') }),
    handler: ({ query }) => (query.closed === '1' ? readings.closedCases(200) : readings.openCases()),
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/cases/:id/close',
    access: WORK,
    params: idParam,
    body: z.object({ reason: z.string().trim().min(1).max(300), lost: z.array(id).max(500).default([]) }),
    handler: ({ params, body, staff: { id: account } }) => {
      const by = `staff:${account}`;
      const closed = custody.closeCase({ id: params.id, ...body }, { id: `close/${params.id}`, by });
      if (!closed.ok) return closed;
      audit.record({
        ...{ actor: by, action: 'lockers.case-close', subject: `case:${params.id}` },
        detail: { lost: body.lost.length },
      });
      return found(readings.case(params.id), 'E-CUST-0101');
    },
  });
  api.route({ method: 'GET', url: '/api/lockers/retention', access: READ, handler: () => views.retention() });
  api.route({
    method: 'POST',
    url: '/api/lockers/items/:id/prolong',
    access: WORK,
    params: idParam,
    body: z.object({ days: z.int().min(1).max(30) }),
    handler: ({ params, body, staff: { id: account } }) => {
      const until = plus(epochMs(clock.now()), hours(24 * body.days));
      audit.record({
        ...{ actor: `staff:${account}`, action: 'lockers.prolong', subject: `consignment:${params.id}` },
        detail: { days: body.days },
      });
      return lockers.cabinets.prolong(params.id, until);
    },
  });
  api.route({
    method: 'POST',
    url: '/api/lockers/items/:id/code',
    access: WORK,
    params: idParam,
    handler: ({ params, staff: { id: account } }) => {
      const expiresAt = rows.get(params.id)?.expiresAt ?? null;
      if (expiresAt === null) return failure('E-CUST-0706', params.id);
      audit.record({ actor: `staff:${account}`, action: 'lockers.code', subject: `consignment:${params.id}` });
      return { code: lockers.codes.issue(params.id, 'collect', expiresAt) };
    },
  });
}

const orderOf = (name: string, by: string, { photo, doneAt }: Scan, now: number): Order => ({
  ...{ id: name, by },
  ...(photo !== undefined && { photo }),
  ...(doneAt !== undefined && doneAt < now && { doneAt }),
});
