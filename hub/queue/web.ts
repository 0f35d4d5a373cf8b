import type { Clock, RandomBytes } from '@hallhub/sync/base';
import type { Api } from '../api/api.ts';
import type { Live } from '../api/live.ts';
import type { Audit } from '../audit/service.ts';
import type { CertificateService } from '../certificates/index.ts';
import type { SelfService } from '../kiosks/index.ts';
import type { Staff } from '../staff/index.ts';
import type { Vault } from '../vault/index.ts';
import type { HallQueue } from './compose.ts';
import { queueKioskRoutes } from './kiosk-routes.ts';
import { createReports } from './reports.ts';
import { queueRoutes } from './routes.ts';
import { queueStaffRoutes } from './staff-routes.ts';
import { createTopics } from './topics.ts';

/** Every route of the queue, and the streams behind them, which end with the queue. */
export function queueWeb(
  api: Api,
  deps: {
    readonly queue: HallQueue;
    readonly staff: Staff;
    readonly selfService: Pick<SelfService, 'kiosks'>;
    readonly certificates: Pick<CertificateService, 'list'>;
    readonly vault: Pick<Vault, 'match'>;
    readonly audit: Audit;
    readonly live: Live;
    readonly clock: Clock;
    readonly random: RandomBytes;
    readonly secure: boolean;
  },
): { close(): void } {
  const topics = createTopics({ clock: deps.clock });
  const { halls, tickets, desk } = deps.queue;
  const nameOf = (id: string): string | undefined => deps.staff.list().find((account) => account.id === id)?.name;
  queueRoutes(api, { ...deps, topics });
  queueKioskRoutes(api, deps);
  queueStaffRoutes(api, { ...deps, reports: createReports({ halls, tickets, desk, nameOf }) });
  return topics;
}
