import { z } from 'zod';
import { minutes } from '@hallhub/sync/base';
import { type CapabilityOf, code, defineCapability, duration, instant, nothing } from './declare.ts';

/** A number board at a counter. */
export const counterDisplayShape = defineCapability({
  commands: {
    show: {
      args: z.object({ lines: z.array(z.string()).max(8), lasts: duration.exactOptional() }),
      done: { unconfirmed: 'sent; most boards never answer', acknowledged: 'the board took it' },
    },
  },
});

/** Labels for bags, documents and shelves. */
export const labelPrinterShape = defineCapability({
  commands: {
    print: {
      args: z.object({
        template: z.string(),
        fields: z.record(z.string(), z.string()).readonly(),
        copies: z.int().min(1).max(50),
      }),
      done: {
        unconfirmed: 'sent',
        acknowledged: 'the printer took it and is ready',
        observed: 'the printer reported that they came out',
      },
    },
  },
  calls: {
    status: { args: z.tuple([]), result: z.object({ ready: z.boolean(), problem: code.exactOptional(), at: instant }) },
  },
});

/** 评价器: a pad on which people rate the service they got. */
export const ratingPadShape = defineCapability({
  commands: {
    ask: {
      args: z.object({ counter: z.string(), lasts: duration }),
      done: { unconfirmed: 'sent; this pad never answers', acknowledged: 'the pad shows its question' },
    },
  },
  events: { rating: { data: z.object({ score: z.int().min(1).max(5), at: instant }) } },
});

/** Announcements and chimes. */
export const speakerShape = defineCapability({
  commands: {
    say: {
      args: z.object({
        text: z.string().max(500),
        language: z.enum(['zh', 'en']),
        chime: z.boolean(),
        /** The folder of recorded clips of a dialect; without clips for it the language is spoken. */
        dialect: z
          .string()
          .regex(/^[a-z0-9-]{1,32}$/)
          .exactOptional(),
        /** How many times it is said, the chime once; 1 by default. */
        repeat: z.int().min(1).max(5).exactOptional(),
        /** 0 to 100; as the speaker is set up where it is absent. */
        volume: z.number().min(0).max(100).exactOptional(),
        /** Silence behind it before anything else is said. */
        dwell: duration.exactOptional(),
      }),
      done: { acknowledged: 'queued', observed: 'played to its end' },
      takes: minutes(5),
    },
    hush: { args: nothing, done: { acknowledged: 'silent' } },
  },
});

/** Cameras that read number plates. A read is a claim with a confidence, never an order to open. */
export const plateReaderShape = defineCapability({
  events: {
    plate: {
      personal: true,
      data: z.object({
        plate: z.string(),
        /** 0 to 1; absent where the camera does not say. */
        confidence: z.number().min(0).max(1).exactOptional(),
        direction: z.enum(['in', 'out']).exactOptional(),
        /** The camera's time; may lie hours back when it was off line. */
        at: instant,
        /** Sent again from the camera's memory: recorded, never acted on. */
        replayed: z.boolean(),
      }),
    },
  },
});

/**
 * A terminal that compares faces by itself, names whom it recognised and leaves the door to the hub. No template ever leaves
 * it. Whom it knows is `accessController`.
 */
export const faceTerminalShape = defineCapability({
  events: {
    recognised: {
      personal: true,
      data: z.object({ personId: z.string(), at: instant, replayed: z.boolean() }),
    },
  },
});

export type CounterDisplay = CapabilityOf<typeof counterDisplayShape>;
export type LabelPrinter = CapabilityOf<typeof labelPrinterShape>;
export type RatingPad = CapabilityOf<typeof ratingPadShape>;
export type Speaker = CapabilityOf<typeof speakerShape>;
export type PlateReader = CapabilityOf<typeof plateReaderShape>;
export type FaceTerminal = CapabilityOf<typeof faceTerminalShape>;
