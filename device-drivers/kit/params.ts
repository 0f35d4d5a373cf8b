import type { z } from 'zod';
import { type Result, failure, ok } from '@hallhub/sync/base';

/** Checks a device's parameters. Error: `E-DEV-0302`, whose detail names the parameter and what was expected. */
export function parseParams<T>(schema: z.ZodType<T>, params: unknown): Result<T> {
  const parsed = schema.safeParse(params);
  if (parsed.success) return ok(parsed.data);
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'params'}: ${issue.message}`);
  return failure('E-DEV-0302', issues.join('; '));
}
