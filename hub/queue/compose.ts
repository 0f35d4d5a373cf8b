import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, EpochMs, RandomBytes } from '@hallhub/sync/base';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { Config } from '../config/index.ts';
import type { CalendarConfig } from '../calendar/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Chore } from '../housekeeping.ts';
import type { Vault } from '../vault/index.ts';
import type { Announcements } from './announcements.ts';
import { createAnnouncements } from './announcements.ts';
import type { Claims } from './claims.ts';
import { createClaims } from './claims.ts';
import type { CounterView } from './contract.ts';
import { createCounterDevices } from './devices.ts';
import type { Door } from './door.ts';
import { createDoor } from './door.ts';
import type { Halls } from './halls.ts';
import { createHalls } from './halls.ts';
import type { TicketPrinting } from './printing.ts';
import { createTicketPrinting } from './printing.ts';
import type { QueueCore } from './service.ts';
import { createQueueCore } from './service.ts';
import type { TicketRow } from './store/tickets.ts';
import type { QueueViews } from './views.ts';
import { createViews } from './views.ts';

/** Halls where people wait for their number. */
export interface HallQueue extends Pick<
  QueueCore,
  'taking' | 'counters' | 'appointments' | 'tickets' | 'desk' | 'onChange'
> {
  readonly halls: Halls;
  readonly core: QueueCore;
  readonly views: QueueViews;
  readonly door: Door;
  readonly printing: TicketPrinting;
  readonly announcements: Announcements;
  readonly claims: Claims;
  /** What the hub forgets of it, and when. */
  readonly chores: readonly Chore[];
  start(): void;
  stop(): void;
}

export function createHallQueue(deps: {
  readonly config: Pick<Config, 'queue' | 'devices' | 'http'>;
  readonly calendar: CalendarConfig;
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices' | 'onHealth'>;
  readonly requests: () => Pick<Requests, 'get' | 'page'>;
  readonly clockTrusted: () => boolean;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): HallQueue {
  const { config, clock, random, host } = deps;
  const halls = createHalls(config.queue.halls, deps.calendar);
  const core = createQueueCore({
    ...deps,
    halls,
    revisionOf: (id) => deps.requests().get(id)?.revision,
  });
  const { tickets } = core;
  const claims = createClaims(deps);
  const door = createDoor({ key: deps.vault.derive('queue-door'), clock });
  const base = publicUrl(config.http);
  const listeners = new Set<(hall: string) => void>();
  /** Not of the rows, but of what is shown beside them. */
  const changed = (hall: string): void => {
    for (const listener of listeners) listener(hall);
  };
  const announcements = createAnnouncements({
    ...{ halls, host, clock, random, changed, log: deps.log },
    isCalled: (id, counter) => {
      const row = tickets.get(id);
      return row?.state === 'called' && row.counter === counter;
    },
  });
  const ticketUrl = (key: string): string | undefined => (base === undefined ? undefined : `${base}/t/${key}`);
  const printing = createTicketPrinting({
    ...{ host, clock, random, timeZone: deps.calendar.timeZone },
    printers: halls.all.flatMap(printersOf),
    ticketUrl,
    changed: () => {
      for (const { id } of halls.all) changed(id);
    },
  });
  const views = createViews({
    ...{ halls, clock, tickets, desk: core.desk, life: core.life, pictures: core.pictures, taking: core.taking },
    door: ({ id, phone }) => {
      if (!phone || base === undefined) return undefined;
      const { code, until } = door.code(id);
      return { url: `${base}/q/${id}?door=${code}`, until };
    },
    ticketUrl,
    announcement: (hall) => announcements.current(hall),
    devices: (id) => devicesOf(id),
  });
  const devices = createCounterDevices({
    ...{ halls: halls.all, host, clock, random, counters: core.counters, log: deps.log },
    isOnBreak: (counter) => core.desk.counter(counter)?.state === 'break',
    heldAt: (hall, counter) =>
      core.pictures
        .of(hall)
        .open.filter((row) => row.state === 'held' && row.counter === counter)
        .reduce<TicketRow | undefined>((first, row) => (first && first.since <= row.since ? first : row), undefined)
        ?.id,
    numberAt: (hall, counter) => core.pictures.of(hall).at(counter)?.number,
    take: (hall, given, machine, printer) => {
      const taken = core.taking.take({
        ...{ hall: hall.id, source: 'buttons', place: machine, by: `device:${machine}` },
        ...(typeof given === 'string' ? { service: given } : given),
      });
      if (taken.ok)
        printing
          .print(printer, views.own(taken.value), `queue:${hall.id}`)
          .then(({ code }) => {
            // There is no screen: the next who comes sees it, and whoever looks after the machine.
            if (code !== undefined)
              deps.log('warn', 'a ticket did not come out of a button machine', { device: printer, code });
          })
          .catch((error: unknown) => {
            deps.log('error', 'a ticket could not be printed', { device: printer, error });
          });
      return taken;
    },
  });
  function devicesOf(id: string): CounterView['devices'] {
    const found = halls.counter(id);
    if (!found.ok) return [];
    const { display, keypad, ratingPad } = found.value.counter;
    return [display, keypad, ratingPad].flatMap((device) => {
      const known = config.devices.find((one) => one.id === device);
      return known ? [{ id: known.id, label: known.label, ready: host.health(known.id)?.state === 'ready' }] : [];
    });
  }
  const running: Cancel[] = [];
  return {
    ...{ halls, core, views, door, printing, announcements, claims },
    ...{ taking: core.taking, counters: core.counters, appointments: core.appointments, tickets, desk: core.desk },
    onChange: (listener) => {
      listeners.add(listener);
      const cancel = core.onChange(listener);
      return () => {
        cancel();
        listeners.delete(listener);
      };
    },
    chores: [
      { name: 'who held numbers', keepDays: 60, forget: (before: EpochMs) => core.forget(before) },
      { name: 'whose approved requests were whose', keepDays: 1, forget: (before: EpochMs) => claims.forget(before) },
      { name: 'numbers and their periods', keepDays: 730, forget: (before: EpochMs) => core.drop(before) },
    ],
    start: () => {
      running.push(
        core.onEvent((event) => {
          devices.happened(event);
          if (event.type === 'called') announcements.called(event);
        }),
      );
      claims.start(deps.requests());
      core.start();
      printing.start();
      devices.start();
    },
    stop: () => {
      for (const cancel of running.splice(0)) cancel();
      devices.stop();
      printing.stop();
      announcements.stop();
      core.stop();
    },
  };
}

const printersOf = ({ kiosks, buttonMachines }: Config['queue']['halls'][number]): readonly string[] => [
  ...new Set([...kiosks, ...buttonMachines].flatMap(({ printer }) => printer ?? [])),
];

/** How phones reach this hub; undefined where it has no name that they could know. */
function publicUrl({ names, port, tls }: Config['http']): string | undefined {
  const [name] = names;
  if (name === undefined) return undefined;
  const secure = tls.mode !== 'off';
  const usual = secure ? 443 : 80;
  return `${secure ? 'https' : 'http'}://${name}${port === usual ? '' : `:${port}`}`;
}
