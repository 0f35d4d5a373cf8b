import { z } from 'zod';
import { type CapabilityOf, bytes, code, defineCapability, duration, instant, monotonic } from './declare.ts';

/** The layouts of a resident ID card's text block (GA/T 490 and the residence-permit forms). */
const layout = z.enum(['resident', 'hk-mo-tw', 'foreign-2017', 'foreign-2023']);

/** What the chip of a resident ID card says about its holder. Personal data: never logged, never stored as it is. */
const residentCard = z.object({
  layout,
  /** 15 or 18 characters, upper case. */
  number: z.string(),
  name: z.string(),
  sex: z.string(),
  /** YYYYMMDD. */
  birth: z.string(),
  /** YYYYMMDD. */
  validFrom: z.string(),
  /** YYYYMMDD; absent for a card without expiry (长期). */
  validTo: z.string().exactOptional(),
  fields: z.record(z.string(), z.string()).readonly(),
});

const presented = z.discriminatedUnion('type', [
  z.object({ type: z.literal('resident-id'), card: residentCard }),
  /** From a reader that gives the number of a resident ID card and nothing else: 15 or 18 characters, upper case. */
  z.object({ type: z.literal('resident-number'), number: z.string() }),
  /** Upper-case hex of the UID's bytes in the order of ISO/IEC 14443 (UID0 first), whatever order the reader sends. A UID can be cloned. */
  z.object({ type: z.literal('uid'), uid: z.string() }),
  /** Bits of an access-control format (Wiegand, OSDP RAW), left-aligned hex; what they mean is the installation's. */
  z.object({ type: z.literal('bits'), bits: z.int().positive(), hex: z.string() }),
]);

/** A reader of cards. Nothing is ever asked of it: it reports. */
export const cardReaderShape = defineCapability({
  events: {
    /** One card held to the reader once, however long it lay there. */
    card: {
      personal: true,
      data: z.object({
        presented,
        at: instant,
        /** When the last byte of the card's data arrived; the start of every latency that matters at a gate. */
        lastByteAt: monotonic,
      }),
    },
    /** A card was there and could not be read; `code` says why (`E-CARD-…`). The person should try again. */
    unreadable: { data: z.object({ code, at: instant }) },
  },
});

/** A reader of bar codes and QR codes. The text is the visitor's: personal data until proven otherwise. */
export const codeScannerShape = defineCapability({
  events: {
    scan: {
      personal: true,
      data: z.object({ bytes, text: z.string(), at: instant, lastByteAt: monotonic }),
    },
    /** Bytes came that are no code: too long, damaged, not text; `code` is `E-SCAN-…`. */
    unreadable: { data: z.object({ code, at: instant }) },
  },
});

/** Keys at a door. What was typed may be a PIN: personal. */
export const keypadShape = defineCapability({
  events: { keys: { personal: true, data: z.object({ keys: z.string(), at: instant }) } },
});

/** What a reader shows and sounds to the person in front of it. */
export const indicatorShape = defineCapability({
  commands: {
    show: {
      args: z.object({
        light: z
          .object({ colour: z.enum(['off', 'red', 'green', 'amber', 'blue', 'white']), on: duration, off: duration })
          .exactOptional(),
        sound: z.object({ times: z.int().min(1).max(255), on: duration, off: duration }).exactOptional(),
        text: z.string().max(64).exactOptional(),
        /** How long it lasts; after it the device returns to its resting state by itself. */
        lasts: duration,
      }),
      done: { unconfirmed: 'sent', acknowledged: 'the reader took the order' },
    },
  },
});

/** Whether somebody pulls the reader off its wall, or its power fails. */
export const tamperShape = defineCapability({
  events: { tamper: { data: z.object({ tampered: z.boolean(), powerFailed: z.boolean(), at: instant }) } },
});

export type ResidentCardLayout = z.output<typeof layout>;
export type ResidentCard = Readonly<z.output<typeof residentCard>>;
export type Presented = Readonly<z.output<typeof presented>>;
export type CardReader = CapabilityOf<typeof cardReaderShape>;
export type CardRead = Readonly<z.output<typeof cardReaderShape.events.card.data>>;
export type CodeScanner = CapabilityOf<typeof codeScannerShape>;
export type Scan = Readonly<z.output<typeof codeScannerShape.events.scan.data>>;
export type Keypad = CapabilityOf<typeof keypadShape>;
export type Indicator = CapabilityOf<typeof indicatorShape>;
export type IndicatorCommand = Parameters<Indicator['show']>[0];
export type Tamper = CapabilityOf<typeof tamperShape>;

/** What is matched with a pass, by its keyed hash: the number, the UID, or the bits with their count. */
export function credentialText(credential: Presented): string {
  switch (credential.type) {
    case 'resident-id':
      return credential.card.number;
    case 'resident-number':
      return credential.number;
    case 'uid':
      return credential.uid;
    case 'bits':
      return `${credential.bits}:${credential.hex}`;
  }
}

/**
 * Which kind of credential its {@link credentialText} is, as it goes into the keyed hash: a resident ID card is the same one
 * whether its reader gave all of it or the number alone.
 */
export function credentialKind(credential: Presented): 'resident-id' | 'uid' | 'bits' {
  return credential.type === 'resident-number' ? 'resident-id' : credential.type;
}
