import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { duration, id, label } from './primitives.ts';

export const clockTime = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'HH:MM')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

/** So that the clock times of one night stand in their order: before noon they mean the morning after. */
const inNight = (minute: number): number => (minute < 720 ? minute + 1_440 : minute);

/** When a building (a dormitory) shuts for the night. Clock times before noon mean the morning after. */
const curfew = z
  .strictObject({
    /** The first that fits an evening holds; an evening that none fits has no curfew. */
    nights: z
      .array(
        z.strictObject({
          /** ISO 8601, of the evening: 1 Monday to 7 Sunday; absent: every day. */
          weekdays: z.array(z.int().min(1).max(7)).min(1).exactOptional(),
          /** Only the eve of such a day; absent: of any. */
          eve: z.enum(['workday', 'day-off']).exactOptional(),
          /** From then on whoever comes in is late. */
          from: clockTime,
          /** From then on whoever is not in is out for the night. */
          lateUntil: clockTime,
        }),
      )
      .min(1),
    /** When the night is over. */
    until: clockTime.prefault('05:30'),
    /** What happens to who comes after: let in and written down as late, or refused. */
    then: z.enum(['late', 'refuse']).default('late'),
  })
  .refine(
    ({ nights, until }) =>
      nights.every(({ from, lateUntil }) => inNight(from) <= inNight(lateUntil) && inNight(lateUntil) < inNight(until)),
    { error: 'from, lateUntil and until are in this order', path: ['nights'] },
  );

export const areaSchema = z.strictObject({
  id,
  label,
  /** Under which heading its gates stand on the guards' page; by default the hub's own campus. */
  campus: label.optional(),
  /** How old the hub's picture of the hall may be before its approvals stop counting here. */
  maxStaleness: duration.default(() => 14_400_000 as DurationMs),
  /** What happens beyond it: refuse everybody (a campus gate), or go on with what is known (a library door). */
  whenStale: z.enum(['refuse', 'continue']).default('refuse'),
  /** How many heads (people, or cars where it is a car park) may be inside at once. */
  limit: z.int().min(1).optional(),
  /** What keeps one credential from letting in two people. */
  antiPassback: z
    .strictObject({
      /** Not again through this gate, or not again into this area, for a time; or not in before out. */
      scope: z.enum(['gate', 'area', 'in-out']),
      /** gate, area: that time. in-out: after it nobody is held to be inside any more. */
      within: duration.default(() => 43_200_000 as DurationMs),
      mode: z.enum(['strict', 'warn']).default('strict'),
    })
    .optional(),
  /** Whether its gates open for others only after somebody who may lead has come in that day. */
  firstPerson: z.boolean().default(false),
  /** What happens when the clock of a gate cannot be trusted (a power cut without a battery). */
  whenClockLost: z.enum(['refuse', 'continue']).default('refuse'),
  /**
   * What its gates do with approvals that are counted together (uses, slots, in and out) while they cannot hear each other:
   * refuse them, or go by their own count and report what was used twice.
   */
  whenAlone: z.enum(['strict', 'lenient']).default('lenient'),
  /** What a credential shown under duress does: let in with a silent alarm, or refuse. */
  duress: z.enum(['admit', 'refuse']).default('admit'),
  /** A building that shuts for the night. */
  curfew: curfew.exactOptional(),
  /**
   * What a genuine visitor code does whose approval has not arrived here (another hub's, or one made while the hall was away): refuse
   * it, or let in once by its signature alone.
   */
  trust: z.enum(['known', 'signed']).default('known'),
});

/** When something holds, by the clock and calendar of the campus; `until` not after `from` runs over midnight. */
const hoursOfWeek = z.strictObject({
  /** ISO 8601: 1 Monday to 7 Sunday; absent: every day. */
  weekdays: z.array(z.int().min(1).max(7)).min(1).exactOptional(),
  /** Absent: on all days. */
  on: z.enum(['workday', 'day-off']).exactOptional(),
  from: clockTime,
  until: clockTime,
});

export const gateSchema = z.strictObject({
  id,
  label,
  area: id,
  /** What people show something to; at least one of the five. */
  reader: id.optional(),
  /** How the bits of a Wiegand or OSDP reader stand for a campus card's UID; without it they name nobody but themselves. */
  bits: z
    .strictObject({
      parity: z.enum(['ends', 'none']).default('ends'),
      number: z.enum(['binary', 'decimal']).default('binary'),
      byteOrder: z.enum(['big', 'little']).default('big'),
    })
    .exactOptional(),
  scanner: id.optional(),
  plateReader: id.optional(),
  faceTerminal: id.optional(),
  /**
   * What lets people through by itself: it is given those whose pass says nothing that only the hub can weigh. It is shut in a lock-down
   * and while the gate is closed; `maxStaleness` and `whenClockLost` of the area do not reach it.
   */
  terminal: id.optional(),
  barrier: id,
  passageSensor: id.optional(),
  /** A contact of the fire alarm; it releases every gate of the area until somebody resets it by hand. */
  fireInput: id.optional(),
  /** What shows people why; by default the reader, where it can. */
  display: id.optional(),
  speaker: id.optional(),
  /** How sure a camera must be of a plate for it to open anything. */
  certainty: z.number().min(0).max(1).default(0.85),
  /** A plate of which the camera does not say how sure it is: it goes to the guard, or it opens as one that is certain. */
  withoutConfidence: z.enum(['refuse', 'accept']).default('refuse'),
  direction: z.enum(['in', 'out']).default('in'),
  /** `known`: whoever has any approval may leave, late or not. `checked`: leaving needs the same as coming in. */
  exit: z.enum(['known', 'checked']).default('known'),
  /** Two different people show a credential, one after the other. */
  twoPeople: z.boolean().default(false),
  /** Gates of which only one may be open at a time with this one (an air lock); both need a passageSensor, and are decided in one place. */
  interlock: z.array(id).default([]),
  /** Hours at which it stands open (at peaks) or is closed; in between it asks everybody. */
  schedule: z.array(hoursOfWeek.extend({ standing: z.enum(['open', 'closed']) })).default([]),
  /** How long somebody who needs an escort or a second person waits for them. */
  pairTimeout: duration.default(() => 15_000 as DurationMs),
  hold: duration.default(() => 700 as DurationMs),
  /** How long after the release somebody may walk through before the grant lapses. */
  passageTimeout: duration.default(() => 8_000 as DurationMs),
});

/** Where a gate names a device. */
export const GATE_PARTS = [
  'reader',
  'scanner',
  'plateReader',
  'faceTerminal',
  'terminal',
  'barrier',
  'passageSensor',
  'fireInput',
  'display',
  'speaker',
] as const satisfies readonly (keyof z.output<typeof gateSchema>)[];
