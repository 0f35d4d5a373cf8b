import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { allEventTypes, allRequestKinds, headers, mediaTypes, problemCodes } from './index.ts';

/** Where the generated document stands. */
export const openApiFile = join(import.meta.dirname, '../../docs/openapi/hall.json');

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const header = (name: string, description: string, schema: object) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema,
});
const query = (name: string, description: string, schema: object, required = false) => ({
  name,
  in: 'query',
  required,
  description,
  schema,
});
const common = [
  { $ref: '#/components/parameters/Hub' },
  { $ref: '#/components/parameters/Epoch' },
  { $ref: '#/components/parameters/Nonce' },
];
const signature = { [headers.signature]: { $ref: '#/components/headers/Signature' } };
const problem = (description: string) => ({
  description,
  headers: signature,
  content: { [mediaTypes.problem]: { schema: ref('Problem') } },
});
const answers = (name: string, description: string, more: Readonly<Record<string, object>> = {}) => ({
  200: { description, headers: signature, content: { [mediaTypes.json]: { schema: ref(name) } } },
  400: problem('The request is not understood (`bad-request`)'),
  401: problem('Wrong token (`unauthorized`)'),
  409: problem('A hub with a higher epoch has taken over (`epoch-fenced`)'),
  ...more,
});
const refetch = { 410: problem('The cursor or token is too old or unknown (`must-refetch`): load the snapshot') };
const limit = query('limit', 'Most changes a page', { type: 'integer', minimum: 1, maximum: 5000, default: 1000 });
const cursor = query('cursor', 'Where to go on; from the snapshot or the page before', ref('Cursor'), true);
const wait = query('wait', 'Seconds to hold the answer while there is nothing new (long-poll)', {
  type: 'number',
  minimum: 0,
  maximum: 60,
  default: 0,
});
const sha256 = { name: 'sha256', in: 'path', required: true, schema: ref('Sha256') };

const eventBatch = (operationId: string, summary: string) => ({
  operationId,
  summary,
  parameters: common,
  requestBody: {
    required: true,
    content: { [mediaTypes.eventBatch]: { schema: { type: 'array', maxItems: 1000, items: ref('CloudEvent') } } },
  },
  responses: answers('EventAnswers', 'One answer for each event that was dealt with', {
    413: problem('The batch is too large (`too-large`)'),
    415: problem('Not a CloudEvents batch (`unsupported-media-type`)'),
  }),
});

