import { z } from 'zod';
import type { Result } from '@hallhub/sync/base';
import { epochMs, failure, ok } from '@hallhub/sync/base';
import type { FastifyRequest } from 'fastify';
import type { Api } from '../api/api.ts';
import { maybeOrderKeyOf } from '../api/order-key.ts';
import type { Audit } from '../audit/service.ts';
import type { QueueHallConfig } from '../config/index.ts';
import type { Account, Role } from '../staff/index.ts';
import { may } from '../staff/index.ts';
import type { HallQueue } from './compose.ts';
import type { CounterView, TakenView } from './contract.ts';
import type { CounterOrder } from './orders.ts';
import type { Reports } from './reports.ts';
import { statisticsCsv, statisticsXlsx } from './reports.ts';
import type { TicketRow } from './store/tickets.ts';

const hallParam = z.object({ hall: z.string().max(64) });
const counterParam = z.object({ counter: z.string().max(64) });
const id = z.string().min(1).max(128);
const words = z.string().trim().min(1).max(200);
const day = z.iso.date();
const READ: readonly Role[] = ['counter', 'auditor'];
const WORK: readonly Role[] = ['counter'];

/** Orders at a counter, by the last part of their path. */
const ORDERS: Readonly<Record<string, z.ZodType<CounterOrder>>> = {
  next: z.undefined().transform((): CounterOrder => ({ do: 'next' })),
  call: z.object({ ticket: id, reason: words }).transform((body): CounterOrder => ({ do: 'call', ...body })),
  recall: z.undefined().transform((): CounterOrder => ({ do: 'recall' })),
  begin: z.undefined().transform((): CounterOrder => ({ do: 'begin' })),
  'no-show': z.undefined().transform((): CounterOrder => ({ do: 'no-show' })),
  hold: z
    .object({ note: words.exactOptional() })
    .optional()
    .transform((body): CounterOrder => ({ do: 'hold', ...body })),
  resume: z.object({ ticket: id }).transform((body): CounterOrder => ({ do: 'resume', ...body })),
  park: z
    .object({ to: z.union([z.literal('pool'), z.object({ counter: id })]), note: words.exactOptional() })
    .transform((body): CounterOrder => ({ do: 'park', ...body })),
  transfer: z
    .object({ service: id.exactOptional(), counter: id.exactOptional(), place: z.enum(['front', 'sorted', 'end']) })
    .refine(({ service, counter }) => service !== undefined || counter !== undefined, 'service or counter')
    .transform((body): CounterOrder => ({ do: 'transfer', ...body })),
  service: z
    .object({ service: id, quantity: z.int().min(1).max(99) })
    .transform((body): CounterOrder => ({ do: 'add-service', ...body })),
  finish: z
    .object({ outcome: z.enum(['served', 'incomplete', 'referred']), note: words.exactOptional() })
    .transform((body): CounterOrder => ({ do: 'finish', ...body })),
  class: z.object({ ticket: id, class: id }).transform((body): CounterOrder => ({ do: 'class', ...body })),
  break: z
    .object({ reason: words.exactOptional() })
    .optional()
    .transform((body): CounterOrder => ({ do: 'break', ...body })),
  back: z.unknown().transform((): CounterOrder => ({ do: 'back' })),
  close: z
    .object({ reason: words.exactOptional(), left: z.enum(['pool', 'keep']).exactOptional() })
    .optional()
    .transform((body): CounterOrder => ({ do: 'close', ...body })),
};

