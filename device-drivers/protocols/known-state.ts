import { type Clock, type EpochMs, type Result, failure, ok } from '@hallhub/sync/base';

/** What is known of a device's channels, and whether the device or only the broker's memory says so. */
export interface KnownState {
  /** True when the device itself says something else than what it said before, or speaks for the first time where that counts. */
  learn(channel: number, on: boolean, retained: boolean): boolean;
  /** Error: `E-DEV-0102` while a channel is not known at all. `fromBroker` stands where the device has not spoken itself. */
  read(): Result<{ readonly on: readonly boolean[]; readonly at: EpochMs; readonly fromBroker?: true }>;
}

/** `firstCounts`: a state is worth telling when it becomes known; a press that was before is not. */
export function createKnownState(channels: number, clock: Clock, firstCounts: boolean): KnownState {
  const known = new Map<number, { readonly on: boolean; readonly retained: boolean }>();
  let at = clock.now();
  return {
    learn: (channel, on, retained) => {
      if (channel < 0 || channel >= channels) return false;
      const before = known.get(channel);
      // What the broker kept is older than what the device has said.
      if (retained && before?.retained === false) return false;
      known.set(channel, { on, retained });
      at = clock.now();
      if (retained) return false;
      return before?.retained === false ? before.on !== on : firstCounts;
    },
    read: () => {
      const all = Array.from({ length: channels }, (_, channel) => known.get(channel));
      if (!all.every((state) => state !== undefined)) return failure('E-DEV-0102', 'it has not said how it is');
      const on = all.map((state) => state.on);
      return ok(all.some(({ retained }) => retained) ? { on, at, fromBroker: true } : { on, at });
    },
  };
}
