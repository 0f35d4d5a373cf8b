import { z } from 'zod';
import { lockBoardFields } from '../lock-board/params.ts';

/** What a cabinet's profile and an installation say about its boards. */
export const boardSchema = z.strictObject({
  ...lockBoardFields,
  boards: z
    .array(z.strictObject({ address: z.int().min(0).max(255), locks: z.int().min(1).max(16) }))
    .min(1)
    .max(64),
  /** Its frames have no check: one reading is never believed. */
  readings: z.int().min(2).max(5).default(2),
  /** Which order the firmware knows: 05, answered by lock and status, or 12, answered by status and lock. */
  openForm: z.enum(['lock-status', 'status-lock']).default('lock-status'),
});

export type BoardParams = z.output<typeof boardSchema>;
