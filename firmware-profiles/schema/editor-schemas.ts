import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { profileFileSchema, vectorsSchema } from './profile.ts';

/** The JSON Schema files that editors complete and check profiles with, by file name. Made from what the loader checks with. */
export function editorSchemas(): Readonly<Record<string, string>> {
  return {
    'profile.schema.json': toJson(profileFileSchema),
    'vectors.schema.json': toJson(vectorsSchema),
  };
}

/** Writes them beside this file: `node firmware-profiles/schema/editor-schemas.ts`. */
function writeEditorSchemas(): void {
  for (const [name, json] of Object.entries(editorSchemas())) writeFileSync(join(import.meta.dirname, name), json);
}

function toJson(schema: z.ZodType): string {
  return `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), undefined, 2)}\n`;
}

if (import.meta.main) writeEditorSchemas();
