import type { Cancel, Clock, DurationMs } from '@hallhub/sync/base';
import { minutes, seconds } from '@hallhub/sync/base';
import type { KioskAlert } from './alert-text.ts';
import { alertText } from './alert-text.ts';
import type { Config } from '../config/index.ts';
import type { Notifications } from '../notifications/index.ts';
import type { FleetKioskView } from './views.ts';
import { supplyAlert } from './supplies.ts';

const EVERY: DurationMs = seconds(30);
/** A printer that waits no longer than this was seen to by whoever stood there. */
const PATIENCE: DurationMs = minutes(1);
/** The same trouble that comes back within this is not told again: a tray that is opened and shut. */
const AGAIN_AFTER: DurationMs = minutes(30);

const AT_ONCE: readonly KioskAlert[] = ['paper-low', 'toner-low'];

/** The troubles that a kiosk has now. */
export function alertsOf({
  kiosk: { printer, outOfService },
  stuck,
  uncertain,
}: FleetKioskView): readonly KioskAlert[] {
  // Somebody has been told on the screen that the staff see to it.
  const doubts: readonly KioskAlert[] = uncertain > 0 ? ['print-uncertain'] : [];
  if (!printer || outOfService) return doubts;
  const supply = supplyAlert(printer);
  return [
    ...doubts,
    ...(supply ? [supply] : []),
    ...(printer.state === 'attention' && supply !== 'paper-empty' && supply !== 'toner-empty'
      ? (['printer-waits'] as const)
      : []),
    ...(printer.state === 'down' ? (['printer-away'] as const) : []),
    ...(stuck > 0 ? (['job-stuck'] as const) : []),
  ];
}

/** Tells troubles of kiosks to those who can mend them, once each; and every print in doubt. */
export function createKioskAlerts(deps: {
  readonly fleet: () => readonly FleetKioskView[];
  readonly recipients: Config['selfService']['alerts'];
  readonly notifications: Pick<Notifications, 'notify'>;
  readonly clock: Clock;
}): { start(): void; stop(): void } {
  const { clock } = deps;
  /** Since when, and when it was told. */
  const known = new Map<string, { readonly since: number; toldAt?: number }>();
  /** Prints in doubt, as many as were told. */
  const doubts = new Map<string, number>();
  let tick: Cancel | undefined;
  const tell = (alert: KioskAlert, { kiosk }: FleetKioskView): void => {
    const text = alertText(alert, kiosk);
    for (const { channel, to } of deps.recipients)
      deps.notifications.notify({ channel, text, ...(to !== undefined && { to }) });
  };
  const look = (): void => {
    const now = clock.monotonic();
    const here = new Set<string>();
    for (const view of deps.fleet()) {
      // Each is somebody's, who was told on the screen that the staff see to it.
      if (view.uncertain > (doubts.get(view.kiosk.id) ?? 0)) tell('print-uncertain', view);
      doubts.set(view.kiosk.id, view.uncertain);
      for (const alert of alertsOf(view)) {
        if (alert === 'print-uncertain') continue;
        const key = `${view.kiosk.id}/${alert}`;
        here.add(key);
        const seen = known.get(key) ?? { since: now };
        known.set(key, seen);
        const waits = AT_ONCE.includes(alert) ? 0 : PATIENCE;
        if (now - seen.since < waits || seen.toldAt !== undefined) continue;
        seen.toldAt = now;
        tell(alert, view);
      }
    }
    for (const [key, { toldAt }] of known)
      if (!here.has(key) && (toldAt === undefined || now - toldAt > AGAIN_AFTER)) known.delete(key);
  };
  const round = (): void => {
    tick = clock.after(EVERY, round);
    look();
  };
  return {
    start: () => {
      if (deps.recipients.length > 0) round();
    },
    stop: () => {
      tick?.();
      tick = undefined;
    },
  };
}
