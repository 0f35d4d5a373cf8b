import type { DeviceLog } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, DurationMs, Result } from '@hallhub/sync/base';
import { minutes, ms, seconds } from '@hallhub/sync/base';
import type { BrokerAccounts } from './accounts.ts';

/** Accounts that must go at a broker outside, each asked for again until the broker has done it. */
export interface Withdrawals {
  /** The account goes, unless it has new credentials by then. */
  withdraw(id: string): void;
  /** Puts new credentials in place. What was under way for the old ones is over before that, and is not tried again. */
  admit(id: string, put: () => Promise<Result<void>>): Promise<Result<void>>;
  /** Those that the broker may still let in. */
  pending(): readonly string[];
  stop(): void;
}

const FIRST_AGAIN = seconds(1);
const LONGEST_AGAIN = minutes(1);

/** The pause after `tries` vain attempts in a row (from 1): doubled each time, a minute at most. */
export const pauseAfter = (tries: number): DurationMs => ms(Math.min(LONGEST_AGAIN, FIRST_AGAIN * 2 ** (tries - 1)));

interface Standing {
  tries: number;
  cancel: Cancel | undefined;
}

export function createWithdrawals(deps: {
  readonly accounts: Pick<BrokerAccounts, 'remove'>;
  readonly clock: Clock;
  readonly log: Pick<DeviceLog, 'error' | 'info'>;
  /** The hub's own word, which is durable. */
  readonly isWithdrawn: (id: string) => boolean;
  readonly onChange: (id: string) => void;
}): Withdrawals {
  const { accounts, clock, log } = deps;
  const standing = new Map<string, Standing>();
  /** One at a time for each account: a removal that overtakes new credentials would take them away. */
  const turns = new Map<string, Promise<unknown>>();
  let stopped = false;

  const inTurn = <T>(id: string, act: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(id) ?? Promise.resolve()).then(act);
    const settled = turn
      .catch(() => undefined)
      .finally(() => {
        if (turns.get(id) === settled) turns.delete(id);
      });
    turns.set(id, settled);
    return turn;
  };
  const forget = (id: string): void => {
    standing.get(id)?.cancel?.();
    if (standing.delete(id)) deps.onChange(id);
  };
  const attempt = async (id: string): Promise<void> => {
    if (stopped) return;
    if (!deps.isWithdrawn(id)) {
      forget(id);
      return;
    }
    const removed = await accounts.remove(id);
    const failed = standing.get(id);
    if (removed.ok) {
      if (failed) log.info({ device: id, tries: failed.tries + 1 }, 'withdrawn credentials are gone at the broker too');
      forget(id);
      return;
    }
    const now = failed ?? { tries: 0, cancel: undefined };
    now.tries += 1;
    now.cancel?.();
    now.cancel = isStopped() ? undefined : clock.after(pauseAfter(now.tries), () => void inTurn(id, () => attempt(id)));
    if (failed) return;
    standing.set(id, now);
    log.error({ device: id, ...removed.error }, 'credentials are withdrawn here and not yet at the broker');
    deps.onChange(id);
  };
  const isStopped = (): boolean => stopped;

  return {
    withdraw: (id) => void inTurn(id, () => attempt(id)),
    admit: (id, put) =>
      inTurn(id, () => {
        forget(id);
        return put();
      }),
    pending: () => [...standing.keys()],
    stop: () => {
      stopped = true;
      for (const { cancel } of standing.values()) cancel?.();
    },
  };
}
