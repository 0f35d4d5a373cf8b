import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mediaTypes } from '../contract/index.ts';

/** The hall's own page sends it with everything that changes something. Another site cannot, without asking first. */
export const pageHeader = 'x-hall-page';

const safeMethods = new Set(['GET', 'HEAD']);

/**
 * Keeps other sites, open in the same browser, from acting through the page's API, which has no login:
 *
 * - What changes something must bear {@link pageHeader}. A browser lets no other site send it without a preflight, which
 *   is never granted here.
 * - On loopback the Host must be a loopback name or `host`, the configured one, so that no name that another site points at this
 *   machine (DNS rebinding) makes its pages count as ours.
 */
export function guardPage(app: FastifyInstance, { host }: { readonly host: string }): void {
  const refusal = (request: FastifyRequest): string | undefined => {
    const address = app.server.address();
    const onLoopback = typeof address === 'object' && address !== null && isLoopback(address.address);
    if (onLoopback && !isLoopback(request.hostname) && bare(request.hostname) !== bare(host)) {
      return 'the Host is not one of this machine';
    }
    if (!safeMethods.has(request.method) && request.headers[pageHeader] === undefined) {
      return `${pageHeader} is missing`;
    }
    return undefined;
  };
  app.addHook('onRequest', (request, reply, done) => {
    const detail = refusal(request);
    if (detail === undefined) {
      done();
      return;
    }
    const code = 'cross-site';
    const problem = { type: `urn:hallhub:problem:${code}`, title: code, status: 403, code, detail };
    void reply.code(403).type(mediaTypes.problem).send(JSON.stringify(problem));
  });
}

const bare = (host: string): string => host.toLowerCase().replace(/^\[(.*)\]$/, '$1');

function isLoopback(host: string): boolean {
  const name = bare(host);
  return name === 'localhost' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name);
}
