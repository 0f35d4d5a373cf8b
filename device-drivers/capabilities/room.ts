import { z } from 'zod';
import { minutes } from '@hallhub/sync/base';
import { type CapabilityOf, defineCapability, duration, instant } from './declare.ts';

const percent = z.number().min(0).max(100);
const channel = z.int().min(0);

/** Relays, sockets, lights: channels that are on or off, counted from 0. */
export const switchShape = defineCapability({
  commands: {
    set: {
      args: z.object({
        channel,
        on: z.boolean(),
        /** Goes back by itself after this; the device keeps the time, so that a crash leaves nothing under current. */
        pulse: duration.exactOptional(),
      }),
      done: { acknowledged: 'the board took the order', observed: 'the board reports the channel in that state' },
    },
  },
  calls: {
    state: {
      args: z.tuple([]),
      result: z.object({
        on: z.array(z.boolean()).readonly(),
        at: instant,
        /** The broker kept it from before; the device itself has not spoken yet. */
        fromBroker: z.literal(true).exactOptional(),
      }),
    },
  },
  events: { change: { data: z.object({ channel, on: z.boolean(), at: instant }) } },
});

export const curtainShape = defineCapability({
  commands: {
    move: {
      args: z.object({ to: z.enum(['open', 'closed', 'stop']).or(z.object({ percentOpen: percent })) }),
      done: { acknowledged: 'the motor took the order', observed: 'the motor reports the position' },
    },
  },
  events: { position: { transient: true, data: z.object({ percentOpen: percent, at: instant }) } },
});

/** A projector or a display with a power state of its own. */
export const projectorShape = defineCapability({
  commands: {
    power: {
      args: z.object({ on: z.boolean() }),
      done: {
        acknowledged: 'the projector took the order; the lamp needs half a minute, cooling longer',
        observed: 'the projector reports that state',
      },
      takes: minutes(5),
    },
    input: { args: z.object({ input: z.string() }), done: { acknowledged: 'taken', observed: 'reported' } },
    mute: { args: z.object({ on: z.boolean() }), done: { acknowledged: 'taken', observed: 'reported' } },
  },
  calls: {
    status: {
      args: z.tuple([]),
      result: z.object({
        power: z.enum(['off', 'warming', 'on', 'cooling', 'unknown']),
        input: z.string().exactOptional(),
        lampHours: z.array(z.number()).readonly(),
        errors: z.array(z.string()).readonly(),
        at: instant,
      }),
    },
  },
  events: {
    power: { data: z.object({ power: z.enum(['off', 'warming', 'on', 'cooling', 'unknown']), at: instant }) },
  },
});

/** Air conditioning and its like. */
export const climateShape = defineCapability({
  commands: {
    set: {
      args: z.object({
        on: z.boolean(),
        mode: z.enum(['auto', 'cool', 'heat', 'dry', 'fan']).exactOptional(),
        celsius: z.number().min(10).max(35).exactOptional(),
      }),
      done: {
        unconfirmed: 'sent over infra-red, which never answers',
        acknowledged: 'taken',
        observed: 'the unit reports it',
      },
    },
  },
  events: {
    reading: {
      transient: true,
      data: z.object({ celsius: z.number(), humidity: percent.exactOptional(), at: instant }),
    },
  },
});

/** Whether somebody is there. Sensors that miss people who sit still say so in their profile. */
export const occupancyShape = defineCapability({
  events: { occupancy: { data: z.object({ occupied: z.boolean(), at: instant }) } },
});

/** Counted or measured values: energy meters, temperature, CO2, light. Names and units come from the profile. */
export const meterShape = defineCapability({
  calls: {
    read: {
      args: z.tuple([]),
      result: z.object({
        values: z.array(z.object({ name: z.string(), value: z.number(), unit: z.string() })).readonly(),
        at: instant,
      }),
    },
  },
  events: {
    reading: {
      transient: true,
      data: z.object({ name: z.string(), value: z.number(), unit: z.string(), at: instant }),
    },
  },
});

/**
 * Contacts and push buttons: `pressed` is the active state that the profile names. A button that only says that it was pushed
 * is never said to be let go.
 */
export const buttonPanelShape = defineCapability({
  events: {
    button: {
      data: z.object({
        button: channel,
        /** What the profile calls it, such as `next` or `recall`. */
        name: z.string().max(32).exactOptional(),
        pressed: z.boolean(),
        at: instant,
      }),
    },
  },
});

export type Switch = CapabilityOf<typeof switchShape>;
export type Curtain = CapabilityOf<typeof curtainShape>;
export type Projector = CapabilityOf<typeof projectorShape>;
export type Climate = CapabilityOf<typeof climateShape>;
export type Occupancy = CapabilityOf<typeof occupancyShape>;
export type Meter = CapabilityOf<typeof meterShape>;
export type ButtonPanel = CapabilityOf<typeof buttonPanelShape>;
