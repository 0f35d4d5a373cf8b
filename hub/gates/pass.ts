import type { EpochMs } from '@hallhub/sync/base';
import type { DayKind } from '../calendar/index.ts';

export type Direction = 'in' | 'out';

/** A window that comes back, in minutes since midnight, campus time. `until` is exclusive; `until` <= `from` runs over midnight. */
export interface Window {
  /** ISO 8601 weekdays; absent: every day. */
  readonly weekdays?: readonly number[];
  /** Only on such days; absent: on all. */
  readonly on?: DayKind;
  readonly from: number;
  readonly until: number;
}

/** What a holder may do beyond coming in. */
export type Privilege = 'escort' | 'lead' | 'override';

/** What an approval says that a decision weighs; everything in it is data of the request. */
export interface Terms {
  /** Gate and area ids; empty: every gate of the campus. */
  readonly places: readonly string[];
  /** Only this way; absent: both. */
  readonly direction?: Direction;
  /** Empty: at any hour of the validity. */
  readonly windows: readonly Window[];
  /** How often its holder may come in. */
  readonly uses?: { readonly max: number; readonly per: 'request' | 'day' };
  /** Only so many in this slot of an event, all bookings together. */
  readonly slot?: { readonly id: string; readonly capacity: number };
  /** Of all passes of its request only one may be inside (several cars, one permit). */
  readonly oneInside: boolean;
  /** How many come in on this person's document without one of their own. */
  readonly companions: number;
  /** Comes in only together with somebody who may escort. */
  readonly escorted: boolean;
  readonly may: readonly Privilege[];
  /** Keyed hashes (hex) of whom else a deny list may name to shut this out, such as the driver of a car; absent: nobody. */
  readonly behind?: readonly string[];
  /** Hex of those of its credentials that are shown by somebody who is forced to; absent: none. */
  readonly duress?: readonly string[];
}

/** One subject's right (or, from a deny list, the opposite) to pass gates. Every kind of request becomes these. */
export interface Pass extends Terms {
  /** `<request>#<index>`. */
  readonly id: string;
  readonly requestId: string;
  /** Which of the request's people or plates this is for. */
  readonly person: number;
  readonly kind: string;
  readonly effect: 'admit' | 'deny';
  /** Whose: keyed hashes (hex) under which this person or vehicle is known; the first names them, a block on any holds. */
  readonly identities: readonly [string, ...string[]];
  /** On whose account uses are counted: the pass, or the whole request. */
  readonly account: string;
  readonly validFrom: EpochMs;
  /** Exclusive. */
  readonly validUntil: EpochMs;
  readonly revoked: boolean;
}

/** Whether two passes may be one person's: whoever is known by several things is not two people. */
export const isSamePerson = (one: Pick<Pass, 'identities'>, other: Pick<Pass, 'identities'>): boolean =>
  one.identities.some((identity) => other.identities.includes(identity));

export const subjectOf = (pass: Pick<Pass, 'identities'>): string => pass.identities[0];

/** Nothing special: what most approvals say beside where and when. */
export const plainTerms: Omit<Terms, 'behind' | 'duress'> = {
  places: [],
  windows: [],
  oneInside: false,
  companions: 0,
  escorted: false,
  may: [],
};
