import { type ClockReading, clockReading, deviceReported, healthChanged } from '@hallhub/device-drivers/agent/station';
import { type EpochMs, epochMs, iso, seconds } from '@hallhub/sync/base';
import { type CloudEvent, instant } from '@hallhub/sync/contract';
import { z } from 'zod';

/** The same event as its agent would have told it with the hub's clock. */
export function inHubTime(event: CloudEvent, toHub: (reading: ClockReading) => EpochMs): CloudEvent {
  switch (event.type) {
    case deviceReported.type: {
      const reported = deviceReported.schema.safeParse(event.data);
      if (!reported.success) return event;
      const { clock, data } = reported.data;
      const at = toHub(clock);
      return { ...event, data: { ...reported.data, clock: { ...clock, at }, data: shifted(data, clock.at - at) } };
    }
    case healthChanged.type: {
      const changed = healthChanged.schema.safeParse(event.data);
      if (!changed.success) return event;
      const { clock, health } = changed.data;
      const at = toHub(clock);
      const since = health.since - (clock.at - at);
      return { ...event, data: { clock: { ...clock, at }, health: { ...health, since } } };
    }
    default: {
      const told = toldByDomain.safeParse(event.data);
      if (!told.success) return event;
      const { clock, at } = told.data;
      const ahead = clock.at - toHub(clock);
      if (Math.abs(ahead) < AGREES) return event;
      return { ...event, data: { ...told.data, at: iso(epochMs(Date.parse(at) - ahead)) } };
    }
  }
}

/** Clocks that differ by less show the same time; what was told stays as the agent itself wrote it down. */
const AGREES = seconds(2);
/** An event of a domain that runs on the agent, with the reading of its clocks when it was told. */
const toldByDomain = z.looseObject({ at: instant, clock: clockReading });

/** What a device reported at `at`, by a clock that was `ahead` by so many milliseconds. */
export function shifted(data: unknown, ahead: number): unknown {
  if (typeof data !== 'object' || data === null || !('at' in data) || typeof data.at !== 'number') return data;
  return { ...data, at: data.at - ahead };
}
