import type { Cancel, Clock, Code, EpochMs, RandomBytes } from '@hallhub/sync/base';
import { minutes, seconds, uuidv7 } from '@hallhub/sync/base';
import type { CheckInMethod } from './views.ts';

/** Who has come by at a device of a check-in point. */
export interface Arrival {
  readonly id: string;
  readonly point: string;
  readonly device: string;
  readonly at: EpochMs;
  readonly method: CheckInMethod;
  /** The new student whom it names; or why it names none. */
  readonly whom: { readonly requestId: string } | { readonly code: Code };
  /** What the terminal's camera saw, a JPEG. */
  readonly picture?: Uint8Array;
}

/** A picture of a terminal, and who it recognised by its own account. */
export interface Picture {
  readonly device: string;
  readonly personId: string;
  readonly at: EpochMs;
  readonly bytes: Uint8Array;
}

/** So long somebody who has come by is shown; with them goes the picture. */
export const SHOWN_FOR = minutes(2);
/** No more than stand before a desk. */
const AT_A_POINT = 6;
/** A picture and its event come one right after the other, in either order. */
const PICTURE_WITHIN = seconds(10);

/**
 * Who has come by lately, in memory alone: nothing of it is in the database, a backup or a log. It goes when it is seen to,
 * when others come, after {@link SHOWN_FOR}, and with the process.
 */
export function createArrivals(deps: {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly random: RandomBytes;
  readonly onChange: (point: string) => void;
}) {
  const { clock, onChange } = deps;
  /** Newest first. */
  let arrivals: readonly Arrival[] = [];
  /** Whose picture an arrival waits for, by its id. */
  const recognised = new Map<string, string>();
  /** Pictures that came before their event, by device. */
  const early = new Map<string, Picture>();
  const timers = new Set<Cancel>();
  const later = (delay: typeof SHOWN_FOR, action: () => void): void => {
    const cancel = clock.after(delay, () => {
      timers.delete(cancel);
      action();
    });
    timers.add(cancel);
  };
  const drop = (gone: (arrival: Arrival) => boolean): void => {
    const before = arrivals;
    arrivals = before.filter((one) => !gone(one));
    const dropped = before.filter(gone);
    for (const { id } of dropped) recognised.delete(id);
    for (const point of new Set(dropped.map(({ point: of }) => of))) onChange(point);
  };
  const isOf = (picture: Picture, { device, at }: Arrival, personId: string | undefined): boolean =>
    picture.device === device && picture.personId === personId && Math.abs(picture.at - at) <= PICTURE_WITHIN;

  return {
    /** @param personId whom a terminal recognised, as its picture will name them */
    add: (arrival: Omit<Arrival, 'id' | 'picture'>, personId?: string): void => {
      const id = uuidv7(clock.now(), deps.random);
      const isNewcomer = 'requestId' in arrival.whom;
      const known = early.get(arrival.device);
      const picture = known && isNewcomer && isOf(known, { ...arrival, id }, personId) ? known.bytes : undefined;
      if (picture) early.delete(arrival.device);
      const { whom } = arrival;
      /** Somebody who shows something else is there once, and of a device that names nobody its last word is enough. */
      const isReplaced = (one: Arrival): boolean =>
        one.point === arrival.point &&
        ('code' in one.whom
          ? one.device === arrival.device
          : 'requestId' in whom && one.whom.requestId === whom.requestId);
      const others = arrivals.filter((one) => !isReplaced(one));
      const here = others.filter(({ point }) => point === arrival.point).slice(0, AT_A_POINT - 1);
      arrivals = [
        { ...arrival, id, ...(picture && { picture }) },
        ...others.filter((one) => one.point !== arrival.point || here.includes(one)),
      ];
      const kept = new Set(arrivals.map((one) => one.id));
      for (const waiting of recognised.keys()) if (!kept.has(waiting)) recognised.delete(waiting);
      // Of somebody who is not to check in no picture is kept.
      if (personId !== undefined && isNewcomer && !picture) recognised.set(id, personId);
      later(SHOWN_FOR, () => {
        drop((one) => one.id === id);
      });
      onChange(arrival.point);
    },
    /** Puts a picture to the arrival that it is of; one whose event is still to come is kept for a moment, one a device. */
    picture: (picture: Picture): void => {
      const arrival = arrivals.find((one) => isOf(picture, one, recognised.get(one.id)));
      if (!arrival) {
        early.set(picture.device, picture);
        later(PICTURE_WITHIN, () => {
          if (early.get(picture.device) === picture) early.delete(picture.device);
        });
        return;
      }
      recognised.delete(arrival.id);
      arrivals = arrivals.map((one) => (one === arrival ? { ...one, picture: picture.bytes } : one));
      onChange(arrival.point);
    },
    at: (point: string): readonly Arrival[] => arrivals.filter((one) => one.point === point),
    drop,
    clear: (): void => {
      for (const cancel of timers) cancel();
      timers.clear();
      arrivals = [];
      recognised.clear();
      early.clear();
    },
  };
}
