import { z } from 'zod';

/** The largest message of ours on a broker, in bytes; brokers are set up to refuse more (`docs/brokers.md`). */
export const MESSAGE_LIMIT = 240 * 1024;

/** What an agent asks its hub, and what a hub asks its agents. */
const methods = [
  ...(['hello', 'pull', 'pullRevocations', 'image', 'digest', 'bucket', 'records', 'events', 'position'] as const),
  ...(['call', 'traffic', 'part', 'leave-safe-mode', 'restart', 'withdraw'] as const),
] as const;

/** A question of one end to the other. Asking again is harmless: every method is idempotent. */
export const askSchema = z
  .object({
    id: z.string().min(1).max(64).meta({ description: 'Chosen by whoever asks; the answer carries it' }),
    method: z.enum(methods),
    params: z.record(z.string(), z.unknown()),
    within: z.number().min(0).max(120_000).meta({ description: 'Milliseconds after which nobody waits any more' }),
  })
  .meta({ id: 'Ask' });
export type Ask = z.infer<typeof askSchema>;
export type Method = Ask['method'];

/** What an answer says of a failure beside its code is cut here: a longer one would make it no answer at all. */
export const LONGEST_DETAIL = 500;
export const answerSchema = z
  .object({
    id: z.string().min(1).max(64),
    value: z.unknown().optional().meta({ description: 'The answer of the method; absent when it failed' }),
    error: z
      .object({
        code: z.templateLiteral(['E-', z.string(), '-', z.number()]),
        class: z.enum(['retry', 'authentication', 'fenced', 'must-refetch', 'reject']),
        detail: z.string().max(LONGEST_DETAIL).optional(),
        retryAfter: z.number().optional(),
      })
      .optional(),
  })
  .meta({ id: 'Answer' });
export type Answer = z.infer<typeof answerSchema>;
