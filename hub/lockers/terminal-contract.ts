import type { Size } from './cabinet-contract.ts';

export type { Size };

/*
 * What the screen at a cabinet asks of the agent beside it, whether the hub can be reached or not. JSON over HTTP, at
 * `/api/kiosks/<kiosk>/locker`; a problem (RFC 9457) has a code `E-LOCK-01nn`, or `E-KIOSK-0301` where only the hub could answer.
 *
 *   GET                                                              LockerView
 *   POST /present       {code}                                       Presented   a code that was typed
 *   POST /listen                                                     Presented   a card or a QR code at this terminal's readers; 204 when
 *                                                                                nothing was shown within 20 s
 *   POST /begin         {session, pass, size?}                       LockerOrderView   the same again is the same order
 *   GET  /orders/<id>?session=                                       LockerOrderView
 *   POST /orders/<id>   {session, answer: done | cancel | again}     LockerOrderView
 *   POST /end           {session}                                    204   the person has left
 */

export interface LockerView {
  readonly id: string;
  readonly label: { readonly zh: string; readonly en: string };
  /** How many doors of each size may be given to somebody now. */
  readonly free: Readonly<Record<Size, number>>;
  /** At least one of its lock boards answers. */
  readonly working: boolean;
  /** Where and when else something can be dropped off, as the hub said last; shown when nothing is free. */
  readonly elsewhere?: { readonly zh: string; readonly en: string };
}

/** Somebody has shown what opens something here. */
export interface Presented {
  /** For two minutes after it was last used. */
  readonly session: string;
  readonly passes: readonly LockerPassView[];
}

export interface LockerPassView {
  readonly id: string;
  readonly purpose: 'deposit' | 'collect' | 'return';
  readonly size: Size;
  /** Where it lies; absent for a deposit. */
  readonly compartment?: string;
}

export type LockerAnswer = 'done' | 'cancel' | 'again';

export interface LockerOrderView {
  readonly id: string;
  readonly purpose: 'deposit' | 'collect' | 'return' | 'service';
  /** As it stands on the door. */
  readonly compartment: string;
  readonly state: 'opening' | 'open' | 'asking' | 'ended';
  /** It stands open for so long that whoever is there is reminded to shut it. */
  readonly shutIt: boolean;
  /** While `asking`: whether the door may be opened once more, and until when the answer counts. */
  readonly mayReopen?: boolean;
  readonly askedUntil?: number;
  /** Once it has ended. */
  readonly outcome?:
    'stored' | 'collected' | 'served' | 'not-opened' | 'refused' | 'cancelled' | 'unclear' | 'interrupted';
  /** A sensor bore it out. */
  readonly sure?: boolean;
  /** Another door is opened in its place: follow this order. */
  readonly next?: string;
}
