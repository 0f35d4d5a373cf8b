import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The configuration's JSON Schema (2020-12) for editors; `docs/config.schema.json` is this text. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ ...schema, title: 'hallhub configuration' }, null, 2)}\n`;
}
