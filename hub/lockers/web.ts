import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import { lockerOperatorRoutes } from './operator-routes.ts';
import type { LockerRoutesDeps } from './routes.ts';
import { lockerRoutes } from './routes.ts';

/** Every route of the lockers. Pages hear that something changed, and read again what they show. */
export function lockersWeb(api: Api, deps: LockerRoutesDeps & { readonly live: Live }): void {
  lockerRoutes(api, deps);
  lockerOperatorRoutes(api, deps);
  deps.lockers.onChange(() => {
    deps.live.publish('lockers', {});
  });
}
