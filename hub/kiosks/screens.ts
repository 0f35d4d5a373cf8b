import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { problem } from '../api/api.ts';

/**
 * Serves the screens of kiosks at `/kiosk/{kiosk}`. Their policy stands in the page, so that it holds whoever serves it.
 *
 * @param root folder of the built screens; when they are not built, the pages are answered with a sentence
 */
export async function serveScreens(server: FastifyInstance, root: string): Promise<void> {
  const index = join(root, 'index.html');
  const isBuilt = existsSync(index);
  if (isBuilt)
    await server.register(fastifyStatic, {
      root: join(root, 'assets'),
      prefix: '/kiosk/assets/',
      decorateReply: false,
      immutable: true,
      maxAge: '365d',
      index: false,
    });
  server.get('/kiosk/:kiosk', (_, reply) => {
    if (!isBuilt) return problem(reply, { code: 'E-API-0106' });
    return reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(readFileSync(index));
  });
}
