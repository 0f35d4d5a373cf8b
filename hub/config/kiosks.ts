import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { duration, id, label } from './primitives.ts';

/** A self-service place: what is offered there, and the devices that it has. */
export const kiosk = z.strictObject({
  id,
  label,
  /** The agent on its own machine, which serves its screens; absent: that of its devices, if they all hang on one. */
  agent: id.optional(),
  /** What its first screen offers, in this order; each is a folder of `kiosk-app/ui/modes`. */
  modes: z.array(id).min(1).default(['print']),
  /** Prints certificates. */
  printer: id.optional(),
  /** Reads resident ID cards. */
  reader: id.optional(),
  /** Reads campus cards. */
  cardReader: id.optional(),
  /** Reads campus codes and pick-up codes. */
  scanner: id.optional(),
  /** Prints receipts. */
  receiptPrinter: id.optional(),
  /** The cabinet that it stands beside, for the mode `locker`. */
  cabinet: id.optional(),
  /** Certificates that are printed here, by the names of their templates; absent: all. */
  templates: z.array(z.string()).min(1).optional(),
  /** Kiosks where people are sent when this one cannot print, the nearest first; empty: any other. */
  elsewhere: z.array(id).default([]),
});

/** The devices of a kiosk. */
export const KIOSK_PARTS = ['printer', 'reader', 'cardReader', 'scanner', 'receiptPrinter'] as const;

/** What holds for all kiosks. */
export const selfService = z
  .strictObject({
    /** The channel that brings a one-time code to the person whose number (学号, 工号) was typed. Absent: nobody is known that way. */
    oneTimeCodes: z.strictObject({ channel: id }).optional(),
    /** Who hears that paper or toner runs low, that a printer waits for somebody, that a job is stuck. */
    alerts: z.array(z.strictObject({ channel: id, to: z.string().min(1).max(64).exactOptional() })).default([]),
    /** Nobody touches the screen for so long: it forgets them. The screens ask before. */
    idle: duration
      .refine((value) => value >= 60_000 && value <= 600_000, '60 s to 10 min')
      .default(() => 75_000 as DurationMs),
    /** Sheets that a refill of paper is, unless another number is confirmed. */
    refillSheets: z.int().min(1).max(5_000).default(250),
    /** With so many sheets left since the last refill the paper is low. */
    lowSheets: z.int().min(0).max(1_000).default(40),
  })
  .prefault({});
