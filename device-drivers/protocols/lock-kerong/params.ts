import { z } from 'zod';
import { lockBoardFields } from '../lock-board/params.ts';

/** What a cabinet's profile and an installation say about its boards. */
export const boardSchema = z.strictObject({
  ...lockBoardFields,
  /** Counted from 0, as their switches are; 12 locks on a CU12, 16 on a CU16. */
  boards: z
    .array(z.strictObject({ address: z.int().min(0).max(15), locks: z.int().min(1).max(16) }))
    .min(1)
    .max(16),
  /** Whether the compartments have sensors for what lies in them. */
  items: z.boolean().default(false),
  /** How long a board is left alone behind an order, which it does not answer. */
  restMs: z.number().positive().default(50),
});

export type BoardParams = z.output<typeof boardSchema>;