const paths = {
  '/v1/snapshot': {
    get: {
      operationId: 'getSnapshot',
      summary: 'The complete image, page by page; its cursor goes on in the feed without a gap',
      parameters: [...common, query('token', 'From the page before', { type: 'string' }), limit],
      responses: answers('SnapshotPage', 'A page of the image', refetch),
    },
  },
  '/v1/feed': {
    get: {
      operationId: 'getFeed',
      summary: 'Ordered changes after a cursor, with long-poll',
      parameters: [...common, cursor, limit, wait],
      responses: answers('FeedPage', 'A page of changes', refetch),
    },
  },
  '/v1/revocations': {
    get: {
      operationId: 'getRevocations',
      summary: 'The fast lane: revocations only, same order and cursor rules',
      parameters: [...common, cursor, limit, wait],
      responses: answers('RevocationsPage', 'A page of revocations', refetch),
    },
  },
  '/v1/digest': {
    get: {
      operationId: 'getDigest',
      summary: 'A digest of the live set in 256 buckets',
      parameters: common,
      responses: answers('Digest', 'The digest'),
    },
  },
  '/v1/digest/{bucket}': {
    get: {
      operationId: 'getBucket',
      summary: 'What one bucket holds',
      parameters: [
        ...common,
        { name: 'bucket', in: 'path', required: true, schema: { type: 'integer', minimum: 0, maximum: 255 } },
        query('asOf', 'From the digest', ref('Instant'), true),
      ],
      responses: answers('Bucket', 'Ids and revisions, sorted by the bytes of the id'),
    },
  },
  '/v1/records': {
    post: {
      operationId: 'getRecords',
      summary: 'Newest revision of each id, live or revoked',
      parameters: common,
      requestBody: {
        required: true,
        content: {
          [mediaTypes.json]: {
            schema: {
              type: 'object',
              required: ['ids'],
              properties: { ids: { type: 'array', maxItems: 200, items: { type: 'string' } } },
            },
          },
        },
      },
      responses: answers('Records', 'Changes, and ids that the hall does not hold'),
    },
  },
  '/v1/outcomes': {
    post: eventBatch('postOutcomes', 'What became of requests'),
    get: {
      operationId: 'getEventPosition',
      summary: 'How far the hall has come with this hub and epoch, and what it rejected',
      parameters: [
        ...common,
        query('after', 'List rejected events beyond this sequence', { type: 'integer', minimum: 0 }),
      ],
      responses: answers('EventPosition', 'The position'),
    },
  },
  '/v1/requests': {
    post: eventBatch('postRequests', 'Requests that begin on the premises; same sequence as outcomes'),
  },
  '/v1/attachments/{sha256}': {
    put: {
      operationId: 'putAttachment',
      summary: 'A file of an event, before the event',
      parameters: [...common, sha256],
      requestBody: { required: true, content: { '*/*': { schema: { type: 'string', format: 'binary' } } } },
      responses: answers('AttachmentStored', 'Stored', {
        413: problem('The file is too large (`too-large`)'),
        422: problem('The bytes have another SHA-256 (`checksum-mismatch`)'),
      }),
    },
  },
  '/v1/files/{sha256}': {
    get: {
      operationId: 'getFile',
      summary:
        'A ready document, where `content.url` of a certificate points here; not signed, its SHA-256 is in the feed',
      parameters: [common[0], common[1], sha256],
      responses: {
        200: { description: 'The file', content: { 'application/pdf': {} } },
        401: problem('Wrong token (`unauthorized`)'),
        404: problem('No such file (`not-found`)'),
      },
    },
  },
};

/** The contract as OpenAPI 3.1, from the very schemas that the code validates with. */
export function openApiDocument() {
  const { schemas } = z.toJSONSchema(z.globalRegistry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
  });
  const named = Object.entries(schemas).map(([name, schema]) => {
    const kept = Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id' && key !== 'id');
    return [name, Object.fromEntries(kept)] as const;
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Hall contract',
      version: '1.0.0',
      description:
        'What an online service hall offers to the hubs on the premises. Every JSON answer below /v1, problems included, is signed: see docs/hall-contract.md.',
    },
    paths,
    webhooks: {
      pullNow: {
        post: {
          summary: 'Standard Webhooks 1.0 hint to pull at once; carries no data',
          requestBody: {
            content: {
              [mediaTypes.json]: { schema: { type: 'object', properties: { type: { const: 'hallhub.pull-now' } } } },
            },
          },
          responses: { 204: { description: 'Taken' } },
        },
      },
    },
    security: [{ token: [] }],
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      parameters: {
        Hub: header(headers.hub, "The hub's id", { type: 'string', maxLength: 64 }),
        Epoch: header(headers.epoch, "The hub's fencing epoch", { type: 'integer', minimum: 1 }),
        Nonce: header(headers.nonce, 'New for every request; echoed in the signed answer', {
          type: 'string',
          pattern: '^[A-Za-z0-9_-]{16,64}$',
        }),
      },
      headers: {
        Signature: {
          description: '`keyId=base64(Ed25519 over the exact body bytes)`, several separated by commas',
          schema: { type: 'string' },
        },
      },
      schemas: Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1))),
    },
    'x-kinds': Object.fromEntries(
      allRequestKinds.map(({ kind, schemaVersion, schema }) => [
        kind,
        { schemaVersion, data: ref(z.globalRegistry.get(schema)?.id ?? kind) },
      ]),
    ),
    'x-event-types': Object.fromEntries(
      allEventTypes.map(({ type, direction, schema }) => [
        type,
        { direction, data: ref(z.globalRegistry.get(schema)?.id ?? type) },
      ]),
    ),
    'x-problem-codes': problemCodes,
  };
}

/** The text of the document as it is committed. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const before = readFileSync(openApiFile, 'utf8');
  if (before !== openApiText()) writeFileSync(openApiFile, openApiText());
}
