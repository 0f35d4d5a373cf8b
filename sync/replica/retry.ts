import type { Result } from '../base/index.ts';
import { err, ok } from '../base/index.ts';
import type { ReplicaCore } from './core.ts';
import type { ReplicaStore } from './store.ts';

/** Applies a quarantined change again; an entry without an id is kept as it is unless it has become readable. */
export function retryQuarantined(core: ReplicaCore, store: ReplicaStore, key: number): Result<void> {
  const found = store.quarantinedChange(key);
  if (!found) return ok();
  core.again(JSON.parse(found.raw));
  const still = store.quarantinedChange(key);
  if (!still) return ok();
  if (still.entry.attempts > found.entry.attempts) return err(still.entry.failure);
  // It was neither refused again nor released by its id: there is nothing left to do for it.
  store.discard(key);
  return ok();
}
