import type { CreatePart, PartContext, StationPart } from '@hallhub/device-drivers/agent/station';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { epochMs, failure, hours } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { EdgeCabinet, LockerContent, LockerHold, LockerPass } from '../cabinet-contract.ts';
import { cabinetKinds, checkedParams, openParams, showParams } from '../cabinet-contract.ts';
import type { DoorTimes } from '../rules/door.ts';
import type { Cabinets } from './cabinets.ts';
import { createCabinets } from './cabinets.ts';
import { edgeLockerStore } from './records.ts';

export interface LockersPartDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Keyed hash under this agent's own key. */
  readonly match: (type: string, value: string) => Uint8Array;
  readonly times?: DoorTimes;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** The cabinets of an agent: their part in its station, and what the screens beside them ask. */
export interface LockersAtAgent {
  readonly part: CreatePart;
  /** Undefined while no device is hosted. */
  readonly cabinets: () => Cabinets | undefined;
}

const PURGE_EVERY = hours(24);
/** How long it is known here what an order came to, and that a pass was used. */
const KEEP = hours(30 * 24);

/**
 * The cabinets that hang on an agent: it lets in whom the hub has told of, by hashes of codes and cards, goes on without the
 * hub, and tells it everything afterwards.
 */
export function lockersAtAgent(deps: LockersPartDeps): LockersAtAgent {
  let cabinets: Cabinets | undefined;
  return {
    cabinets: () => cabinets,
    part: (context) => {
      const made = createPart(deps, context);
      return {
        ...made.part,
        // Before its doors are read anew what is on record of them is of another day: nobody is answered by it.
        attend: (host) => {
          const leave = made.part.attend(host);
          ({ cabinets } = made);
          return () => {
            cabinets = undefined;
            leave();
          };
        },
      };
    },
  };
}

function createPart(
  deps: LockersPartDeps,
  context: PartContext,
): { readonly cabinets: Cabinets; readonly part: StationPart } {
  const { db, clock } = deps;
  const store = edgeLockerStore(db);
  const now = (): EpochMs => context.hubNow() ?? clock.now();
  const cabinets = createCabinets({
    ...deps,
    store,
    now,
    clockReading: context.clockReading,
    append: (event) => {
      context.append('entries', event);
    },
  });
  let hasChanged = false;
  let cancelPurge: Cancel = () => undefined;
  const purge = (): void => {
    cancelPurge = clock.after(PURGE_EVERY, purge);
    store.forget(epochMs(clock.now() - KEEP));
  };
  /** A record about a compartment is called by it: `locker-hold/<cabinet>/<compartment>`. */
  const placeIn = (id: string): readonly [string, string] => {
    const [, cabinet = '', compartment = ''] = id.split('/');
    return [cabinet, compartment];
  };

  const answers: Readonly<Record<string, (params: unknown) => Result<unknown> | undefined>> = {
    show: (params) => {
      const asked = showParams.safeParse(params);
      return asked.success ? cabinets.doors(asked.data.cabinet) : undefined;
    },
    open: (params) => {
      const asked = openParams.safeParse(params);
      if (!asked.success) return undefined;
      const { order, expiresAt, ...place } = asked.data;
      return now() < expiresAt ? cabinets.open(place, order) : failure('E-LOCK-0108');
    },
    checked: (params) => {
      const asked = checkedParams.safeParse(params);
      if (!asked.success) return undefined;
      const { item, expiresAt, ...place } = asked.data;
      return now() < expiresAt ? cabinets.checked(place, item) : failure('E-LOCK-0108');
    },
  };

  const part: StationPart = {
    name: 'lockers',
    kinds: cabinetKinds,
    project: ({ op, kind, id, data }) => {
      const name = id.slice(id.indexOf('/') + 1);
      switch (`${kind} ${op}`) {
        case 'locker-cabinet upsert':
          store.putCabinet(data as EdgeCabinet);
          hasChanged = true;
          break;
        case 'locker-cabinet revoke':
          store.removeCabinet(name);
          hasChanged = true;
          break;
        case 'locker-pass upsert':
          store.putPass(data as LockerPass);
          break;
        case 'locker-pass revoke':
          store.removePass(name);
          break;
        case 'locker-hold upsert':
          store.putHold(data as LockerHold);
          break;
        case 'locker-hold revoke':
          store.dropHold(...placeIn(id));
          break;
        case 'locker-content upsert':
          store.toldContent(data as LockerContent);
          break;
        case 'locker-content revoke':
          store.dropTold(...placeIn(id));
          break;
        default:
      }
      return undefined;
    },
    applied: () => {
      if (!hasChanged) return;
      hasChanged = false;
      cabinets.follow();
    },
    attend: (host) => {
      const leave = cabinets.attend(host);
      purge();
      return () => {
        leave();
        cancelPurge();
      };
    },
    deals: () => false,
    answer: (name, params) => answers[name]?.(params) ?? failure('E-AGENT-0102', name),
  };
  return { cabinets, part };
}
