import { clockReading } from '@hallhub/device-drivers/agent/station';
import { defineKind, instant } from '@hallhub/sync/contract';
import type { EventType } from '@hallhub/sync/contract';
import { z } from 'zod';

/*
 * What a hub tells the agent beside a cabinet, what that agent tells it, and what it may be asked. Nothing here names a person:
 * codes and cards travel as hashes under the agent's own key, and who they belong to is the hub's to know.
 */

const id = z.string().min(1).max(160);
const cabinetId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
/** As it stands on the door. */
const compartmentId = z.string().regex(/^[A-Z0-9][A-Z0-9-]{0,15}$/);
const hash = z.string().regex(/^[0-9a-f]{32}$/);
const size = z.enum(['small', 'medium', 'large']);
export type Size = z.output<typeof size>;
/** From the smallest. */
export const SIZES: readonly Size[] = size.options;

const cabinetWire = z
  .object({
    id: cabinetId,
    label: z.object({ zh: z.string(), en: z.string() }),
    compartments: z
      .array(
        z.object({
          id: compartmentId,
          size,
          device: cabinetId.meta({ description: 'The lock board behind it' }),
          lock: z.int().min(1).max(500).meta({ description: 'Its number on that board' }),
          contacts: z.boolean().default(true).meta({ description: 'Its board says how the door stands' }),
          items: z.boolean().default(false).meta({ description: 'A sensor says whether something is inside' }),
        }),
      )
      .max(500),
  })
  .meta({ id: 'EdgeCabinet' });
/** A cabinet of compartments that hangs on the agent, from the configuration. */
export type EdgeCabinet = z.output<typeof cabinetWire>;

const credential = z.object({
  kind: z
    .enum(['locker-code', 'resident-id', 'uid'])
    .meta({ description: 'A code that was told or shown as QR, a resident ID, a campus card' }),
  hash: hash.meta({ description: 'HMAC-SHA-256/128 under the key of this agent' }),
});
export type CredentialKind = z.output<typeof credential>['kind'];

const passWire = z
  .object({
    id,
    cabinet: cabinetId,
    purpose: z.enum(['deposit', 'collect', 'return']).meta({
      description: 'Put in; take out as the recipient; take out what is given back to the sender',
    }),
    item: id.meta({ description: 'The consignment' }),
    size,
    compartment: compartmentId.exactOptional().meta({ description: 'Where it lies; absent: any that is free' }),
    credentials: z.array(credential).min(1).max(8),
    validFrom: z.number().meta({ description: 'Milliseconds since 1970-01-01T00:00Z' }),
    validTo: z.number().meta({ description: 'Exclusive' }),
  })
  .meta({ id: 'EdgeLockerPass' });
/** Somebody may open a compartment for one consignment, once. */
export type LockerPass = z.output<typeof passWire>;

const heldWire = z
  .object({ cabinet: cabinetId, compartment: compartmentId, why: z.string().max(64) })
  .meta({ id: 'EdgeLockerHold', description: 'The hub keeps this compartment out of use' });
export type LockerHold = z.output<typeof heldWire>;

const contentWire = z
  .object({ cabinet: cabinetId, compartment: compartmentId, item: id })
  .meta({ id: 'EdgeLockerContent', description: 'What lies there by what the hub knows: for an agent that is new' });
export type LockerContent = z.output<typeof contentWire>;

const kind = <const K extends string, S extends z.ZodType>(name: K, schema: S) =>
  defineKind<K, z.output<S>>({ kind: name, major: 1, schemaVersion: '1.0', schema: schema as z.ZodType<z.output<S>> });

/** What is projected to the agents of cabinets; ids are `<kind>/<what it says below>`. */
export const cabinetKinds = [
  // cabinet
  kind('locker-cabinet', cabinetWire),
  // pass
  kind('locker-pass', passWire),
  // cabinet/compartment
  kind('locker-hold', heldWire),
  kind('locker-content', contentWire),
] as const;

const event = <const T extends string, S extends z.ZodObject>(type: T, schema: S): EventType<T, S> => ({
  type,
  direction: 'outcome',
  schema,
});
const told = {
  at: instant,
  /** By it the hub reads `at` in its own time. */
  clock: clockReading,
  id: id.meta({ description: 'Names it for ever: the same id is the same event' }),
  compartment: compartmentId,
};
const by = z.enum(['locker-code', 'resident-id', 'uid', 'staff']);

/** An order came to its end. The subject is the cabinet. */
export const lockerEnded = event(
  'hallhub.locker.ended.v1',
  z
    .object({
      ...told,
      order: id,
      purpose: z.enum(['deposit', 'collect', 'return', 'service']),
      passId: id.exactOptional(),
      item: id.exactOptional(),
      by,
      outcome: z.enum([
        ...(['stored', 'collected', 'served'] as const),
        ...(['not-opened', 'refused', 'cancelled', 'unclear', 'interrupted'] as const),
      ]),
      sure: z.boolean().meta({ description: 'A sensor bore it out; else whoever stood there said so, or nobody' }),
    })
    .meta({ id: 'LockerEnded' }),
);
/** Something about a door beside the ends of orders. The subject is the cabinet. */
export const lockerDoor = event(
  'hallhub.locker.door.v1',
  z
    .object({
      ...told,
      what: z.enum([...(['opened', 'reminded', 'not-closed', 'opened-without-order', 'held', 'checked'] as const)]),
      order: id.exactOptional(),
      why: z
        .enum(['did-not-open', 'found-open', 'opened-without-order', 'cancelled', 'unclear', 'not-closed'])
        .exactOptional(),
      sure: z.boolean().exactOptional(),
    })
    .meta({ id: 'LockerDoor' }),
);
/** Wrong codes at a cabinet, so many that nobody is listened to for a while. The subject is the cabinet. */
export const lockerGuessed = event(
  'hallhub.locker.guessed.v1',
  z.object({ at: instant, clock: clockReading, id, wrong: z.int().min(1) }).meta({ id: 'LockerGuessed' }),
);

export const cabinetEventTypes = [lockerEnded, lockerDoor, lockerGuessed] as const;

/** `open`: staff open a door at the cabinet, from the console or the sorting desk. `expiresAt` is by the hub's time. */
export const openParams = z.object({
  cabinet: cabinetId,
  compartment: compartmentId,
  order: id,
  expiresAt: z.number(),
});
/** `checked`: staff have looked; the compartment is shut, and empty but for `item`. */
export const checkedParams = z.object({
  cabinet: cabinetId,
  compartment: compartmentId,
  item: id.nullable(),
  expiresAt: z.number(),
});
/** `show`: the doors of a cabinet as its agent sees them. */
export const showParams = z.object({ cabinet: cabinetId });

/** A door as it stands; for operators, and for what a terminal says is free. */
export interface DoorView {
  readonly compartment: string;
  readonly size: Size;
  readonly stage: 'unread' | 'resting' | 'opening' | 'open' | 'asking';
  /** As last read; absent where its board does not say. */
  readonly open?: boolean;
  readonly occupied?: boolean;
  /** Why nobody is given it until staff have looked. */
  readonly hold?: string;
  readonly item?: string;
  /** Whether somebody may be given it now. */
  readonly free: boolean;
}
