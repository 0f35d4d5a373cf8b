import type { EpochMs, Failure, MonoMs, Result } from '@hallhub/sync/base';

/**
 * What the hub wants of a device, at the latest by when. There is no command without an expiry: a late "open" must never
 * fire, whichever queue it slept in.
 */
export interface Command<Name extends string = string, Args = unknown> {
  /** UUIDv7; the device side does nothing for an id that it has seen. */
  readonly id: string;
  readonly name: Name;
  readonly args: Args;
  readonly issuedAt: EpochMs;
  readonly expiresAt: EpochMs;
  /** Who asked: a pass, a member of staff, a schedule. For the audit, not for people at the door. */
  readonly issuedBy: string;
}

/**
 * How sure we are that the device did it. `acknowledged`: the device said that it took the order. `observed`: a sensor or
 * the device's own state shows the effect. `unconfirmed`: the bytes left, and this device can never say more.
 */
export type Confirmation = 'acknowledged' | 'observed' | 'unconfirmed';

/**
 * Errors. Nothing was done: `E-DEV-0102` line not open, `E-DEV-0201` expired, `E-DEV-0203` refused, `E-DEV-0205` too many
 * wait. Not known: `E-DEV-0103` the line broke, `E-DEV-0202` no answer, `E-DEV-0204` nonsense, `E-DEV-0206` interrupted after
 * the bytes had left, `E-DEV-0208` taken, and the device shows otherwise.
 */
export type Receipt = Result<{ readonly commandId: string; readonly confirmation: Confirmation; readonly at: EpochMs }>;

/** Whether the command may still have an effect at `now`. */
export function isLive(command: Command, now: EpochMs): boolean {
  return command.issuedAt <= command.expiresAt && now < command.expiresAt;
}

/** Whose bytes these are, and until when they may leave: at `until` the command has expired. */
export interface OrderLife {
  readonly commandId: string;
  /** By the clock that all threads of the process share. */
  readonly until: MonoMs;
}

/** Asked right before the bytes of an order leave: why they may not. */
export interface Veto {
  (): Failure | undefined;
  /** For whoever carries the bytes further, and may be late itself. */
  readonly order?: OrderLife;
}
