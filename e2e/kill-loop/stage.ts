import type { Campus } from '../testing/campus.ts';
import type { HubDatabase } from '../testing/hub-database.ts';
import type { HubProcess } from '../testing/hub-process.ts';
import type { Choices } from '../testing/random.ts';

/** What the people of the loop share. */
export interface Stage {
  /** What has happened so far, for whoever waits until there is enough to compare. */
  readonly seen: { swipesAfterRevocation: number };
  readonly campus: Campus;
  readonly random: Choices;
  readonly database: HubDatabase;
  /** The hub that runs now; undefined between a kill and the next start. */
  readonly hub: HubProcess | undefined;
  /** The last kill is over: everybody finishes what they are doing and goes home. */
  readonly over: boolean;
}
