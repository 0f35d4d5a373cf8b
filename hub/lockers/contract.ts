import type { CASE_KINDS } from './custody/link.ts';

/*
 * What pages get from the lockers, types only. Instants are milliseconds since 1970.
 *
 *   public   GET  /api/lockers/track/:code                                    TrackView
 *            POST /peers/custody/links                                        between hubs (peers/contract.ts)
 *   courier, operator (`auditor` reads). Orders carry `Idempotency-Key`; a page that was off line sends the key that it gave then,
 *   and `doneAt`: an order that comes twice, or hours later, is done once.
 *            GET  /api/lockers/desk                                           DeskView      the sorting desk
 *            GET  /api/lockers/runs                                           RunView[]     of today
 *            POST /api/lockers/runs/:id            {bus, driver}              RunView
 *            GET  /api/lockers/journeys                                       JourneyView[]
 *            GET  /api/lockers/journeys/:manifest                             ManifestView  with the text of its QR code
 *            POST /api/lockers/scans               Scan                       ScanAnswer    one thing that was scanned and done
 *            POST /api/lockers/scans/batch         {scans: {key, scan}[]}     BatchAnswer[]  what a page did off line, in its order
 *            GET  /api/lockers/items/:id                                      ItemView      with its whole history
 *            GET  /api/lockers/items/:id/proof                                the signed links themselves
 *            POST /api/lockers/deliveries          {sender, recipient, to, size}  ItemView  at the counter, without a request
 *            GET  /api/lockers/cases?closed=                                  CaseView[]
 *            POST /api/lockers/cases/:id/close     {reason, lost}             CaseView
 *            GET  /api/lockers/retention                                      RetentionView[]
 *            POST /api/lockers/items/:id/prolong   {days}                     204
 *            POST /api/lockers/items/:id/code                                 {code}        a new one, for somebody who lost it
 *   operator GET  /api/lockers/cabinets                                       CabinetView[]
 *            GET  /api/lockers/cabinets/:id/doors/:compartment                DoorHistory[]
 *            POST /api/lockers/cabinets/:id/doors/:compartment  {what}        204           what staff did at a door
 *            POST /api/lockers/cabinets/:id/check                             CheckView
 *            GET  /api/lockers/checks/:id                                     CheckView
 *            POST /api/lockers/checks/:id/doors/:compartment  {found, item?}  CheckView
 *            POST /api/lockers/checks/:id/end                                 CheckView
 *            GET  /api/lockers/cabinets/:id/batches                           BatchView[]
 *            POST /api/lockers/batches/:id/close                              BatchView
 *            POST /api/lockers/batches/:id/count   {forms}                    BatchView
 *            GET  /api/lockers/runs/:id/code?box=&stop=                       {code, from, to}
 *            GET  /api/lockers/verify                                         {links}        the whole chain, walked
 *            POST /api/lockers/cabinets/:id/forms  {form, type, at?}          204
 *            POST /api/lockers/forms/:id/give-back                            204
 *            GET  /api/lockers/key, GET /api/lockers/peers                    KeyView, PeerView[]
 *
 * Live topic `lockers` (courier, operator, auditor): something changed, read again.
 */

export type CaseKind = (typeof CASE_KINDS)[number];

export interface Named {
  readonly zh: string;
  readonly en: string;
}

export type PlaceView =
  | { readonly at: 'compartment'; readonly cabinet: string; readonly compartment: string }
  | { readonly at: 'bin'; readonly cabinet: string }
  | { readonly at: 'desk' }
  | { readonly at: 'bag'; readonly bag: string };

export type CustodianView =
  | { readonly is: 'hub'; readonly hub: string }
  | { readonly is: 'run'; readonly run: string; readonly dueAt: number }
  | { readonly is: 'person'; readonly to: 'recipient' | 'delegate' | 'sender' | 'desk' }
  | { readonly is: 'nobody'; readonly case: string };

