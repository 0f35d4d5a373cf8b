import type { Clock, DurationMs, EpochMs } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { CertificateService, PrintJobView } from '../certificates/index.ts';
import type { Kiosks } from './service.ts';
import type { FleetKioskView } from './views.ts';

const STUCK_AFTER: DurationMs = minutes(3);

/** Whether a job is in the printer for longer than any should be. */
export const isStuck = ({ requestedAt }: PrintJobView, now: EpochMs): boolean => now - requestedAt > STUCK_AFTER;

export function kioskFleet(deps: {
  readonly kiosks: Pick<Kiosks, 'list' | 'view'>;
  readonly certificates: Pick<CertificateService, 'jobs' | 'itemsToday' | 'titleOf'>;
  readonly lastRefill: (kioskId: string) => { readonly at: EpochMs; readonly sheets: number | null } | undefined;
  readonly clock: Pick<Clock, 'now'>;
}): () => readonly FleetKioskView[] {
  const { kiosks, certificates, clock } = deps;
  return () => {
    const unfinished = certificates.jobs({ unfinished: true });
    const unresolved = certificates.jobs({ uncertain: true });
    return kiosks.list().flatMap(({ id, printer, templates }): FleetKioskView[] => {
      const view = kiosks.view(id);
      if (!view.ok) return [];
      const { person, ...kiosk } = view.value;
      const jobs = unfinished.filter(({ printerId }) => printerId === printer);
      const refill = deps.lastRefill(id);
      return [
        {
          kiosk,
          occupied: person !== undefined,
          jobs,
          stuck: jobs.filter((job) => isStuck(job, clock.now())).length,
          uncertain: unresolved.filter(({ printerId }) => printerId === printer).length,
          today: (printer === undefined ? [] : certificates.itemsToday(printer)).map((item) => ({
            ...item,
            title: certificates.titleOf(item.template),
          })),
          ...(templates && { templates }),
          ...(refill && { lastRefill: { at: refill.at, ...(refill.sheets !== null && { sheets: refill.sheets }) } }),
        },
      ];
    });
  };
}
