import type { EpochMs } from '@hallhub/sync/base';
import type { Waiting } from './calling.ts';
import { byArrival } from './calling.ts';

/**
 * Those who wait, in groups of whom no rule tells anything but when they arrived. Of a group nobody is called before whoever came
 * first, so a rule is asked about the heads alone: a handful, however many hundreds wait behind them.
 */
export interface Line {
  readonly size: number;
  /** Of these every rule chooses whom it would choose of all: of each group the first, and the first whose time is still to come. */
  heads(now: EpochMs): readonly Waiting[];
  /** Somebody was called. */
  take(one: Waiting): void;
}

interface Group {
  readonly people: readonly Waiting[];
  /** How many of them, from the first on, have left the line. */
  gone: number;
  /** Who has left it from further back. */
  readonly taken: Set<string>;
}

const groupOf = ({ service, class: kind, front, forCounter, isAppointment }: Waiting): string =>
  JSON.stringify([service, kind, front, forCounter ?? null, isAppointment]);

export function lineOf(waiting: readonly Waiting[]): Line {
  const groups = new Map<string, Group>();
  for (const [key, people] of Map.groupBy(waiting, groupOf))
    groups.set(key, { people: people.toSorted(byArrival), gone: 0, taken: new Set() });
  let size = waiting.length;
  const stays =
    ({ taken }: Group) =>
    ({ id }: Waiting): boolean =>
      !taken.has(id);
  return {
    get size() {
      return size;
    },
    heads: (now) => {
      const heads: Waiting[] = [];
      for (const group of groups.values()) {
        const first = group.people[group.gone];
        if (!first) continue;
        heads.push(first);
        // Only booked times are still to come, and their groups are short.
        const last = group.people.at(-1);
        if (first.arrival > now || !last || last.arrival <= now) continue;
        const early = group.people.slice(group.gone).find((one) => one.arrival > now && stays(group)(one));
        if (early) heads.push(early);
      }
      return heads;
    },
    take: (one) => {
      const group = groups.get(groupOf(one));
      if (!group) return;
      size -= 1;
      group.taken.add(one.id);
      for (let head = group.people[group.gone]; head && !stays(group)(head); head = group.people[group.gone])
        group.gone += 1;
    },
  };
}