/** One link of the history of a consignment. */
export interface StepView {
  /** hub/incarnation/number. */
  readonly link: string;
  readonly hash: string;
  readonly hub: string;
  readonly at: number;
  /** When it was done, where it was heard of later. */
  readonly doneAt?: number;
  readonly did: string;
  readonly by: string;
  readonly witness?: string;
  readonly photo?: string;
  readonly epoch: number;
  /** It changed nothing: a stronger claim is known. */
  readonly refused: boolean;
}

export interface ItemView {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly size: 'small' | 'medium' | 'large';
  readonly custodian?: CustodianView;
  readonly epoch: number;
  readonly place?: PlaceView;
  readonly ready: boolean;
  readonly returning?: string;
  readonly since?: number;
  readonly expiresAt?: number;
  /** For staff alone, masked. */
  readonly recipient?: string;
  readonly openCases: readonly string[];
  readonly history: readonly StepView[];
  /** With which everybody may follow it; for the receipt. */
  readonly tracking?: string;
}

/** Without anybody's name. */
export interface TrackView {
  readonly state: 'with-us' | 'under-way' | 'ready' | 'collected' | 'going-back' | 'being-looked-into' | 'lost';
  readonly from: string;
  readonly to: string;
  readonly expiresAt?: number;
  readonly steps: readonly { readonly at: number; readonly hub: string; readonly did: string }[];
}

export interface DeskItem {
  readonly id: string;
  readonly to: string;
  readonly place: PlaceView;
  readonly since: number;
  readonly returning: boolean;
  readonly blocked: boolean;
}

export interface DeskView {
  readonly me: string;
  /** What this hub holds and does not lie ready: by where it goes. */
  readonly items: readonly DeskItem[];
  readonly bags: readonly BagView[];
  readonly hubs: readonly { readonly id: string; readonly label: Named }[];
}

export interface BagView {
  readonly bag: string;
  readonly is: 'open' | 'sealed' | 'boxed' | 'arrived';
  readonly seal?: string;
  readonly to?: string;
  readonly manifest?: string;
  readonly items: readonly string[];
}

export interface RunView {
  readonly id: string;
  readonly label: Named;
  readonly to: string;
  readonly bus: string | null;
  readonly driver: string | null;
  readonly departsAt: number;
  readonly arrivesAt: number;
  readonly capacity: number;
}

export interface JourneyView {
  readonly manifest: string;
  readonly run: string;
  readonly box: string;
  readonly from: string;
  readonly to: string;
  readonly stage: 'sealed' | 'void' | 'under-way' | 'arrived';
  readonly dueAt: number | null;
  readonly overdue: boolean;
}

export interface ManifestView extends JourneyView {
  readonly seal: string;
  readonly bags: readonly {
    readonly bag: string;
    readonly seal: string;
    readonly items: readonly string[];
    readonly counted: boolean;
  }[];
  /** Goes with the box, as a QR code or on the courier's telephone: whoever has it can take the box without any line. */
  readonly text: string;
}

