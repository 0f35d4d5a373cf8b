import type { Traffic } from '@hallhub/device-drivers/kit';
import type { PrinterFault } from '@hallhub/device-drivers/protocols/ipp';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';
import { z } from 'zod';
import type { SimulatedPayments } from '../cards/index.ts';
import type { Hub } from '../main.ts';
import { counterRoutes } from './counter-routes.ts';
import type { FloorFrame, FloorState } from './floor-state.ts';
import type { HallFloor } from './hall-floor.ts';
import type { Person } from './people.ts';
import { peopleOf } from './people.ts';

/** A frame that came over the same line in the same words this lately is idle polling. */
const IDLE_MS = 3_000;
/** So is one that comes again and again after the same time, if that is no longer than this. */
const LONGEST_ROUND_MS = 20_000;

const TOPICS = new Set(['floor', 'frame', 'gates', 'hall', 'prints']);
const PRINTER_FAULTS = ['paper-out', 'jam', 'unreachable'] as const;

/**
 * The hall floor: what a newcomer's hands do in a real hall, as requests. Only the demo has these routes; they put cards on
 * simulated readers and pull plugs, and never go round the drivers.
 */
export function floorRoutes({
  hub,
  hall,
  floor,
  payments,
}: {
  readonly hub: Hub;
  readonly hall: ReferenceHall;
  readonly floor: HallFloor;
  readonly payments: Pick<SimulatedPayments, 'waiting' | 'pay'>;
}): void {
  const { api, live } = hub;
  const cardOn = new Map<string, Person>();
  const lastSeen = new Map<string, { readonly at: number; readonly after: number }>();
  /** Polling repeats the same bytes for ever and would drown what matters. */
  const isIdle = (deviceId: string, { at, direction, bytes }: Traffic): boolean => {
    const key = `${deviceId}${direction}${Buffer.from(bytes.subarray(0, 40)).toString('hex')}`;
    const before = lastSeen.get(key);
    const after = before === undefined ? Number.POSITIVE_INFINITY : at - before.at;
    lastSeen.set(key, { at, after });
    const isRound = after < LONGEST_ROUND_MS && Math.abs(after - (before?.after ?? 0)) < after / 5;
    return bytes.length < 64 && (after < IDLE_MS || isRound);
  };

  const state = (): FloorState => ({
    people: peopleOf(hall).map(({ key, name, number, requests }) => ({ key, name, number, requests })),
    readers: [...floor.readers.keys()].map((id) => ({ id, person: cardOn.get(id)?.key ?? null })),
    turnstiles: [...floor.turnstiles].map(([id, { arm }]) => ({ id, released: arm.released ?? null })),
    printers: [...floor.printers].map(([id, printer]) => ({
      id,
      state: printer.state,
      reasons: printer.reasons,
      sheets: printer.tray.length,
      fault: printer.faults[0]?.type ?? null,
    })),
    payments: payments.waiting(),
    hall: { url: hall.url, plugged: !hall.faults.settings.unreachable },
    counter: floor.counter.state(),
    gates: hub.gates.gates().filter(({ area }) => area === 'main-campus'),
    kiosks: hub.selfService.kiosks
      .list()
      .flatMap(({ id, label, reader, printer }) =>
        reader === undefined || printer === undefined
          ? []
          : [{ id, label, reader, printer, url: `/kiosk/${id}#token=${hub.selfService.kiosks.token(id)}` }],
      ),
  });
  const changed = (): void => {
    live.publish('floor', state());
  };
  for (const { arm } of floor.turnstiles.values()) arm.onChange(changed);
  for (const printer of floor.printers.values()) printer.onChange(changed);
  floor.counter.onChange(changed);
  counterRoutes(hub, floor.counter);
  hub.replica.subscribe(changed);
  hub.cards?.onChange(changed);
  hub.host.onTraffic(({ deviceId, traffic }) => {
    if (isIdle(deviceId, traffic)) return;
    const frame: FloorFrame = {
      deviceId,
      at: traffic.at,
      direction: traffic.direction,
      meaning: traffic.meaning,
      size: traffic.bytes.length,
      hex: Buffer.from(traffic.bytes.subarray(0, 40)).toString('hex'),
    };
    live.publish('frame', frame);
  });

  api.route({ method: 'GET', url: '/api/floor', access: 'public', handler: state });
  api.route({
    method: 'GET',
    url: '/api/floor/entries',
    access: 'public',
    handler: () => hub.gates.entries({ limit: 8 }),
  });
  api.route({
    method: 'GET',
    url: '/api/floor/events',
    access: 'public',
    handler: ({ request, reply }) => {
      live.stream(request, reply, ({ topic }) => TOPICS.has(topic));
    },
  });

  const reader = z.object({ reader: z.string() });
  api.route({
    method: 'POST',
    url: '/api/floor/readers/:reader/card',
    access: 'public',
    params: reader,
    body: z.object({ person: z.string().nullable() }),
    handler: ({ params, body }) => {
      const simulator = floor.readers.get(params.reader);
      const person = peopleOf(hall).find(({ key }) => key === body.person);
      for (const [id, there] of cardOn) {
        if (id !== params.reader && there.key !== person?.key) continue;
        cardOn.delete(id);
        floor.readers.get(id)?.liftCard();
      }
      if (simulator && person) {
        cardOn.set(params.reader, person);
        simulator.putCard(person.card);
      }
      changed();
    },
  });
  api.route({
    method: 'POST',
    url: '/api/floor/turnstiles/:turnstile/walk',
    access: 'public',
    params: z.object({ turnstile: z.string() }),
    handler: ({ params }) => ({ walked: floor.turnstiles.get(params.turnstile)?.arm.walk('in') ?? false }),
  });
  api.route({
    method: 'POST',
    url: '/api/floor/payments/:order',
    access: 'public',
    params: z.object({ order: z.string().max(32) }),
    handler: ({ params }) => {
      const paid = payments.pay(params.order);
      changed();
      return { paid };
    },
  });
  api.route({
    method: 'POST',
    url: '/api/floor/hall',
    access: 'public',
    body: z.object({ plugged: z.boolean() }),
    handler: ({ body }) => {
      hall.faults.set({ unreachable: !body.plugged });
      if (body.plugged) {
        hub.replica.wake();
        hub.outbox.wake();
      }
      changed();
    },
  });
  api.route({
    method: 'POST',
    url: '/api/floor/requests/:id/revoke',
    access: 'public',
    params: z.object({ id: z.string().max(128) }),
    handler: ({ params }) => {
      const result = hall.requests.revoke(params.id, '演示撤销');
      changed();
      return result;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/floor/printers/:printer/fault',
    access: 'public',
    params: z.object({ printer: z.string() }),
    body: z.object({ fault: z.enum(PRINTER_FAULTS).nullable() }),
    handler: ({ params, body }) => {
      const printer = floor.printers.get(params.printer);
      printer?.clearFaults();
      if (printer && body.fault !== null) printer.inject(faultOf(body.fault));
      changed();
    },
  });
  api.route({
    method: 'GET',
    url: '/api/floor/printers/:printer/sheets/:sheet',
    access: 'public',
    params: z.object({ printer: z.string(), sheet: z.coerce.number().int().min(1) }),
    handler: ({ params, reply }) => {
      const printer = floor.printers.get(params.printer);
      const sheet = printer?.tray[params.sheet - 1];
      const document = printer?.jobs.find(({ document }) => document?.sha256 === sheet?.documentSha256)?.document;
      if (!document) return reply.code(404).send();
      return reply.type('application/pdf').header('cache-control', 'no-store').send(Buffer.from(document.bytes));
    },
  });
}

function faultOf(fault: (typeof PRINTER_FAULTS)[number]): PrinterFault {
  switch (fault) {
    case 'paper-out':
      return { type: 'paper-out' };
    case 'jam':
      return { type: 'jam', afterPages: 0 };
    case 'unreachable':
      return { type: 'unreachable' };
  }
}
