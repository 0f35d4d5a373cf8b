import { z } from 'zod';
import { type CapabilityOf, type CommandOf, defineCapability, duration, instant } from './declare.ts';

const direction = z.enum(['in', 'out']);

/** A turnstile, a door, a vehicle gate: something that lets one through and closes by itself. */
export const barrierShape = defineCapability({
  commands: {
    open: {
      args: z.object({
        /** How long the release is energised. The device times it, so that no crash leaves a strike under current. */
        hold: duration,
        direction,
      }),
      done: {
        unconfirmed: 'the pulse was sent',
        acknowledged: 'the relay or board took the order; whether somebody walked is the passage sensor’s business',
        observed: 'the lock’s own contact shows it released',
      },
    },
  },
});

/** Modes that a barrier may be left in, where its hardware has them. */
export const barrierModeShape = defineCapability({
  commands: {
    mode: {
      args: z.object({ mode: z.enum(['controlled', 'free', 'closed']), direction: direction.or(z.literal('both')) }),
      done: { acknowledged: 'the board took the order', observed: 'the board reports that mode' },
    },
  },
});

/** Counts people who really went through: a turnstile's counter, a light barrier, a door contact. */
export const passageSensorShape = defineCapability({
  events: {
    passage: { data: z.object({ direction, at: instant }) },
  },
});

/** Whether a door stands open, by its contact. That it opened is not yet a passage, and after a passage it may stay open. */
export const doorContactShape = defineCapability({
  /** Absent: it has not said since it came. */
  calls: { state: { args: z.tuple([]), result: z.object({ open: z.boolean().exactOptional() }) } },
  events: { door: { data: z.object({ open: z.boolean(), at: instant }) } },
});

/** What a barrier notices beside passages. */
export const gateAlarmShape = defineCapability({
  events: {
    alarm: {
      data: z.object({
        alarm: z.enum(['forced', 'tailgating', 'wrong-direction', 'climbing', 'held-open', 'fault']),
        /** True when it is over. */
        clear: z.boolean(),
        at: instant,
      }),
    },
  },
});

/** The fire alarm's contact. What it releases stays released until somebody relocks by hand; that is not the driver's. */
export const fireInputShape = defineCapability({
  calls: { state: { args: z.tuple([]), result: z.object({ alarm: z.boolean() }) } },
  events: { fire: { data: z.object({ alarm: z.boolean(), at: instant }) } },
});

/**
 * Cabinet of compartments with doors. Compartments are counted from 1, as their labels are. A relay that fired is not a door
 * that opened: an order whose pulse was taken while the door's contact goes on to show it closed fails with `E-DEV-0208`, and
 * nothing is ever pulsed a second time by itself. A door that opens without an order is reported like any other.
 */
export const cabinetShape = defineCapability({
  commands: {
    unlock: {
      args: z.object({ compartment: z.int().min(1) }),
      done: {
        unconfirmed: 'the pulse was sent; neither board nor contact can say more',
        acknowledged:
          'the board took the order; the contact cannot tell, because it showed the door open or nothing before',
        observed: 'the door’s contact showed it closed before and shows it open now',
      },
    },
  },
  calls: {
    /** Every compartment, read anew. What is absent is not known: its board is silent, or says nothing of this door. */
    doors: {
      args: z.tuple([]),
      result: z.object({
        doors: z.array(
          z.object({
            compartment: z.int().min(1),
            open: z.boolean().exactOptional(),
            occupied: z.boolean().exactOptional(),
          }),
        ),
        at: instant,
      }),
    },
  },
  events: {
    /** Told as well where it happened while nobody looked: the door is found otherwise than it was last told. */
    door: { data: z.object({ compartment: z.int().min(1), open: z.boolean(), at: instant }) },
    item: { data: z.object({ compartment: z.int().min(1), occupied: z.boolean(), at: instant }) },
  },
});

export type Barrier = CapabilityOf<typeof barrierShape>;
export type OpenCommand = CommandOf<typeof barrierShape, 'open'>;
export type BarrierMode = CapabilityOf<typeof barrierModeShape>;
export type PassageSensor = CapabilityOf<typeof passageSensorShape>;
export type Passage = z.output<typeof passageSensorShape.events.passage.data>;
export type DoorContact = CapabilityOf<typeof doorContactShape>;
export type GateAlarm = CapabilityOf<typeof gateAlarmShape>;
export type FireInput = CapabilityOf<typeof fireInputShape>;
export type Cabinet = CapabilityOf<typeof cabinetShape>;
