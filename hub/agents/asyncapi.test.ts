import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asyncApi, asyncApiFile, asyncApiText } from './asyncapi.ts';

describe('the AsyncAPI document', () => {
  it('is the one that the schemas in use give (node hub/agents/asyncapi.ts)', () => {
    expect(readFileSync(asyncApiFile, 'utf8')).toBe(asyncApiText());
  });

  it('refers to nothing that it does not define', () => {
    const document = asyncApi() as { components: { messages: object; schemas: object }; channels: object };
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(refs.length).toBeGreaterThan(10);
    for (const path of refs) {
      const found = path.split('/').reduce<unknown>((part, key) => Reflect.get(part as object, key), document);
      expect(found, path).toBeDefined();
    }
  });
});
