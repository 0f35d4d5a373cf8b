import type { Cancel, DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import type { EventData, EventType, Kind } from '@hallhub/sync/contract';
import type { Sealer } from '@hallhub/sync/sqlite';
import type { AgentHost } from '../types.ts';
import type { ClockReading } from './contract.ts';
import type { Sheddable } from './shedding.ts';

/** A change of a part's kinds; `data` has been checked by the kind's schema. */
export interface PartChange {
  readonly op: 'upsert' | 'revoke';
  readonly kind: string;
  readonly id: string;
  readonly data: unknown;
}

/** What a station lends to the parts of domains that run in it. */
export interface PartContext {
  /** Tells the hub something that must not be lost. Joins the caller's transaction; sheds like the rest when there is no room. */
  append<E extends EventType>(
    what: Sheddable,
    event: { readonly type: E; readonly subject: string; readonly data: EventData<E> },
  ): void;
  readonly clockReading: () => ClockReading;
  /** The hub's time, best guess; undefined before it was ever heard. */
  readonly hubNow: () => EpochMs | undefined;
  /** How old the picture of the hall is that is known here, the hub's own age included; undefined when it never was whole. */
  readonly pictureAge: () => DurationMs | undefined;
  /** Whether this machine's clock can be believed: it agrees with the hub's, or it has gone on from what it last showed. */
  readonly clockTrusted: () => boolean;
  readonly connected: () => boolean;
  readonly sealer: Sealer;
}

/**
 * The part of a domain that runs beside the devices: what is projected to it, what it makes of its devices, and what the hub
 * may ask of it.
 */
export interface StationPart {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Inside the replica's transaction. */
  project(change: PartChange): Result<void> | undefined;
  /** After the commit of what was projected. */
  applied(): void;
  /** The devices are hosted; the host stays the same while they come and go. Returns what ends it. */
  attend(host: AgentHost): Cancel;
  /** Whether it deals with what this device reports: people's cards need not go up then. */
  deals(deviceId: string): boolean;
  /** A question of the hub. */
  answer(name: string, params: unknown): Result<unknown>;
}

export type CreatePart = (context: PartContext) => StationPart;
