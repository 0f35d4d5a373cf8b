import type { EpochMs, Result } from '@hallhub/sync/base';

/** A campus card's account (校园卡账户). Amounts everywhere in fen. */
export interface CardAccount {
  readonly cardId: string;
  /** As printed on the card; personal data. */
  readonly cardNumber: string;
  readonly balance: number;
  /** 过渡余额: paid, and not yet written to the card. */
  readonly pending: number;
  readonly state: 'active' | 'lost' | 'frozen';
}

export interface CardTransaction {
  readonly id: string;
  readonly at: EpochMs;
  /** Negative: spent. */
  readonly amount: number;
  /** After it. */
  readonly balance: number;
  readonly text: { readonly zh: string; readonly en: string };
}

export type CardAbility = 'transactions' | 'report-lost' | 'top-up';

/**
 * The university's campus-card system. Nothing here writes a card: that needs the vendor's keys; a top-up goes to the account and
 * waits there (空中充值) until the vendor's own machine writes it.
 *
 * Errors: `E-PAY-0101` nobody's, `E-PAY-0102` no answer (what was asked may have been done), `E-PAY-0103` not offered.
 */
export interface CardAccountPort {
  readonly can: readonly CardAbility[];
  /** By 学号 or 工号. */
  lookup(number: string): Promise<Result<CardAccount>>;
  /** Newest first, those before `before`. */
  transactions(
    cardId: string,
    options: { readonly before?: EpochMs; readonly limit: number },
  ): Promise<Result<readonly CardTransaction[]>>;
  reportLost(cardId: string): Promise<Result<CardAccount>>;
  /** Idempotent by `orderId`. Errors beside: `E-PAY-0104` refused for good; nothing was credited. */
  createTopUp(order: {
    readonly orderId: string;
    readonly cardId: string;
    readonly amount: number;
  }): Promise<Result<'credited' | 'pending'>>;
  /** `none`: no such order has arrived so far. */
  queryTopUp(orderId: string): Promise<Result<'credited' | 'pending' | 'none'>>;
}

/**
 * A payment service that shows a QR code (WeChat Native, Alipay precreate). The hub polls: it cannot be called back. Merchant keys
 * stay with this port, never on a kiosk; who paid is not asked.
 *
 * Errors: `E-PAY-0201` refused for good, `E-PAY-0202` no answer (what was asked may have been done).
 */
export interface PaymentPort {
  /** @param order.orderId 6 to 32 characters, unique for ever; @param order.title what the payer sees */
  create(order: {
    readonly orderId: string;
    readonly amount: number;
    readonly title: string;
    readonly expiresAt: EpochMs;
  }): Promise<Result<{ readonly payUrl: string }>>;
  query(orderId: string): Promise<Result<'not-paid' | 'paid' | 'closed'>>;
  /** Nobody can pay it any more, unless somebody has already. */
  close(orderId: string): Promise<Result<void>>;
  /** The whole amount back; idempotent by the order. */
  refund(orderId: string, amount: number): Promise<Result<'refunded' | 'pending'>>;
  queryRefund(orderId: string): Promise<Result<'refunded' | 'pending' | 'none'>>;
}
