import { z } from 'zod';

const placeCode = z.string().min(1).max(64);

/** Where an approval holds: gates by code, and areas whose every gate opens. At least one of both. */
export const placesShape = {
  gates: z.array(placeCode).max(200).default([]).meta({ description: 'Gate codes that this request opens' }),
  areas: z.array(placeCode).max(200).default([]).meta({ description: 'Area codes; every gate of the area opens' }),
};

/** The check that belongs to {@link placesShape}: an approval for nowhere is a mistake. */
export const somewhere = (data: { readonly gates: readonly string[]; readonly areas: readonly string[] }): boolean =>
  data.gates.length + data.areas.length > 0;

const clockTime = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/)
  .meta({ description: 'HH:MM, campus time' });

/** A window that comes back: on which days, from when to when, by the campus clock. */
export const accessWindowSchema = z
  .object({
    weekdays: z
      .array(z.int().min(1).max(7))
      .min(1)
      .max(7)
      .optional()
      .meta({ description: 'ISO 8601: 1 Monday to 7 Sunday; absent: every day' }),
    days: z
      .enum(['all', 'workdays', 'days-off'])
      .default('all')
      .meta({ description: 'By the calendar of the campus, with its holidays and swapped working days' }),
    from: clockTime,
    until: clockTime.meta({
      description: 'Exclusive; not after `from`: runs over midnight and belongs to the day on which it began',
    }),
  })
  .meta({ id: 'AccessWindow' });

export type AccessWindow = z.infer<typeof accessWindowSchema>;

export const windowsField = z
  .array(accessWindowSchema)
  .max(50)
  .default([])
  .meta({ description: 'Empty: at any hour within the validity' });

/** How often somebody may come in. Leaving is not counted. */
export const accessUsesSchema = z
  .object({ max: z.int().min(1).max(10_000), per: z.enum(['request', 'day']).default('request') })
  .meta({ id: 'AccessUses' });

/**
 * A plate as people write it: any width, any case, with or without a dot or a space. Which forms exist is not checked: a
 * format nobody has heard of goes to the guard, not to the bin.
 */
export const plateNumber = z
  .string()
  .trim()
  .min(4)
  .max(16)
  .meta({ description: 'For example 京A12345, 京AD12345, 使014578' });

/** UID of a campus card: upper-case hex of its 4, 7 or 10 bytes, in the order of ISO/IEC 14443 (UID0 first). */
export const cardUid = z
  .string()
  .trim()
  .toUpperCase()
  .regex(/^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/)
  .meta({ description: 'Hex of 4, 7 or 10 bytes in the order of ISO/IEC 14443, UID0 first' });
