import type { KnownProtocol } from '@hallhub/device-drivers/agent';
import type { TransportFactory } from '@hallhub/device-drivers/kit';
import type { Clock, RandomBytes } from '@hallhub/sync/base';
import type { Logger } from 'pino';
import type { CardAccountPort, PaymentPort } from './cards/index.ts';
import type { SignerSource } from './certificates/index.ts';
import type { Config } from './config/index.ts';

/** What a hub is made from. */
export interface HubOptions {
  readonly config: Config;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: RandomBytes;
  readonly demo?: boolean;
  /** Lines other than serial and TCP: the demo's in-memory ones. */
  readonly transports?: TransportFactory;
  readonly protocols?: readonly KnownProtocol[];
  /** The university's campus-card system and the payment service for top-ups; absent: kiosks know nothing of cards. */
  readonly campusCards?: { readonly accounts: CardAccountPort; readonly payments: PaymentPort };
  /** In place of the configured one: the demo's specimen key. */
  readonly signer?: SignerSource;
}
