import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';

const key = z.string().regex(/^[\x21-\x7e]{8,64}$/);

/** The caller's name for this one order; whoever sends it twice has ordered once. Errors: `E-API-0101`. */
export function orderKeyOf(request: Pick<FastifyRequest, 'headers'>): Result<string> {
  const parsed = key.safeParse(request.headers['idempotency-key']);
  return parsed.success
    ? ok(parsed.data)
    : failure('E-API-0101', 'header Idempotency-Key: 8 to 64 printable characters');
}

/** The same where an order need not have a name; undefined then. Errors: `E-API-0101`. */
export const maybeOrderKeyOf = (request: Pick<FastifyRequest, 'headers'>): Result<string | undefined> =>
  request.headers['idempotency-key'] === undefined ? ok(undefined) : orderKeyOf(request);
