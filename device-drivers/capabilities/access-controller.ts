import { z } from 'zod';
import { type CapabilityOf, bytes, defineCapability, instant, nothing } from './declare.ts';

/** Bytes of a picture that goes on: in base64 it still fits into one message of an agent. */
export const LONGEST_PICTURE = 172 * 1_024;

/** How the device itself names somebody: letters, digits and `-_.`, as terminals take them. */
const personId = z.string().regex(/^[\w.-]{1,64}$/);

/** Upper-case hex of a card's UID, UID0 first. */
const cardUid = z.string().regex(/^(?:[0-9A-F]{2}){1,10}$/);

/** Somebody whom the device lets through by itself, from `validFrom` until `validTo` (exclusive). */
const person = z.object({ personId, cards: z.array(cardUid).max(8), validFrom: instant, validTo: instant });

/** Somebody as the device has them. A controller that knows cards and no people leaves the person out. */
const enrolled = z.object({
  personId: personId.exactOptional(),
  cards: z.array(z.string()),
  validFrom: instant.exactOptional(),
  validTo: instant.exactOptional(),
});

/** What happened at the device, as it recorded it. */
const access = z.object({
  /** The device's own serial number; with `key` it names this event for ever. */
  terminal: z.string(),
  key: z.string(),
  personId: z.string().exactOptional(),
  /** Upper-case hex of the UID. */
  card: z.string().exactOptional(),
  method: z.enum(['card', 'face', 'pin', 'fingerprint', 'code', 'other']),
  /** Whether the device released its door. */
  granted: z.boolean(),
  direction: z.enum(['in', 'out']).exactOptional(),
  /** Refused for want of a record alone, and shown by the `cardReader` as well: the hub has the last word. */
  leftToHub: z.literal(true).exactOptional(),
  /** Why not, in the device's own words; for the log. */
  reason: z.string().exactOptional(),
  at: instant,
  /** From the device's memory: recorded, never acted on. */
  replayed: z.boolean(),
});

/** What the device's camera saw of somebody whom it has just recognised: its {@link access} has the same person and time. */
const snapshot = z.object({
  terminal: z.string(),
  personId: z.string(),
  /** A JPEG of {@link LONGEST_PICTURE} at the most. */
  picture: bytes,
  at: instant,
});

/**
 * A terminal or door controller that is given people and lets them through by itself. People are ids, cards and validity;
 * no template passes through here, and pictures only where an installation asks for them (`snapshot`).
 */
export const accessControllerShape = defineCapability({
  commands: {
    /** Puts a person, in place of what the device had of that id; `without` are cards that are theirs no more. */
    put: {
      args: person.extend({ without: z.array(cardUid).max(16).default([]) }),
      done: {
        acknowledged: 'the device took the person',
        observed: 'the device was asked for the person afterwards, and has it so',
      },
    },
    /** Takes a person away; the same where the device has none of that id. */
    withdraw: {
      args: person.pick({ personId: true, cards: true }),
      done: { acknowledged: 'the device forgot the person', observed: 'it was asked afterwards, and has it no more' },
    },
    /** Takes everybody away: for a device that is handed to somebody else. */
    clear: { args: nothing, done: { acknowledged: 'the device forgot everybody' } },
  },
  calls: {
    /** Who the device is and how many it has; cheap. */
    digest: {
      args: z.tuple([]),
      result: z.object({
        terminal: z.string(),
        people: z.int().nonnegative().exactOptional(),
        /** What validity means to it: an instant; whole days and no hours; nothing, so that only who may come now is put. */
        validity: z.enum(['instant', 'day', 'none']),
      }),
    },
    /** All it has, a page at a time, behind the cursor of the page before. */
    people: {
      args: z.tuple([z.string().nullable()]),
      result: z.object({ people: z.array(enrolled), next: z.string().nullable() }),
    },
    /** What it recorded behind a position, oldest first; all of it is history. Null: from the oldest that it has. */
    history: {
      args: z.tuple([z.string().nullable()]),
      result: z.object({ events: z.array(access), position: z.string().nullable(), more: z.boolean() }),
    },
  },
  events: {
    access: { personal: true, data: access },
    /** Only while it happens, and only of a device that is told to send pictures; nothing keeps them on the way. */
    snapshot: { personal: true, transient: true, data: snapshot },
  },
});

export type AccessController = CapabilityOf<typeof accessControllerShape>;
export type AccessEvent = Readonly<z.output<typeof access>>;
export type AccessSnapshot = Readonly<z.output<typeof snapshot>>;
export type AccessPerson = Readonly<z.output<typeof person>>;
export type EnrolledPerson = Readonly<z.output<typeof enrolled>>;
