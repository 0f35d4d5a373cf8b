import { z } from 'zod';
import { lockBoardFields } from '../lock-board/params.ts';

/** What a cabinet's profile and an installation say about its boards. */
export const boardSchema = z.strictObject({
  ...lockBoardFields,
  /**
   * How a board's doors are asked for. `one`: each by itself, which all sources agree on. `all`: in one question, whose reply is
   * known from one source.
   */
  query: z.enum(['one', 'all']).default('one'),
});

export type BoardParams = z.output<typeof boardSchema>;
