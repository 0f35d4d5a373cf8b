import { z } from 'zod';
import { lockBoardFields } from '../lock-board/params.ts';

/** What a cabinet's profile and an installation say about its boards. */
export const boardSchema = z
  .strictObject({
    ...lockBoardFields,
    /** What a state bit is while its door is open: 0 where the lock's contact is closed while it is locked (上锁短路), else 1. */
    openBit: z.literal([0, 1]).default(0),
    /** Which locks the first state byte is about; most boards send the highest ones first. */
    groups: z.enum(['highest-first', 'lowest-first']).default('highest-first'),
    /**
     * How many state bytes the boards send, which is not how many locks they have. Absent: a pause ends the frame. A reply with
     * one could not be told from the echo of its question.
     */
    stateBytes: z.int().min(2).max(8).optional(),
    /** What answers an order: the order's own frame, one like a status (some boards, a second later), or nothing. */
    openReply: z.enum(['own', 'status', 'none']).default('own'),
    openReplyTimeoutMs: z.number().positive().default(500),
    /** For boards whose order says how long to keep the lock under current. */
    openSeconds: z.int().min(1).max(10).optional(),
    /** A pause inside a reply that is its end. */
    pauseMs: z.number().positive().default(30),
  })
  .refine(({ echo, stateBytes }) => !echo || stateBytes !== undefined, {
    path: ['stateBytes'],
    message: 'on a line with an echo a pause does not end a reply: say how many state bytes there are',
  });

export type BoardParams = z.output<typeof boardSchema>;
