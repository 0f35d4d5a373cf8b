import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../base/index.ts';
import { headers } from '../contract/index.ts';
import type { Db } from '../sqlite/index.ts';
import { HallProblem } from './problem.ts';

export interface HubAccount {
  readonly id: string;
  readonly token: string;
  /** Where "pull now" hints go, with the Standard Webhooks secret that signs them. */
  readonly webhook?: { readonly url: string; readonly secret: string };
}

export interface Caller {
  readonly hub: string;
  readonly epoch: number;
  readonly nonce: string;
}

export interface HubSeen {
  readonly id: string;
  readonly epoch: number;
  readonly seenAt: number;
}

/** Who may ask: a token for each hub, and the epoch that fences off a hub that has been replaced. */
export interface Access {
  /** @throws {HallProblem} */
  admit(request: FastifyRequest): Caller;
  seen(): readonly HubSeen[];
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export function createAccess({
  db,
  clock,
  hubs,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly hubs: readonly HubAccount[];
}): Access {
  const tokens = new Map(hubs.map(({ id, token }) => [id, digest(token)]));
  const known = db.prepare<[string], { epoch: number; seen_at: number }>(
    'SELECT epoch, seen_at FROM hall_hub WHERE id = ?',
  );
  const put = db.prepare('INSERT OR REPLACE INTO hall_hub (id, epoch, seen_at) VALUES (?, ?, ?)');
  const all = db.prepare<[], HubSeen>('SELECT id, epoch, seen_at AS seenAt FROM hall_hub ORDER BY id');
  const lastSeen = new Map<string, number>();

  return {
    admit: (request) => {
      const hub = header(request, headers.hub);
      const expected = tokens.get(hub);
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!expected || !timingSafeEqual(expected, digest(token))) {
        throw new HallProblem(401, 'unauthorized', 'the token is not the one of this hub');
      }
      const nonce = header(request, headers.nonce);
      const epoch = Number(header(request, headers.epoch));
      if (!Number.isSafeInteger(epoch) || epoch < 1) {
        throw new HallProblem(400, 'bad-request', `${headers.epoch} must be a positive integer`);
      }
      const before = known.get(hub);
      if (before && epoch < before.epoch) {
        throw new HallProblem(409, 'epoch-fenced', 'a hub with a higher epoch has taken over', { epoch: before.epoch });
      }
      const now = clock.now();
      lastSeen.set(hub, now);
      // A durable write for each request would cost more than the request.
      if (epoch !== before?.epoch || now - before.seen_at > 10_000) put.run(hub, epoch, now);
      return { hub, epoch, nonce };
    },
    seen: () => all.all().map((hub) => ({ ...hub, seenAt: lastSeen.get(hub.id) ?? hub.seenAt })),
  };
}

export function header(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}
