import { z } from 'zod';
import { LONGEST_FLASH_TENTHS } from './rtu-frames.ts';
import { displaySchema } from './display-params.ts';
import { namedValueSchema, registerAddress, valueSchema } from './registers.ts';

const channel = z.int().min(0).max(255);
const perDirection = z.strictObject({ in: channel, out: channel.optional() });
const activeWhen = z.enum(['closed', 'open']).default('closed');

/** Of a board that times its pulses itself: the pulse form has one byte for them. */
const CHANNELS = 256;

const switchSchema = z
  .strictObject({
    /** The coil of channel 0: of the whole board, or of the part of it that is this device. */
    firstCoil: registerAddress.default(0),
    channels: z.int().min(1).max(256),
    /** Which function switches: 05, or 15 for boards that know no other. */
    write: z.enum(['single', 'multiple']).default('single'),
    /**
     * How the board itself ends a pulse. `flash-on`: the vendor's form, whose channels are the board's coils. `none`: it cannot, and a pulse is refused; it is never timed here, because a
     * crash between on and off would leave a solenoid under current.
     */
    pulse: z.enum(['flash-on', 'none']).default('none'),
    /** Channels that are never switched on without a pulse: locks, strikes, motors of curtains. */
    pulseOnly: z.array(z.int().min(0)).default([]),
    readEveryMs: z.number().positive().default(1_000),
  })
  .superRefine((value, context) => {
    if (value.firstCoil + value.channels > 0x1_0000) context.addIssue('its channels reach beyond coil 65535');
    if (value.pulseOnly.some((each) => each >= value.channels)) {
      context.addIssue({ code: 'custom', path: ['pulseOnly'], message: 'names a channel that the board lacks' });
    }
    if (value.pulseOnly.length > 0 && value.pulse === 'none') {
      context.addIssue({
        code: 'custom',
        path: ['pulseOnly'],
        message: 'needs a board that times its pulses (pulse: flash-on)',
      });
    }
    if (value.pulse === 'flash-on' && value.firstCoil + value.channels > CHANNELS) {
      context.addIssue({ code: 'custom', path: ['pulse'], message: 'flash-on knows channels 0 to 255' });
    }
  });

const contactRow = registerAddress.describe('The input of compartment 1; the others follow');

const cabinetSchema = z
  .strictObject({
    compartments: z.int().min(1).max(CHANNELS),
    /** The relay of compartment 1; the others follow. */
    firstRelay: channel.default(0),
    /** How long a lock is under current, by the board's own clock. */
    pulseMs: z.number().positive().max(5_000).default(500),
    /** The contacts of the doors; without them a pulse is all that is ever known. */
    contacts: z
      .strictObject({ firstInput: contactRow, openWhen: z.enum(['closed', 'open']).default('open') })
      .optional(),
    /** Sensors for what lies in the compartments. */
    items: z
      .strictObject({ firstInput: contactRow, occupiedWhen: z.enum(['closed', 'open']).default('closed') })
      .optional(),
    /** How many readings of a door in a row must agree before they are believed. */
    readings: z.int().min(1).max(5).default(2),
    opensWithinMs: z.number().positive().default(2_000),
  })
  .refine(({ firstRelay, compartments }) => firstRelay + compartments <= CHANNELS, 'flash-on knows relays 0 to 255');

const powerSchema = z.union([
  z.strictObject({ coil: registerAddress }),
  z.strictObject({
    register: registerAddress,
    on: z.int().min(0).max(0xffff).default(1),
    off: z.int().min(0).max(0xffff).default(0),
  }),
]);

const climateSchema = z.strictObject({
  celsius: valueSchema,
  humidity: valueSchema.optional(),
  /** What can be set. Absent: it only measures. */
  control: z
    .strictObject({
      power: powerSchema,
      setpoint: valueSchema
        .refine(({ table }) => table === 'holding', 'only holding registers can be written')
        .optional(),
      mode: z
        .strictObject({
          register: registerAddress,
          values: z.partialRecord(z.enum(['auto', 'cool', 'heat', 'dry', 'fan']), z.int().min(0).max(0xffff)),
        })
        .optional(),
    })
    .optional(),
});

/** What a Modbus unit's profile and an installation say about it: what it can do is data. */
export const unitSchema = z
  .strictObject({
    /** Over TCP it chooses the unit behind a gateway; it proves nothing, many servers answer to every number. */
    unit: z.int().min(1).max(247).default(1),
    /** The relay that releases a barrier, by direction; needs the board's own pulse. Channels are counted from 0. */
    relay: perDirection.optional(),
    /** The input that closes when somebody walked through, by direction. Without it nobody's passage is seen. */
    input: perDirection.optional(),
    /** `open` for contacts that open when somebody walks through. */
    inputActiveWhen: activeWhen,
    switch: switchSchema.optional(),
    /** Contacts and push buttons. */
    buttons: z
      .strictObject({
        firstInput: registerAddress.default(0),
        channels: z.int().min(1).max(256),
        activeWhen,
      })
      .optional(),
    /** The fire alarm's contact. */
    fire: z.strictObject({ input: channel, activeWhen }).optional(),
    /** Locks of compartments on relays. */
    cabinet: cabinetSchema.optional(),
    occupancy: z
      .union([
        z.strictObject({ input: channel, activeWhen }),
        z.strictObject({ value: valueSchema, occupiedAbove: z.number() }),
      ])
      .optional(),
    meter: z.strictObject({ values: z.array(namedValueSchema).min(1) }).optional(),
    climate: climateSchema.optional(),
    /** A number board over a counter. */
    display: displaySchema.optional(),
    pollEveryMs: z.number().positive().default(50),
    debounceMs: z.number().min(0).default(30),
    /** Between two readings of measured values. */
    valuesEveryMs: z.number().positive().default(5_000),
    /** A pulse longer than this is refused: a strike under current for minutes burns. */
    longestPulseMs: z
      .number()
      .positive()
      .max(LONGEST_FLASH_TENTHS * 100)
      .default(10_000),
    replyTimeoutMs: z.number().positive().default(300),
    /** The longest that a reply may still come after its timeout. */
    quietMs: z.number().positive().default(700),
  })
  .superRefine((value, context) => {
    const { relay, input, switch: switching, buttons, fire, cabinet, occupancy, meter, climate, display } = value;
    const parts = [relay, switching, buttons, fire, cabinet, occupancy, meter, climate, display];
    if (parts.every((part) => part === undefined)) {
      context.addIssue(
        'one of relay, switch, buttons, fire, cabinet, occupancy, meter, climate, display must be there',
      );
    }
    if (input && !relay) context.addIssue({ code: 'custom', path: ['input'], message: 'belongs to a relay' });
    const names = meter?.values.map(({ name }) => name) ?? [];
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) context.addIssue({ code: 'custom', path: ['meter'], message: `two values are ${twice}` });
  });

export type UnitParams = z.output<typeof unitSchema>;
