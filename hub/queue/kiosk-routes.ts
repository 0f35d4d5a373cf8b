import { z } from 'zod';
import type { Clock, Result } from '@hallhub/sync/base';
import { failure, minutes, ok, plus } from '@hallhub/sync/base';
import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import { maybeOrderKeyOf } from '../api/order-key.ts';
import type { Audit } from '../audit/service.ts';
import type { CertificateService } from '../certificates/index.ts';
import type { QueueHallConfig } from '../config/index.ts';
import type { SelfService } from '../kiosks/index.ts';
import type { Vault } from '../vault/index.ts';
import { personKeys } from './appointments.ts';
import { CLAIMED_KINDS } from './claims.ts';
import type { HallQueue } from './compose.ts';
import type { MineView, TakenView, TicketMachineView } from './contract.ts';
import type { PersonKeys, TicketRow } from './store/tickets.ts';

const kiosk = z.object({ kiosk: z.string() });
const id = z.string().min(1).max(128);
/** So long a ticket is printed again where it was taken. */
const REPRINTS_FOR = minutes(10);

interface Who {
  readonly keys: PersonKeys;
  readonly name: string;
  readonly student: Parameters<CertificateService['list']>[0];
}

/** Ticket machines: kiosks with the mode `ticket` (`contract.ts`). */
export function queueKioskRoutes(
  api: Api,
  deps: {
    readonly queue: HallQueue;
    readonly selfService: Pick<SelfService, 'kiosks'>;
    readonly certificates: Pick<CertificateService, 'list'>;
    readonly vault: Pick<Vault, 'match'>;
    readonly audit: Audit;
    readonly live: Live;
    readonly clock: Pick<Clock, 'now'>;
  },
): void {
  const { queue, certificates, vault, clock } = deps;
  const { halls, views, tickets, printing } = queue;

  interface Machine {
    readonly hall: QueueHallConfig;
    readonly printer: string | undefined;
  }
  const machineOf = (kioskId: string): Result<Machine> => {
    for (const hall of halls.all) {
      const found = hall.kiosks.find((one) => one.kiosk === kioskId);
      if (found) return ok({ hall, printer: found.printer });
    }
    return failure('E-QUEUE-0101');
  };
  const view = ({ hall, printer }: Machine, services = views.services(hall)): TicketMachineView => ({
    ...{ hall: hall.id, label: hall.label, services, classes: views.classes(hall), paper: printing.paper(printer) },
  });
  const whoAt = (kioskId: string): Result<Who> => {
    const here = deps.selfService.kiosks.person(kioskId);
    if (!here.ok) return here;
    const { known } = here.value.session;
    const { student } = known;
    const number = known.number ?? ('number' in student ? student.number : undefined);
    const idKey = 'idKey' in student ? student.idKey : undefined;
    return ok({
      keys: { ...personKeys(vault, { number }), ...(idKey !== undefined && { idKey }) },
      ...{ name: known.name, student },
    });
  };
  const isNobody = ({ numberKey, idKey }: PersonKeys): boolean => numberKey === undefined && idKey === undefined;
  /** Of every kind for which some service is set up: the first that is. */
  const requestsOf = (hall: QueueHallConfig, { student, keys }: Who): MineView['requests'] => {
    const serviceOf = (kind: string): string | undefined =>
      hall.services.find(({ id: service, requests }) => requests.includes(kind) && halls.service(hall, service).ok)?.id;
    const papers = serviceOf('certificate');
    return [
      ...(papers === undefined
        ? []
        : certificates
            .list(student)
            .map(({ certificateId, title }) => ({ id: certificateId, label: title, service: papers }))),
      ...CLAIMED_KINDS.flatMap((kind) => {
        const service = serviceOf(kind);
        return service === undefined
          ? []
          : queue.claims.of(keys, [kind]).map(({ requestId, label }) => ({ id: requestId, label, service }));
      }),
    ];
  };
  const print = async (row: TicketRow, printer: string | undefined, by: string): Promise<TakenView> => {
    const ticket = { ...views.own(row), id: row.id };
    return { ticket, ...(await printing.print(printer, ticket, by)) };
  };

  const last = new Map<string, string>();
  queue.onChange((changed) => {
    for (const hall of halls.all.filter((one) => one.id === changed && one.kiosks.length > 0)) {
      const services = views.services(hall);
      for (const machine of hall.kiosks) {
        const now = view({ hall, printer: machine.printer }, services);
        const text = JSON.stringify(now);
        if (last.get(machine.kiosk) === text) continue;
        last.set(machine.kiosk, text);
        deps.live.publish(`kiosk/${machine.kiosk}/queue`, now);
      }
    }
  });

  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/queue',
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => {
      const machine = machineOf(params.kiosk);
      return machine.ok ? view(machine.value) : machine;
    },
  });
  api.route({
    method: 'GET',
    url: '/api/kiosks/:kiosk/queue/mine',
    access: 'kiosk',
    params: kiosk,
    handler: ({ params }) => {
      const machine = machineOf(params.kiosk);
      if (!machine.ok) return machine;
      const who = whoAt(params.kiosk);
      if (!who.ok) return who;
      const { hall } = machine.value;
      const { keys } = who.value;
      const mine: MineView = {
        tickets: isNobody(keys) ? [] : tickets.openOf(hall.id, keys).map((row) => views.own(row)),
        appointments: queue.appointments.of(keys, hall.id).map(({ requestId, service, from, to, checkIn }) => ({
          ...{ id: requestId, service, from, to, checkIn },
          label: hall.services.find((one) => one.id === service)?.label ?? { zh: service, en: service },
        })),
        requests: requestsOf(hall, who.value),
      };
      return mine;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/queue/tickets',
    access: 'kiosk',
    params: kiosk,
    body: z.object({ service: id, appointment: id.optional(), request: id.optional(), class: id.optional() }),
    handler: async ({ params, body, request }) => {
      const machine = machineOf(params.kiosk);
      if (!machine.ok) return machine;
      const key = maybeOrderKeyOf(request);
      if (!key.ok) return key;
      const { hall, printer } = machine.value;
      const who = whoAt(params.kiosk);
      // Whoever wants only a number need not say who they are.
      if (!who.ok && (body.appointment !== undefined || body.request !== undefined)) return who;
      if (who.ok && body.appointment !== undefined) {
        const mine = queue.appointments
          .of(who.value.keys, hall.id)
          .some(({ requestId }) => requestId === body.appointment);
        if (!mine) return failure('E-QUEUE-0107');
      }
      if (who.ok && body.request !== undefined && !requestsOf(hall, who.value).some((one) => one.id === body.request))
        return failure('E-REQ-0101');
      const by = `kiosk:${params.kiosk}`;
      const taken = queue.taking.take({
        ...{ hall: hall.id, service: body.service, source: 'machine', place: params.kiosk, by },
        ...(key.value !== undefined && { orderedAs: `${by}/${key.value}` }),
        ...(who.ok && { person: who.value.keys, personal: { name: who.value.name } }),
        ...(body.appointment !== undefined && { appointment: body.appointment }),
        ...(body.request !== undefined && { request: body.request }),
        ...(body.class !== undefined && { class: body.class }),
      });
      return taken.ok ? print(taken.value, printer, by) : taken;
    },
  });
  api.route({
    method: 'POST',
    url: '/api/kiosks/:kiosk/queue/tickets/:ticket/print',
    access: 'kiosk',
    params: kiosk.extend({ ticket: id }),
    handler: ({ params }) => {
      const machine = machineOf(params.kiosk);
      if (!machine.ok) return machine;
      const row = tickets.get(params.ticket);
      if (row?.place !== params.kiosk || clock.now() > plus(row.takenAt, REPRINTS_FOR)) return failure('E-QUEUE-0208');
      const by = `kiosk:${params.kiosk}`;
      deps.audit.record({ actor: by, action: 'queue.reprint', subject: `ticket:${row.id}` });
      return print(row, machine.value.printer, by);
    },
  });
}
