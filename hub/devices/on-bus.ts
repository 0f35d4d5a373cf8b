import type { EpochMs } from '@hallhub/sync/base';
import type { Config } from '../config/index.ts';
import type { BusDeviceView } from './service.ts';

/** A device that speaks somebody else's topics, as `mqtt.guests` of the configuration names it. */
export type Guest = Pick<Config['mqtt']['guests'][number], 'id' | 'convention'>;

/** Somebody on the bus, or who may come to it: `convention` where it is a guest of the configuration. */
export interface OnBus {
  readonly id: string;
  readonly convention?: string;
  /** Null: it has no credentials yet. */
  readonly createdAt: EpochMs | null;
  readonly revokedAt: EpochMs | null;
  readonly lastEventAt: EpochMs | null;
}

/** Who has credentials, and the guests that have none yet; agents have a page of their own. */
export function onBus(
  known: readonly BusDeviceView[],
  guests: readonly Guest[],
  agents: ReadonlySet<string>,
): readonly OnBus[] {
  const conventions = new Map(guests.map(({ id, convention }) => [id, convention]));
  const rows = known.filter(({ id }) => !agents.has(id));
  const strangers = guests.filter((guest) => !rows.some((row) => row.id === guest.id));
  const nothing = { createdAt: null, revokedAt: null, lastEventAt: null };
  return [...rows, ...strangers.map((guest) => ({ id: guest.id, ...nothing }))]
    .map((row) => {
      const convention = conventions.get(row.id);
      return { ...row, ...(convention !== undefined && { convention }) };
    })
    .sort((one, other) => (one.id < other.id ? -1 : 1));
}
