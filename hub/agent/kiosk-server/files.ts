import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { SECURITY_HEADERS } from '../../kiosks/edge/index.ts';
import { problem } from './answers.ts';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Answers `/kiosk/…`: the built screens in `folder`, under the page's policy. */
export async function screenFile(response: ServerResponse, folder: string, pathname: string): Promise<void> {
  const asset = /^\/kiosk\/(assets\/[\w.-]+)$/.exec(pathname)?.[1];
  const isPage = /^\/kiosk\/[a-z0-9][a-z0-9-]{0,62}\/?$/.test(pathname);
  const path = asset ?? (isPage ? 'index.html' : undefined);
  const type = TYPES[path?.split('.').at(-1) ?? ''];
  const bytes =
    path === undefined || type === undefined ? undefined : await readFile(join(folder, path)).catch(() => undefined);
  if (!bytes || type === undefined) {
    // A page without its file was never built.
    problem(response, isPage ? 503 : 404, isPage ? 'E-API-0106' : 'E-API-0102');
    return;
  }
  response.writeHead(200, {
    ...SECURITY_HEADERS,
    'content-type': type,
    'content-length': bytes.length,
    // Parts carry their hash in their names; the page names the parts, and must not be kept.
    'cache-control': asset === undefined ? 'no-cache' : 'public, max-age=31536000, immutable',
  });
  response.end(bytes);
}
