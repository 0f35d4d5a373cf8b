import { z } from 'zod';
import type { Cancel, DurationMs, EpochMs, MonoMs, Result } from '@hallhub/sync/base';
import { minutes } from '@hallhub/sync/base';
import type { Command, Confirmation, Receipt } from '../kit/command.ts';

/** Something that the device is made to do. It has an expiry, is done at most once and leaves a receipt. */
export interface CommandShape<Args extends z.ZodType = z.ZodType> {
  readonly args: Args;
  /** The ways in which it may be done, from the weakest, and what each means for this command. */
  readonly done: Partial<Readonly<Record<Confirmation, string>>>;
  /** The longest that it may take from its beginning, which is before its expiry, to its receipt; else {@link TAKES}. */
  readonly takes?: DurationMs;
}

/** How long a command may take whose capability says nothing of it. */
export const TAKES = minutes(2);

/** A question, or a step of a conversation that its caller drives; nothing here is repeated by itself. */
export interface CallShape<Args extends z.ZodTuple = z.ZodTuple, Value extends z.ZodType = z.ZodType> {
  readonly args: Args;
  readonly result: Value;
}

/** What the device reports by itself. */
export interface EventShape<Data extends z.ZodType = z.ZodType> {
  readonly data: Data;
  /** Says something about a person: never logged, never shown to an operator as it is. */
  readonly personal?: true;
  /** Only the newest matters, and soon not even that: it is not kept for a hub that cannot be reached. */
  readonly transient?: true;
}

/** One capability, declared once: its types, its checks at every border and its messages on the bus follow from this. */
export interface CapabilityShape {
  readonly commands: Readonly<Record<string, CommandShape>>;
  readonly calls: Readonly<Record<string, CallShape>>;
  readonly events: Readonly<Record<string, EventShape>>;
}

type EventName<Name extends string> = `on${Capitalize<Name>}`;

/** What a driver implements for a shape: a method for each command and call, an `on…` for each event. */
export type CapabilityOf<S extends CapabilityShape> = {
  readonly [K in keyof S['commands'] & string]: (command: CommandOf<S, K>) => Promise<Receipt>;
} & {
  readonly [K in keyof S['calls'] & string]: (
    ...args: z.output<S['calls'][K]['args']>
  ) => Promise<Result<z.output<S['calls'][K]['result']>>>;
} & {
  readonly [K in keyof S['events'] & string as EventName<K>]: (
    listener: (event: z.output<S['events'][K]['data']>) => void,
  ) => Cancel;
};

export type CommandOf<S extends CapabilityShape, K extends keyof S['commands'] & string> = Command<
  K,
  z.output<S['commands'][K]['args']>
>;

// eslint-disable-next-line @typescript-eslint/no-empty-object-type, @typescript-eslint/consistent-type-definitions -- no commands, no calls or no events; an interface would lack the index signature
type None = {};

/** The declaration as it stands, with its types kept narrow. What a capability has none of may be left out. */
export function defineCapability<
  const Commands extends Readonly<Record<string, CommandShape>> = None,
  const Calls extends Readonly<Record<string, CallShape>> = None,
  const Events extends Readonly<Record<string, EventShape>> = None,
>(shape: {
  readonly commands?: Commands;
  readonly calls?: Calls;
  readonly events?: Events;
}): { readonly commands: Commands; readonly calls: Calls; readonly events: Events } {
  return {
    commands: shape.commands ?? ({} as Commands),
    calls: shape.calls ?? ({} as Calls),
    events: shape.events ?? ({} as Events),
  };
}

/** `card` is heard by `onCard`. */
export const listenerName = (event: string): string => `on${event.charAt(0).toUpperCase()}${event.slice(1)}`;

// The branded units of the product as schemas. The casts are where a checked number becomes one of them.
export const instant = z.number().describe('Milliseconds since 1970-01-01T00:00Z') as unknown as z.ZodType<EpochMs>;
export const monotonic = z
  .number()
  .describe("Milliseconds of the receiver's monotonic clock") as unknown as z.ZodType<MonoMs>;
export const duration = z.number().nonnegative().describe('Milliseconds') as unknown as z.ZodType<DurationMs>;
export const bytes = z.instanceof(Uint8Array) as unknown as z.ZodType<Uint8Array>;
export const code = z.templateLiteral(['E-', z.string(), '-', z.number()]);

/** For a command that needs nothing but its name. */
export const nothing = z.strictObject({});
