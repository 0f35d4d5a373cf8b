import { z } from 'zod';

const number = z.int().min(0).max(255);

/** What a reader's profile and an installation say about it. Keys are the installation's secrets, never a profile's. */
export const osdpSchema = z
  .strictObject({
    address: z.int().min(0).max(126).default(0),
    /** `auto`: CRC, and the checksum for a reader that refuses CRC. */
    check: z.enum(['auto', 'crc', 'checksum']).default('auto'),
    /**
     * `preferred`: a reader that has no secure channel at all is spoken to without, and is `degraded`. `required`: such a
     * reader is refused.
     */
    secureChannel: z.enum(['off', 'preferred', 'required']).default('off'),
    /** The reader's own key: 16 bytes as hex. */
    key: z
      .string()
      .regex(/^[0-9a-fA-F]{32}$/, '32 hex digits')
      .optional(),
    /**
     * Accepts a reader that still has the default key, and gives it `key`. For the hour in which it is mounted: whoever
     * listens then learns the key.
     */
    installMode: z.boolean().default(false),
    /** Which of the readers behind this address; nearly all have one. */
    reader: number.default(0),
    /** `uid`: 32, 56 or 80 bits are a card's UID in the order of ISO/IEC 14443; `uid-reversed`: last byte first. */
    card: z.enum(['bits', 'uid', 'uid-reversed']).default('bits'),
    keypad: z.boolean().default(false),
    /** Its lamp and buzzer, and its display if it has one. */
    indicator: z.strictObject({ led: number.default(0), display: z.boolean().default(false) }).optional(),
    /** The output that releases the barrier, by direction. */
    output: z.strictObject({ in: number, out: number.optional() }).optional(),
    /** Takes new programs as files of this type. */
    firmware: z.strictObject({ fileType: number.default(1) }).optional(),
    /** A release longer than this is refused: a strike under current for minutes burns. */
    longestPulseMs: z.number().positive().max(60_000).default(10_000),
    pollEveryMs: z.number().positive().default(50),
    replyTimeoutMs: z.number().positive().default(200),
    /** The longest that a reply may still come after its timeout. */
    quietMs: z.number().positive().default(100),
    offlineAfterMs: z.number().positive().default(8_000),
    /** A byte FF in front of every frame, for transceivers that swallow the first one. */
    markByte: z.boolean().default(true),
  })
  .refine((params) => params.secureChannel === 'off' || params.key !== undefined || params.installMode, {
    path: ['key'],
    error: 'a secure channel needs the reader’s key, or install mode',
  });

export type OsdpParams = z.output<typeof osdpSchema>;
