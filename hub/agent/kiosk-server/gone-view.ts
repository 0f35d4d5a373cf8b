import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import type { DeviceHealth } from '@hallhub/device-drivers/kit';
import type { Result } from '@hallhub/sync/base';
import type { KioskView } from '../../kiosks/contract.ts';
import type { EdgeKiosk } from '../../kiosks/edge/index.ts';
import { printerView } from '../../kiosks/supplies.ts';

/** What this machine knows of its kiosk by itself. */
export interface OwnKnowledge {
  readonly health: (deviceId: string) => DeviceHealth | undefined;
  /** What its printer last answered here; undefined: it was not asked. */
  readonly printer: Result<PrinterStatus> | undefined;
  /** The service of the last view has not ended by itself since. */
  readonly serviceLasts: boolean;
}

/**
 * A kiosk while its hub is away: what stays as it was, and its devices as they do now. Nobody is known there: who stood before it
 * may have left, and nothing could be done for them.
 */
export function goneView(kiosk: EdgeKiosk, last: KioskView | undefined, own: OwnKnowledge): KioskView {
  const device = (id: string) => {
    const health = own.health(id);
    return { id, state: health?.state ?? ('down' as const), ...(health?.reason && { code: health.reason.code }) };
  };
  return {
    id: kiosk.id,
    label: kiosk.label,
    modes: kiosk.modes,
    hub: 'gone',
    // Whether the hall answers, the hub alone would know.
    hall: 'gone',
    ...(last?.outOfService && { outOfService: last.outOfService }),
    ...(kiosk.printer !== undefined && {
      printer: printerView(kiosk.printer, own.health(kiosk.printer), own.printer, undefined),
    }),
    readers: kiosk.readers.map(({ id, kind }) => ({ kind, ...device(id) })),
    ...(kiosk.receiptPrinter !== undefined && { receipts: device(kiosk.receiptPrinter) }),
    ways: [],
    ...(last?.service && own.serviceLasts && { service: last.service }),
  };
}
