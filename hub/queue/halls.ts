import type { EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import type { CalendarConfig } from '../calendar/index.ts';
import { campusClock, campusInstant, neighbour } from '../calendar/index.ts';
import type { LocalTime, Opening } from './rules/opening.ts';
import { openingAt } from './rules/opening.ts';

export type ServiceConfig = QueueHallConfig['services'][number];
export type CounterConfig = QueueHallConfig['counters'][number];

/** Everybody without a claim. */
export const ORDINARY_CLASS = 'ordinary';

/** The halls as they are configured, and the campus clock as they read it. */
export interface Halls {
  readonly all: readonly QueueHallConfig[];
  /** Errors: `E-QUEUE-0101`. */
  get(hall: string): Result<QueueHallConfig>;
  /** Errors: `E-QUEUE-0201`. */
  counter(id: string): Result<{ readonly hall: QueueHallConfig; readonly counter: CounterConfig }>;
  /** A service that has tickets. Errors: `E-QUEUE-0102`. */
  service(hall: QueueHallConfig, id: string): Result<ServiceConfig>;
  /** YYYY-MM-DD of the campus: numbers belong to it. */
  day(at: EpochMs): string;
  /** The campus instant at which a day (YYYY-MM-DD) began. */
  midnight(day: string): EpochMs;
  local(at: EpochMs): LocalTime;
  opening(hall: QueueHallConfig, service: ServiceConfig, at: EpochMs): Opening & { readonly opensAtInstant?: EpochMs };
}

export function createHalls(all: readonly QueueHallConfig[], calendar: CalendarConfig): Halls {
  const clock = campusClock(calendar);
  const byId = new Map(all.map((hall) => [hall.id, hall]));
  const counters = new Map(
    all.flatMap((hall) => hall.counters.map((counter) => [counter.id, { hall, counter }] as const)),
  );
  const leaves = new Map(
    all.map((hall) => {
      const headings = new Set(hall.services.map(({ parent }) => parent));
      return [hall.id, new Map(hall.services.filter(({ id }) => !headings.has(id)).map((one) => [one.id, one]))];
    }),
  );
  return {
    all,
    get: (id) => {
      const hall = byId.get(id);
      return hall ? ok(hall) : failure('E-QUEUE-0101', id);
    },
    counter: (id) => {
      const found = counters.get(id);
      return found ? ok(found) : failure('E-QUEUE-0201', id);
    },
    service: (hall, id) => {
      const found = leaves.get(hall.id)?.get(id);
      return found ? ok(found) : failure('E-QUEUE-0102', id);
    },
    day: (at) => dashed(clock(at).date),
    midnight: (day) => campusInstant(clock, day.replaceAll('-', ''), 0),
    local: (at) => clock(at),
    opening: (hall, service, at) => {
      const local = clock(at);
      const opening = openingAt(service.hours ?? hall.hours, local);
      return {
        ...opening,
        ...(opening.opensAt !== undefined && { opensAtInstant: campusInstant(clock, local.date, opening.opensAt) }),
      };
    },
  };
}

const dashed = (date: string): string => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;

/** The day so many days on. @param day YYYY-MM-DD */
export const dayAfter = (day: string, days: number): string => dashed(neighbour(day.replaceAll('-', ''), days));
