import { z } from 'zod';

/** Stable words of an RFC 9457 problem. An integrator may add more; a hub goes by the HTTP status then. */
export const problemCodes = [
  'unauthorized',
  'unknown-hub',
  'epoch-fenced',
  'must-refetch',
  'bad-request',
  'not-found',
  'too-large',
  'checksum-mismatch',
  'unsupported-media-type',
  'too-many-requests',
  'unavailable',
  'internal',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

/** RFC 9457 problem details, with a stable `code`; `nonce` and `hub` as in every signed answer. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    nonce: z.string().optional(),
    hub: z.string().optional(),
    epoch: z.int().optional().meta({ description: '`epoch-fenced`: the epoch that the hall knows' }),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
