import type { Db } from '@hallhub/sync/sqlite';
import type { AlarmStore } from './alarms.ts';
import { createAlarmStore } from './alarms.ts';
import type { CodeStore } from './codes.ts';
import { createCodeStore } from './codes.ts';
import type { EntryStore } from './entries.ts';
import { createEntryStore } from './entries.ts';
import type { PassStore } from './passes.ts';
import { createPassStore } from './passes.ts';
import type { PresenceStore } from './presence.ts';
import { createPresenceStore } from './presence.ts';
import type { SightingStore } from './sightings.ts';
import { createSightingStore } from './sightings.ts';

/** Everything the domain keeps; the same tables at the hub and in an agent. */
export interface GateStore {
  readonly passes: PassStore;
  readonly entries: EntryStore;
  readonly presence: PresenceStore;
  readonly alarms: AlarmStore;
  readonly sightings: SightingStore;
  readonly codes: CodeStore;
}

export const createGateStore = (db: Db): GateStore => ({
  passes: createPassStore(db),
  entries: createEntryStore(db),
  presence: createPresenceStore(db),
  alarms: createAlarmStore(db),
  sightings: createSightingStore(db),
  codes: createCodeStore(db),
});
