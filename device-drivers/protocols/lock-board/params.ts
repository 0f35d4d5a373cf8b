import { z } from 'zod';

const LONGEST_CHAIN = 64;

/** What all lock boards have in common; a protocol adds its own. */
export const lockBoardFields = {
  /** The boards of the cabinet, in the order of its compartments: the first lock of the first board is compartment 1. */
  boards: z
    .array(z.strictObject({ address: z.int().min(0).max(255), locks: z.int().min(1).max(64) }))
    .min(1)
    .max(LONGEST_CHAIN),
  /** Whether the locks report how their doors stand. Without it a pulse is all that is ever known. */
  contacts: z.boolean().default(true),
  /** How many readings of a door in a row must agree before they are believed. */
  readings: z.int().min(1).max(5).default(2),
  /** The line carries back what is sent on it: an adapter that hears itself. */
  echo: z.boolean().default(false),
  /** From the beginning of one round over the boards to that of the next; a full line takes longer by itself. */
  pollEveryMs: z.number().min(0).default(250),
  replyTimeoutMs: z.number().positive().default(300),
  /** The longest that a door may take from the pulse until its contact shows it open. */
  opensWithinMs: z.number().positive().default(2_000),
  /** The longest that a reply may still come after its timeout. */
  quietMs: z.number().positive().default(500),
  /** The least pause between a reply and the next request. */
  turnaroundMs: z.number().min(0).default(5),
} as const;

export type LockBoardParams = z.output<z.ZodObject<typeof lockBoardFields>>;

/** Two boards of one cabinet have the same address. */
export function repeatedAddress({ boards }: Pick<LockBoardParams, 'boards'>): number | undefined {
  const addresses = boards.map(({ address }) => address);
  return addresses.find((address, index) => addresses.indexOf(address) !== index);
}
