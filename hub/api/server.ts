import { existsSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import Fastify, { LogController } from 'fastify';
import type { Logger } from 'pino';
import { problem } from './api.ts';

export interface ServerOptions {
  readonly log: Logger;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Addresses and networks of proxies that are believed about who asks. */
  readonly trustProxy?: readonly string[];
  /** Folder of the built pages; their absence is answered with a sentence. */
  readonly webRoot: string;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The web server with what every route shares: headers, cookies, limits, refusal of other sites, pages, problems. */
export async function createServer({ log, tls, trustProxy = [], webRoot }: ServerOptions): Promise<FastifyInstance> {
  const server = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 1_048_576,
    requestTimeout: 30_000,
    connectionTimeout: 0,
    keepAliveTimeout: 10_000,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true },
    ...(trustProxy.length > 0 && { trustProxy: [...trustProxy] }),
    ...(tls && { https: tls }),
  }) as unknown as FastifyInstance;

  await server.register(cookie);
  await server.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        objectSrc: ["'none'"],
        frameSrc: ["'self'", 'blob:'],
        frameAncestors: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        ...(!tls && { upgradeInsecureRequests: null }),
      },
    },
    strictTransportSecurity: tls !== undefined,
  });
  await server.register(rateLimit, {
    max: 1_200,
    timeWindow: 60_000,
    errorResponseBuilder: () => Object.assign(new Error('too many requests'), { statusCode: 429 }),
  });

  // The session cookie is SameSite=Strict already; a custom header cannot be sent across sites without a preflight.
  server.addHook('onRequest', (request, reply, done) => {
    const crossSite =
      request.headers['sec-fetch-site'] !== undefined &&
      !['same-origin', 'none'].includes(request.headers['sec-fetch-site']);
    const unsafe = !SAFE_METHODS.has(request.method) && request.url.startsWith('/api/');
    if (unsafe && (crossSite || request.headers['x-hallhub'] === undefined)) {
      problem(reply, { code: 'E-API-0104' });
      return;
    }
    done();
  });
  server.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status === 429) return problem(reply, { code: 'E-API-0105' });
    if (status === 413) return problem(reply, { code: 'E-API-0108' });
    if (status < 500) return problem(reply, { code: 'E-API-0101', detail: error.message });
    request.log.error({ err: error, url: request.url }, 'request failed');
    return problem(reply, { code: 'E-API-0103' });
  });

  const built = existsSync(join(webRoot, 'index.html'));
  if (built)
    await server.register(fastifyStatic, {
      root: webRoot,
      wildcard: false,
      immutable: true,
      maxAge: '365d',
      index: false,
    });
  server.setNotFoundHandler((request, reply) => {
    if (request.method !== 'GET' || request.url.startsWith('/api/') || request.url.includes('.'))
      return problem(reply, { code: 'E-API-0102' });
    if (!built) return problem(reply, { code: 'E-API-0106' });
    // Pages route themselves; the shell must never be cached, its parts always.
    return reply.header('cache-control', 'no-cache').sendFile('index.html', { immutable: false, maxAge: 0 });
  });
  return server;
}