/** What staff do at counters and look up (`contract.ts`). A role in the area with the hall's name counts for that hall alone. */
export function queueStaffRoutes(
  api: Api,
  deps: { readonly queue: HallQueue; readonly reports: Reports; readonly audit: Audit },
): void {
  const { queue, reports } = deps;
  const { halls, views, counters } = queue;

  const mayAt = ({ grants }: Account, roles: readonly Role[], { id: hall }: QueueHallConfig): Result<void> =>
    may(grants, roles, hall) ? ok() : failure('E-STAFF-0104');
  const hallFor = (staff: Account, roles: readonly Role[], hallId: string): Result<QueueHallConfig> => {
    const hall = halls.get(hallId);
    if (!hall.ok) return hall;
    const allowed = mayAt(staff, roles, hall.value);
    return allowed.ok ? hall : allowed;
  };
  const counterFor = (staff: Account, roles: readonly Role[], counterId: string): Result<void> => {
    const found = halls.counter(counterId);
    return found.ok ? mayAt(staff, roles, found.value.hall) : found;
  };
  const view = (counterId: string): Result<CounterView> => views.counter(counterId);
  const leaseOf = (request: FastifyRequest): string => {
    const { 'x-counter-lease': lease } = request.headers;
    return typeof lease === 'string' ? lease : '';
  };
  /** On the first printer of the hall that has paper. */
  const print = async (hall: QueueHallConfig, row: TicketRow, by: string): Promise<TakenView> => {
    const printers = [...hall.kiosks, ...hall.buttonMachines].flatMap(({ printer }) => printer ?? []);
    const fit = printers.find((printer) => ['ok', 'low'].includes(queue.printing.paper(printer)));
    const ticket = { ...views.own(row), id: row.id };
    return { ticket, ...(await queue.printing.print(fit, ticket, by)) };
  };

  api.route({
    method: 'GET',
    url: '/api/queue/halls',
    access: READ,
    anyArea: true,
    handler: ({ staff }) => halls.all.filter((hall) => mayAt(staff, READ, hall).ok).map((hall) => views.hall(hall)),
  });
  api.route({
    method: 'GET',
    url: '/api/queue/halls/:hall/waiting',
    access: READ,
    anyArea: true,
    params: hallParam,
    handler: ({ staff, params }) => {
      const hall = hallFor(staff, READ, params.hall);
      return hall.ok ? views.waiting(hall.value) : hall;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/queue/halls/:hall/live',
    access: READ,
    anyArea: true,
    params: hallParam,
    handler: ({ staff, params }) => {
      const hall = hallFor(staff, READ, params.hall);
      return hall.ok ? views.live(hall.value) : hall;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/queue/halls/:hall/notice',
    access: READ,
    anyArea: true,
    params: hallParam,
    handler: ({ staff, params }) => {
      const hall = hallFor(staff, READ, params.hall);
      return hall.ok ? (views.notice(hall.value) ?? {}) : hall;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/queue/halls/:hall/notice',
    access: WORK,
    anyArea: true,
    params: hallParam,
    body: z.object({
      text: z.object({ zh: words.max(30), en: words.max(60) }).optional(),
      until: z.int().min(0).optional(),
    }),
    handler: ({ staff, params, body: { text, until } }) => {
      const hall = hallFor(staff, WORK, params.hall);
      if (!hall.ok) return hall;
      queue.core.setNotice(hall.value.id, text && { ...text, until: until === undefined ? null : epochMs(until) });
      deps.audit.record({
        ...{ actor: `staff:${staff.id}`, action: 'queue.notice', subject: `hall:${params.hall}` },
        detail: text ?? {},
      });
      return views.notice(hall.value) ?? {};
    },
  });
  api.route({
    method: 'POST',
    url: '/api/queue/halls/:hall/tickets/behalf',
    access: WORK,
    anyArea: true,
    params: hallParam,
    body: z.object({ service: id, class: id.optional(), note: words.optional() }),
    handler: ({ staff, params, body, request }) => {
      const hall = hallFor(staff, WORK, params.hall);
      if (!hall.ok) return hall;
      const key = maybeOrderKeyOf(request);
      if (!key.ok) return key;
      const by = `staff:${staff.id}`;
      const taken = queue.taking.take({
        ...{ hall: params.hall, service: body.service, source: 'staff', by },
        ...(key.value !== undefined && { orderedAs: `${by}/${key.value}` }),
        ...(body.class !== undefined && { class: body.class }),
        ...(body.note !== undefined && { personal: { note: body.note } }),
      });
      return taken.ok ? print(hall.value, taken.value, by) : taken;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/queue/halls/:hall/tickets/:ticket/print',
    access: WORK,
    anyArea: true,
    params: hallParam.extend({ ticket: id }),
    handler: ({ staff, params }) => {
      const hall = hallFor(staff, WORK, params.hall);
      if (!hall.ok) return hall;
      const row = queue.tickets.get(params.ticket);
      if (row?.hall !== params.hall) return failure('E-QUEUE-0208');
      const by = `staff:${staff.id}`;
      deps.audit.record({ actor: by, action: 'queue.reprint', subject: `ticket:${row.id}` });
      return print(hall.value, row, by);
    },
  });

  api.route({
    method: 'POST',
    url: '/api/queue/counters/:counter/open',
    access: WORK,
    anyArea: true,
    params: counterParam,
    body: z.object({ takeOver: z.boolean(), services: z.array(id).min(1).max(200).optional() }),
    handler: ({ staff, params, body: { takeOver, services }, request }) => {
      const allowed = counterFor(staff, WORK, params.counter);
      if (!allowed.ok) return allowed;
      const key = maybeOrderKeyOf(request);
      if (!key.ok) return key;
      const { id: account, name } = staff;
      const opened = counters.open(
        params.counter,
        { id: account, name },
        { takeOver, ...(services && { services }), ...(key.value !== undefined && { key: key.value }) },
      );
      if (!opened.ok) return opened;
      const seen = view(params.counter);
      return seen.ok ? { lease: opened.value.lease, view: seen.value } : seen;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/queue/counters/:counter',
    access: READ,
    anyArea: true,
    params: counterParam,
    handler: ({ staff, params }) => {
      const allowed = counterFor(staff, READ, params.counter);
      return allowed.ok ? view(params.counter) : allowed;
    },
  });
  for (const [name, schema] of Object.entries(ORDERS))
    api.route({
      method: 'POST',
      url: `/api/queue/counters/:counter/${name}`,
      access: WORK,
      anyArea: true,
      params: counterParam,
      body: z.preprocess((body) => (isNothing(body) ? undefined : body), schema),
      handler: ({ staff, params, body, request }) => {
        const allowed = counterFor(staff, WORK, params.counter);
        if (!allowed.ok) return allowed;
        const key = maybeOrderKeyOf(request);
        if (!key.ok) return key;
        const done = counters.order(params.counter, leaseOf(request), staff, body, key.value);
        return done.ok ? view(params.counter) : done;
      },
    });

  const query = z.object({
    ...{ hall: z.string().max(64), from: day, to: day },
    by: z.enum(['service', 'counter', 'person', 'hour']).default('service'),
  });
  const statistics = async (staff: Account, asked: z.output<typeof query>) => {
    const hall = hallFor(staff, READ, asked.hall);
    return hall.ok ? await reports.statistics(asked) : hall;
  };
  api.route({
    method: 'GET',
    url: '/api/queue/statistics',
    access: READ,
    anyArea: true,
    query,
    handler: ({ staff, query: asked }) => statistics(staff, asked),
  });
  const files = {
    csv: { type: 'text/csv; charset=utf-8', write: statisticsCsv },
    xlsx: {
      type: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
      write: statisticsXlsx,
    },
  } as const;
  for (const [extension, { type, write }] of Object.entries(files))
    api.route({
      method: 'GET',
      url: `/api/queue/statistics.${extension}`,
      access: READ,
      anyArea: true,
      query,
      handler: async ({ staff, query: asked, reply }) => {
        const found = await statistics(staff, asked);
        if (!found.ok) return found;
        const name = `queue-${asked.hall}-${asked.by}-${asked.from}-${asked.to}.${extension}`;
        return reply
          .type(type)
          .header('content-disposition', `attachment; filename="${name}"`)
          .send(write(found.value));
      },
    });
}

/** A POST without a body, or with an empty one. */
const isNothing = (body: unknown): boolean =>
  body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0);
