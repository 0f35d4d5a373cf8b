import { failure } from '@hallhub/sync/base';
import type { GatePipe } from '../agents.ts';

/** A hub whose gates are all its own. */
export const noAgents: GatePipe = {
  feeds: {
    put: () => false,
    withdraw: () => false,
    replaceKind: () => false,
    drop: () => undefined,
    log: () => {
      throw new Error('there is no agent here');
    },
    purge: () => 0,
  },
  projected: () => undefined,
  connected: () => false,
  ask: () => Promise.resolve(failure('E-AGENT-0103')),
  matchKey: () => undefined,
};
