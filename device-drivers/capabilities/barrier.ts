import type { Cancel, DurationMs, EpochMs } from '@hallhub/sync/base';
import type { Command, Receipt } from '../kit/command.ts';

export type OpenCommand = Command<
  'open',
  {
    /** How long the release is energised. The device times it, so that no crash leaves a strike under current. */
    readonly hold: DurationMs;
    readonly direction: 'in' | 'out';
  }
>;

/** A turnstile, a door, a vehicle gate: something that lets one through and closes by itself. */
export interface Barrier {
  /**
   * Releases the barrier once. `acknowledged` means that the relay took the order; that somebody walked through is the
   * business of a {@link PassageSensor}.
   */
  open(command: OpenCommand): Promise<Receipt>;
}

export interface Passage {
  readonly direction: 'in' | 'out';
  readonly at: EpochMs;
}

/** Counts people who really went through: a turnstile's counter, a light barrier, a door contact. */
export interface PassageSensor {
  onPassage(listener: (passage: Passage) => void): Cancel;
}