/** What somebody did with a scanner in their hand. */
export type Scan = {
  /** Beside the one who is logged in: who stood by when a seal was opened. */
  readonly witness?: { readonly login: string; readonly password: string };
  readonly photo?: string;
  readonly doneAt?: number;
} & (
  | { readonly do: 'place'; readonly item: string; readonly place: PlaceView; readonly ready: boolean }
  | { readonly do: 'hand-over'; readonly item: string; readonly to: 'recipient' | 'delegate' | 'sender' | 'desk' }
  | { readonly do: 'drop-off'; readonly item: string }
  | {
      readonly do: 'send-back';
      readonly item: string;
      readonly why: 'rejected' | 'refused' | 'withdrawn';
      readonly note?: string;
    }
  | { readonly do: 'find'; readonly item: string }
  | { readonly do: 'seal-bag'; readonly bag: string; readonly seal: string; readonly items: readonly string[] }
  | { readonly do: 'unseal-bag'; readonly bag: string; readonly seal: string; readonly reason: string }
  | {
      readonly do: 'seal-box';
      readonly run: string;
      readonly box: string;
      readonly seal: string;
      readonly bags: readonly { readonly bag: string; readonly seal: string }[];
    }
  | { readonly do: 'unseal-box'; readonly manifest: string; readonly reason: string }
  | {
      readonly do: 'depart';
      readonly manifest: string;
      readonly seal: string;
      readonly bags: readonly { readonly bag: string; readonly seal: string }[];
    }
  | {
      /** `manifest`: its name, where this hub has heard of it; else what the QR code holds. */
      readonly do: 'arrive';
      readonly manifest: string;
      readonly seal: string;
      readonly bags: readonly { readonly bag: string; readonly seal: string }[];
    }
  | {
      readonly do: 'count';
      readonly manifest: string;
      readonly bag: string;
      readonly seal: string;
      readonly items: readonly string[];
      readonly damaged: readonly string[];
    }
  | {
      readonly do: 'open-case';
      readonly kind: 'damaged' | 'over' | 'short';
      readonly items: readonly string[];
      readonly note: string;
    }
);

export interface ScanAnswer {
  /** hub/incarnation/number of the link that it became. */
  readonly link: string;
  /** Of a box that was sealed. */
  readonly manifest?: string;
  readonly text?: string;
  /** What it brought to light. */
  readonly cases: readonly CaseView[];
}

/** In the order of the scans; `code`: this one was refused, and those after it were tried all the same. */
export type BatchAnswer =
  | { readonly key: string; readonly answer: ScanAnswer }
  | { readonly key: string; readonly code: string; readonly detail?: string };

export interface CaseView {
  readonly id: string;
  readonly kind: CaseKind;
  readonly hub: string;
  readonly openedAt: number;
  readonly openedBy: string;
  readonly items: readonly string[];
  readonly manifest?: string;
  readonly bag?: string;
  readonly read?: string;
  readonly note?: string;
  readonly closed?: { readonly at: number; readonly by: string; readonly hub: string; readonly reason: string };
}

export interface RetentionView {
  readonly id: string;
  readonly readySince: number;
  readonly expiresAt: number;
  readonly expired: boolean;
  readonly returning: boolean;
  readonly reminded: number;
  readonly place?: PlaceView;
}

export interface DoorView {
  readonly compartment: string;
  readonly size: 'small' | 'medium' | 'large';
  readonly state: 'free' | 'reserved' | 'occupied' | 'out-of-use';
  readonly item?: string;
  readonly why?: string;
}

export interface CabinetView {
  readonly id: string;
  readonly label: Named;
  readonly kind: 'doors' | 'slot' | 'forms';
  readonly doors: readonly DoorView[];
}

export interface DoorHistory {
  readonly at: number;
  readonly what: string;
  readonly item: string | null;
  readonly by: string | null;
}

export interface CheckView {
  readonly id: string;
  readonly cabinet: string;
  readonly begunAt: number;
  readonly by: string;
  readonly endedAt: number | null;
  readonly doors: readonly {
    readonly compartment: string;
    readonly expected: string | null;
    readonly found: 'empty' | 'expected' | 'other' | 'stuck' | null;
    readonly item: string | null;
    readonly at: number | null;
  }[];
}

export interface BatchView {
  readonly id: string;
  readonly cabinet: string;
  readonly begunAt: number;
  readonly endedAt: number | null;
  readonly manifest: string | null;
  readonly counted: number | null;
  readonly forms: readonly {
    readonly form: string;
    readonly type: string;
    readonly at: number;
    readonly outcome: string | null;
  }[];
}

export interface KeyView {
  readonly hub: string;
  readonly keyId: string;
  /** For the `lockers.peers` of the other hubs. */
  readonly publicKey: string;
}

export interface PeerView {
  readonly hub: string;
  readonly label: Named;
  readonly heardAt: number | null;
  readonly trouble?: string;
}
