import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../base/index.ts';
import { mediaTypes } from '../contract/index.ts';
import type { HubAccount } from '../hall-server/index.ts';
import { HallProblem, contractScope, createAccess, header, loadSigningKey, parseOr400 } from '../hall-server/index.ts';
import { migrate, openDatabase, receiverSchema, sqliteReceiver } from '../sqlite/index.ts';
import { type TrustRoots, type VerifySiteOptions, verifySite } from '../verification/index.ts';
import { takenPapers } from './papers.ts';
import { verifySiteSchema } from './schema.ts';

export interface StandaloneSiteOptions {
  /** Made when it is missing; holds the database and the signing key. */
  readonly dataDir: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls?: { readonly key: string; readonly cert: string };
  /**
   * Addresses and networks of the proxies in front: what they say of who asks (`X-Forwarded-For`) is believed, so that limits
   * count people and not proxies. Nobody else's word is.
   */
  readonly trustProxy: readonly string[];
  /** Who may tell of papers. */
  readonly hubs: readonly Pick<HubAccount, 'id' | 'token'>[];
  readonly roots: TrustRoots;
  readonly timeZone: string;
  readonly issuer: VerifySiteOptions['issuer'];
  readonly clock: Clock;
  readonly onRefused: VerifySiteOptions['onRefused'];
  /** Bugs, for the log. */
  readonly fault: (error: unknown) => void;
}

export interface StandaloneSite {
  readonly url: string;
  readonly port: number;
  /** With what this site signs its answers to hubs, which pin it: raw Ed25519 in base64. */
  readonly keyId: string;
  readonly publicKey: string;
  close(): Promise<void>;
}

const eventsBody = z.array(z.unknown()).max(1_000);
const positionQuery = z.object({ after: z.coerce.number().int().min(0).default(0) });

/**
 * The page on which anybody checks a paper, alone on its machine: `/verify` for everybody, and for hubs as much of the hall
 * contract as it takes to tell of papers (`POST /v1/outcomes`, `GET /v1/outcomes`). It connects to nobody, and holds what the
 * records hold: a masked name at most.
 */
export async function startVerifySite(options: StandaloneSiteOptions): Promise<StandaloneSite> {
  const { clock, fault, host, tls, trustProxy } = options;
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const db = openDatabase({ file: join(options.dataDir, 'verify-site.sqlite') });
  migrate({ db, components: [verifySiteSchema, receiverSchema] });
  const key = loadSigningKey(options.dataDir);
  const access = createAccess({ db, clock, hubs: options.hubs });
  const papers = takenPapers(db);
  const receiver = sqliteReceiver({ db, clock, fault, handle: (hub, event) => papers.take(hub, event) });

  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    bodyLimit: 1_048_576,
    ...(trustProxy.length > 0 && { trustProxy: [...trustProxy] }),
    ...(tls && { https: tls }),
  }) as unknown as FastifyInstance;
  await app.register(
    (scope, _options, done) => {
      const { answer, callerOf } = contractScope(scope, { access, clock, key, fault });
      scope.post('/outcomes', (request, reply) => {
        if (!header(request, 'content-type').startsWith(mediaTypes.eventBatch)) {
          throw new HallProblem(415, 'unsupported-media-type', `send ${mediaTypes.eventBatch}`);
        }
        const { hub, epoch } = callerOf(request);
        const taken = receiver.take({ name: hub, epoch }, parseOr400(eventsBody, request.body));
        return answer(request, reply, { type: 'answers', ...taken });
      });
      scope.get('/outcomes', (request, reply) => {
        const { hub, epoch } = callerOf(request);
        const { after } = parseOr400(positionQuery, request.query);
        return answer(request, reply, { type: 'position', ...receiver.position({ name: hub, epoch }, after) });
      });
      done();
    },
    { prefix: '/v1' },
  );
  await app.register((scope, _options, done) => {
    const { roots, timeZone, issuer, onRefused } = options;
    verifySite(scope, { register: papers, roots: () => roots, clock, timeZone, issuer, onRefused });
    done();
  });
  app.get('/', (_request, reply) => reply.redirect('/verify'));
  app.get('/healthz', () => ({ status: 'ok' }));
  await app.listen({ port: options.port, host });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    keyId: key.keyId,
    publicKey: key.publicKey,
    close: async () => {
      await app.close();
      db.close();
    },
  };
}
