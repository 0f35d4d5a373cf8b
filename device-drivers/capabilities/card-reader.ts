import type { Cancel, EpochMs, MonoMs } from '@hallhub/sync/base';

/** The layouts of a resident ID card's text block (GA/T 490 and the residence-permit forms). */
export type ResidentCardLayout = 'resident' | 'hk-mo-tw' | 'foreign-2017' | 'foreign-2023';

/** What the chip of a resident ID card says about its holder. Personal data: never logged, never stored as it is. */
export interface ResidentCard {
  readonly layout: ResidentCardLayout;
  /** 15 or 18 characters, upper case. */
  readonly number: string;
  readonly name: string;
  readonly sex: string;
  /** YYYYMMDD. */
  readonly birth: string;
  /** YYYYMMDD. */
  readonly validFrom: string;
  /** YYYYMMDD; undefined for a card without expiry (长期). */
  readonly validTo?: string;
  readonly fields: Readonly<Record<string, string>>;
}

export type Presented =
  { readonly type: 'resident-id'; readonly card: ResidentCard } | { readonly type: 'uid'; readonly uid: string };

/** One card held to the reader once, however long it lay there. */
export interface CardRead {
  readonly presented: Presented;
  readonly at: EpochMs;
  /** When the last byte of the card's data arrived; the start of every latency that matters at a gate. */
  readonly lastByteAt: MonoMs;
}

/** A reader of cards. Nothing is ever asked of it: it reports. */
export interface CardReader {
  onCard(listener: (read: CardRead) => void): Cancel;
  /** A card was there and could not be read; `code` says why (`E-CARD-…`). The person should try again. */
  onUnreadable(listener: (event: { readonly code: `E-${string}-${number}`; readonly at: EpochMs }) => void): Cancel;
}
