import type { OperatingState } from '@hallhub/device-drivers/kit';
import type { Code, EpochMs } from '@hallhub/sync/base';
import type { Label } from '../config/index.ts';

/**
 * What the screens of a kiosk and its server say to each other, below `/api/kiosks/{kiosk}`. The server is the hub itself, or the
 * agent on the kiosk's own machine, which hands on what it cannot answer and says within seconds when the hub is gone.
 *
 * | method | path | body | answer |
 * | --- | --- | --- | --- |
 * | GET | `` | | {@link KioskView}; changes come as `kiosk/{kiosk}` of the stream at `events` |
 * | POST | `/identify/pick-up` | `{code}` | none; the person appears in the view |
 * | POST | `/identify/number` | `{number}` | {@link OneTimeCodeView}, whether anybody has the number or not |
 * | POST | `/identify/one-time` | `{number, code}` | none |
 * | POST | `/touch`, `/leave` | | none |
 * | GET | `/certificates` | | `CertificateView[]` of the person |
 * | GET | `/certificates/{id}/document` | | the PDF |
 * | POST | `/print` | `{certificateId, copies}` | `PrintJobView`; changes come as `{job}` on the view's topic |
 * | | | | needs `Idempotency-Key`, as a top-up does: the same key again is the same order, another body under it is refused |
 * | GET | `/jobs/{attemptId}` | | `PrintJobView` of a job that was ordered here, for a page that may have missed a change |
 * | POST | `/jobs/{attemptId}/receipt` | | none |
 * | POST | `/jobs/{attemptId}/withdraw` | | `PrintJobView`; the person does not want to wait for it |
 * | GET | `/card`, `/card/transactions?before=` | | {@link CardView}, {@link CardTransactionView}`[]` |
 * | POST | `/card/lost` | | {@link CardView} |
 * | POST | `/card/top-ups` | `{amount}` | {@link TopUpView}; GET `/card/top-ups/{orderId}` until it has ended |
 * | POST | `/card/top-ups/{orderId}/cancel` | | {@link TopUpView} |
 * | POST | `/service/enter` | `{pin}` | none; within 30 s of a staff card at the reader |
 * | GET | `/service/devices` | | {@link ServiceDeviceView}`[]` |
 * | POST | `/service/test-page`, `/service/restart`, `/service/leave` | | none |
 * | POST | `/service/refill` | `{supply, sheets?}` | none |
 * | POST | `/service/out-of-service` | `{out, note?}` | none |
 * | GET | `/service/log` | | a text file |
 */
export interface KioskView {
  readonly id: string;
  readonly label: Label;
  /** Tiles of the first screen, in their order; the names of folders of `kiosk-app/ui/modes`. */
  readonly modes: readonly string[];
  /** `gone`: only what is in the printer goes on; the screens say so. */
  readonly hub: LinkState;
  /** `gone`: what was approved before still prints; what was approved since is not here yet. */
  readonly hall: LinkState;
  readonly outOfService?: { readonly since: EpochMs; readonly note?: string };
  readonly printer?: PrinterView;
  readonly readers: readonly {
    readonly id: string;
    readonly kind: ReaderKind;
    readonly state: OperatingState;
    readonly code?: Code;
  }[];
  readonly receipts?: { readonly id: string; readonly state: OperatingState; readonly code?: Code };
  /** Somebody is told of a printer that waits and of a print to settle; absent: the screens ask people to tell the staff. */
  readonly alerted?: true;
  /** How somebody can be recognised here now. */
  readonly ways: readonly IdentifyWay[];
  /** For ten seconds, why what was just shown made nobody known. */
  readonly notice?: { readonly code: Code };
  /** Another kiosk that prints now, the nearest first by the configuration's order; told when this one does not. */
  readonly elsewhere?: { readonly id: string; readonly label: Label };
  /** Who stands before it, masked. */
  readonly person?: {
    readonly session: string;
    readonly name: string;
    readonly way: IdentifyWay;
    readonly until: EpochMs;
  };
  /** A member of staff shows a card: `pin` is asked for, or the kiosk is theirs. */
  readonly service?: { readonly state: 'pin' | 'open'; readonly until: EpochMs };
}

export type LinkState = 'up' | 'gone';
export type ReaderKind = 'resident-id' | 'campus-card' | 'scanner';
export type IdentifyWay = 'resident-id' | 'campus-card' | 'campus-code' | 'pick-up-code' | 'one-time-code';

export interface PrinterView {
  readonly id: string;
  /** `attention`: reached, and a person must do something first; `code` says what. */
  readonly state: 'ready' | 'busy' | 'attention' | 'down';
  readonly code?: Code;
  /** The most copies that one order may be of; absent: the printer was not asked yet. */
  readonly maxCopies?: number;
  readonly paper: SupplyState;
  readonly toner: SupplyState;
}
export type SupplyState = 'ok' | 'low' | 'empty' | 'unknown';
export type Supply = 'paper' | 'toner' | 'receipt-paper';

/** A code was sent to where the person with this number is reached, if there is such a person. */
export interface OneTimeCodeView {
  readonly validUntil: EpochMs;
  readonly digits: number;
}

/** Amounts are in fen. */
export interface CardView {
  /** All but the last four digits hidden. */
  readonly cardNumber: string;
  readonly balance: number;
  /** Paid, and not yet written to the card (过渡余额). */
  readonly pending: number;
  readonly state: 'active' | 'lost' | 'frozen';
  /** What the card's system can do. */
  readonly can: readonly ('transactions' | 'report-lost' | 'top-up')[];
  /** What may be topped up, in fen. */
  readonly amounts: readonly number[];
}

export interface CardTransactionView {
  readonly id: string;
  readonly at: EpochMs;
  /** Negative: spent. */
  readonly amount: number;
  readonly balance: number;
  readonly text: Label;
}

export interface TopUpView {
  readonly orderId: string;
  readonly amount: number;
  readonly state:
    'created' | 'paying' | 'paid' | 'crediting' | 'credited' | 'credit-unknown' | 'closed' | 'refunding' | 'refunded';
  /** What the QR code on the screen holds, while it waits to be paid. */
  readonly payUrl?: string;
  readonly payUntil?: EpochMs;
}

/** For staff at the kiosk: none of it says anything about a person. */
export interface ServiceDeviceView {
  readonly id: string;
  readonly label: Label;
  readonly profile: string;
  readonly state: OperatingState;
  readonly code?: Code;
  /** The newest last; hexadecimal, and empty where a frame may hold personal data. */
  readonly frames: readonly {
    readonly at: EpochMs;
    readonly direction: 'in' | 'out' | 'discarded';
    readonly hex: string;
    readonly meaning: string;
  }[];
}
