import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Code, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';

/** RFC 9457 problem details, as the hub answers them. */
export function problem(response: ServerResponse, status: number, code: Code): void {
  json(response, { type: 'about:blank', status, code }, status, 'application/problem+json');
}

export function json(response: ServerResponse, value: unknown, status = 200, type = 'application/json'): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'content-length': body.length,
    'cache-control': 'no-store',
  });
  response.end(body);
}

export function nothing(response: ServerResponse): void {
  response.writeHead(204, { 'cache-control': 'no-store' });
  response.end();
}

/** What a page posts: a few fields. */
const MOST_BYTES = 16_384;

/** Errors: `E-API-0108` longer than anything that a kiosk's page posts, `E-API-0101` it broke off. */
export async function readBody(request: IncomingMessage): Promise<Result<Buffer>> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > MOST_BYTES) return failure('E-API-0108');
      pieces.push(piece);
    }
  } catch {
    return failure('E-API-0101');
  }
  return ok(Buffer.concat(pieces));
}

export function cookieOf(request: IncomingMessage, name: string): string {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return '';
}
