import type { EpochMs } from '@hallhub/sync/base';
import type { Case } from './cases.ts';
import type { Consignment } from './consignment.ts';
import type { Bag, Journey } from './journey.ts';

/** What a hub knows when something is to be decided: all of it read from links. */
export interface Knowledge {
  readonly me: string;
  readonly now: EpochMs;
  item(id: string): Consignment | undefined;
  /** Open and closed. */
  casesOf(item: string): readonly Case[];
  bag(id: string): Bag;
  /** What the hub holds in a bag. */
  inBag(bag: string): readonly Consignment[];
  journey(manifest: string): Journey | undefined;
}
