import { type Clock, type Failure, type MonoMs, failure } from '@hallhub/sync/base';
import { type Command, type Receipt, type Veto, isLive } from './command.ts';

/** Remembers which commands were seen, so that a repeated one does nothing, and refuses those that came too late. */
export interface CommandLedger {
  /**
   * Runs `execute` for a command that is live and new. A repeated id gets the receipt of the first time. `veto` is to be
   * asked again right before the bytes leave.
   */
  run(command: Command, execute: (veto: Veto) => Promise<Receipt>): Promise<Receipt>;
}

/** More ids than this are kept only while their commands are live. */
const KEPT = 1_024;

export function createCommandLedger({ clock }: { readonly clock: Clock }): CommandLedger {
  const seen = new Map<string, { readonly command: Command; readonly receipt: Promise<Receipt> }>();

  const forget = (): void => {
    for (const [id, { command }] of seen) {
      if (seen.size <= KEPT || isLive(command, clock.now())) return;
      seen.delete(id);
    }
  };

  return {
    run: (command, execute) => {
      const before = seen.get(command.id);
      if (before) return before.receipt;
      const now = clock.now();
      const expired: Failure = { code: 'E-DEV-0201', detail: `command ${command.id}` };
      if (!isLive(command, now)) return Promise.resolve(failure(expired.code, expired.detail));
      // The wall clock may be set back while the command waits; the monotonic one cannot.
      const until = (clock.monotonic() + (command.expiresAt - now)) as MonoMs;
      const veto = (): Failure | undefined =>
        isLive(command, clock.now()) && clock.monotonic() < until ? undefined : expired;
      const receipt = execute(Object.assign(veto, { order: { commandId: command.id, until } }));
      seen.set(command.id, { command, receipt });
      forget();
      return receipt;
    },
  };
}
