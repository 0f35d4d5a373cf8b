import type { Result } from '@hallhub/sync/base';
import type { TopicRights } from './rights.ts';

/**
 * Who may log in at a broker outside. The hub decides, the broker enforces: after `put` the password works and no earlier
 * one, after `remove` nobody is connected under that name any more. Both may be repeated.
 *
 * Errors: `E-DEV-0411` the broker cannot be reached, `E-DEV-0412` it refused.
 */
export interface BrokerAccounts {
  /** By default with the rights of a device that speaks the hub's own contract. `id` is of the configuration's shape. */
  /** Begins to talk to the broker; before that, everything fails with `E-DEV-0411`. */
  open(): void;
  put(id: string, password: string, rights?: TopicRights): Promise<Result<void>>;
  remove(id: string): Promise<Result<void>>;
  close(): Promise<void>;
}
