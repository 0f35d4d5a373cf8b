import type { DurationMs, EpochMs, Failure, MonoMs, Result } from '@hallhub/sync/base';
import type { CapabilityMap } from '../../capabilities/index.ts';
import type { Command, CommandLedger, DriverEnvironment, ListenerError } from '../../kit/index.ts';
import type { ModbusBus } from './bus.ts';
import type { UnitParams } from './params.ts';

export interface Moment {
  readonly mono: MonoMs;
  readonly at: EpochMs;
}

/** Discrete inputs that a feature watches. They are read together with those of the others. */
export interface InputWatch {
  readonly first: number;
  readonly count: number;
  /** `closed` by the input's number. True: something may have changed, and is believed if it is still so after its debounce. */
  take(closed: (input: number) => boolean, moment: Moment): boolean;
}

/** Something that is read again and again. What was read counts only if the line still lives: then `apply` is called. */
export interface Poll {
  readonly every: DurationMs;
  /** `apply` may say after how long it wants to be read again, where that is sooner. */
  read(): Promise<Result<{ readonly apply: () => DurationMs | undefined }>>;
}

/** One thing that a unit can do. */
export interface Feature {
  readonly capabilities: Partial<CapabilityMap>;
  readonly inputs?: InputWatch;
  readonly polls?: readonly Poll[];
  /** The unit or its line was away, and why, if that is known: what is read next is where things stand, not what happened. */
  forget?(because?: Failure): void;
  /** Ends what it waits for. */
  stop?(): void;
}

export interface FeatureContext extends Pick<DriverEnvironment, 'clock'> {
  readonly deviceId: string;
  readonly bus: ModbusBus;
  readonly params: UnitParams;
  readonly ledger: CommandLedger;
  readonly onListenerError: ListenerError;
  /** Settles when the unit's first answer of this life was awaited: an order may be faster than that. */
  readonly greeted: () => Promise<void>;
}

/** A receipt for a command that the unit took. */
export const receipt = (
  { id: commandId }: Command,
  confirmation: 'acknowledged' | 'observed',
  at: EpochMs,
): { readonly ok: true; readonly value: { commandId: string; confirmation: typeof confirmation; at: EpochMs } } => ({
  ok: true,
  value: { commandId, confirmation, at },
});
