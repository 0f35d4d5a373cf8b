import type { DurationMs } from '@hallhub/sync/base';
import { z } from 'zod';
import { parseDuration } from './durations.ts';

export const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens, at most 63');
export const label = z.strictObject({ zh: z.string().min(1), en: z.string().min(1) });
export const port = z.int().min(0).max(65_535);

export const duration = z.string().transform((text, context): DurationMs => {
  const parsed = parseDuration(text);
  if (parsed === undefined) context.addIssue('a duration such as 700ms, 30s, 15min, 4h or 2d');
  return parsed ?? (0 as DurationMs);
});
