import type { EpochMs } from '@hallhub/sync/base';
import type { PrintJobView } from '../certificates/ports.ts';
import type { ItemCount } from '../certificates/store.ts';
import type { Label } from '../config/index.ts';
import type { KioskView } from './contract.ts';

/** A kiosk as those see it who look after many. */
export interface FleetKioskView {
  readonly kiosk: Omit<KioskView, 'person'>;
  /** Somebody stands there. */
  readonly occupied: boolean;
  readonly jobs: readonly PrintJobView[];
  /** Of {@link jobs}: in the printer for longer than any should be. */
  readonly stuck: number;
  /** Prints that may or may not have come out and wait for a decision. */
  readonly uncertain: number;
  readonly today: readonly (ItemCount & { readonly title: Label })[];
  /** Which certificates are printed here; absent: all. */
  readonly templates?: readonly string[];
  readonly lastRefill?: { readonly at: EpochMs; readonly sheets?: number };
}

/** A card with which staff open a kiosk for its service. */
export interface ServiceCardView {
  /** Names the card and says nothing of it. */
  readonly id: string;
  readonly accountId: string;
  readonly label: string;
  readonly addedAt: EpochMs;
}
