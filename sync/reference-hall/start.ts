import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import Fastify from 'fastify';
import type { Clock, RandomBytes } from '../base/index.ts';
import { systemRandom } from '../base/index.ts';
import { createFeed } from '../feed/index.ts';
import { migrate, openDatabase } from '../sqlite/index.ts';
import { createAccess, loadSigningKey } from '../hall-server/index.ts';
import type { HubAccount } from '../hall-server/index.ts';
import { contractRoutes } from './contract-routes.ts';
import { createFaults } from './faults.ts';
import type { Faults } from './faults.ts';
import { createHints } from './hints.ts';
import { createInbox } from './inbox.ts';
import type { HallInbox } from './inbox.ts';
import { guardPage } from './page-guard.ts';
import { pageRoutes } from './page-routes.ts';
import type { TrustRoots, VerifySiteOptions } from '../verification/index.ts';
import { verifySite } from '../verification/index.ts';
import { createPapers } from './papers.ts';
import { createRequests } from './requests.ts';
import type { HallRequests } from './requests.ts';
import { hallSchema } from './schema.ts';
import { seed } from './seed.ts';

export interface ReferenceHallOptions {
  /** Made when it is missing; holds the database and the signing key. */
  readonly dataDir: string;
  /** 0: any free port. */
  readonly port: number;
  /** Default loopback. The page has no login, so think before opening it to a network. */
  readonly host?: string;
  readonly clock: Clock;
  readonly random?: RandomBytes;
  readonly hubs: readonly HubAccount[];
  /** Of the public page `/verify`, which is served in any case. */
  readonly verify?: Partial<Pick<VerifySiteOptions, 'timeZone' | 'issuer' | 'onRefused'>> & {
    readonly roots?: TrustRoots;
  };
  /** Fill an empty hall with a dozen fictional requests. Default false. */
  readonly seed?: boolean;
}

/** A hall that runs. */
export interface ReferenceHall {
  /** Base address, for a hub's configuration and for a browser. */
  readonly url: string;
  readonly port: number;
  readonly keyId: string;
  /** Raw Ed25519 public key in base64. */
  readonly publicKey: string;
  readonly faults: Faults;
  readonly requests: HallRequests;
  readonly inbox: HallInbox;
  close(): Promise<void>;
}

const pageDir = join(import.meta.dirname, 'dist');

/** Starts the hall and resolves once it listens. */
export async function startReferenceHall(options: ReferenceHallOptions): Promise<ReferenceHall> {
  const { clock, hubs, host = '127.0.0.1', random = systemRandom } = options;
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const db = openDatabase({ file: join(options.dataDir, 'hall.sqlite') });
  migrate({ db, components: [hallSchema] });
  const key = loadSigningKey(options.dataDir);
  const faults = createFaults();
  const closing = new AbortController();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const hint = createHints({ hubs, clock, random, closing: closing.signal });
  const requests = createRequests({
    db,
    clock,
    committed: () => {
      feed.notify();
      hint();
      changed();
    },
  });
  const feed = createFeed({ log: requests.log, clock });
  const access = createAccess({ db, clock, hubs });
  const papers = createPapers({ db, requests });
  const inbox = createInbox({ db, clock, requests, papers, received: changed });
  faults.subscribe(changed);
  if (options.seed === true && requests.size() === 0) seed(requests, clock);

  const app = Fastify({ logger: false, forceCloseConnections: true });
  const { signal } = closing;
  await app.register(
    (scope, _options, done) => {
      contractRoutes(scope, { access, clock, faults, feed, inbox, key, requests, closing: signal });
      done();
    },
    { prefix: '/v1' },
  );
  await app.register(
    (scope, _options, done) => {
      const subscribe = (listener: () => void): (() => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      };
      guardPage(scope, { host });
      pageRoutes(scope, { access, clock, faults, inbox, key, requests, subscribe });
      done();
    },
    { prefix: '/api' },
  );
  const { verify } = options;
  await app.register((scope, _options, done) => {
    verifySite(scope, {
      register: papers,
      roots: () => verify?.roots ?? [],
      clock,
      timeZone: verify?.timeZone ?? 'Asia/Shanghai',
      issuer: verify?.issuer ?? { zh: '网上办事大厅', en: 'Online service hall' },
      onRefused: verify?.onRefused ?? (() => undefined),
    });
    done();
  });
  if (existsSync(join(pageDir, 'index.html'))) await app.register(fastifyStatic, { root: pageDir });
  else {
    app.get('/', (_request, reply) =>
      reply
        .type('text/plain; charset=utf-8')
        .send('页面尚未构建 / The page has not been built.\n\nnpx vite build sync/reference-hall/web\n'),
    );
  }
  await app.listen({ port: options.port, host });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/`,
    port,
    keyId: key.keyId,
    publicKey: key.publicKey,
    faults,
    requests,
    inbox,
    close: async () => {
      closing.abort();
      await app.close();
      db.close();
    },
  };
}
