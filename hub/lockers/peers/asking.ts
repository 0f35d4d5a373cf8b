import type { Transfer } from '@hallhub/sync/adapters/http-feed';
import type { Cancel, Clock, DurationMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Chain } from '../chain.ts';
import type { Consignments } from '../consignments.ts';
import type { Signer, Trusted } from '../custody/signing.ts';
import type { PeerStore } from '../store/peers.ts';
import type { Page, Question } from './contract.ts';
import { PEER_PATH, bytesOf, pageSchema, signedSchema } from './contract.ts';

interface Peer {
  readonly hub: string;
  readonly url: string;
  readonly transfer: Transfer;
}

export interface Asking {
  start(): void;
  stop(): Promise<void>;
  /** Asks every peer now. */
  wake(): void;
  /** Why a peer could not be heard last; undefined: it was. */
  trouble(hub: string): string | undefined;
}

const TIMEOUT = seconds(20);
const MOST_BYTES = 32_000_000;

/** Reads what the peers know, page by page, again and again; a peer that does not answer is asked later. */
export function createAsking(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly me: string;
  readonly peers: readonly Peer[];
  readonly every: DurationMs;
  readonly signer: Signer;
  readonly trusted: Trusted;
  readonly chain: Chain;
  readonly consignments: Pick<Consignments, 'learn'>;
  readonly store: PeerStore;
  readonly log: (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Asking {
  const { db, clock, me, store } = deps;
  const troubles = new Map<string, string>();
  const timers = new Map<string, Cancel>();
  const running = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  let started = false;
  const isStarted = (): boolean => started;

  const ask = async (peer: Peer): Promise<Result<Page>> => {
    const before = store.get(peer.hub);
    const question: Question = {
      ...{ type: 'question', from: me, to: peer.hub, issuedAt: clock.now() },
      nonce: Buffer.from(deps.random(18)).toString('base64url'),
      ...{ after: before?.position ?? 0, incarnation: before?.incarnation ?? 0 },
    };
    const sent = await peer.transfer.send({
      ...{ method: 'POST', url: new URL(PEER_PATH, peer.url) },
      headers: { 'content-type': 'application/json', accept: 'application/json', 'x-hallhub': '1' },
      body: Buffer.from(JSON.stringify({ said: question, ...deps.signer.sign(bytesOf(question)) })),
      ...{ timeout: TIMEOUT, maxBytes: MOST_BYTES, signal: stopping.signal },
    });
    if (!sent.ok) return sent;
    if (sent.value.status !== 200) return failure('E-CUST-0604', `HTTP ${sent.value.status}`);
    return readPage(sent.value.body, question);
  };
  const readPage = (bytes: Buffer, { nonce, to }: Question): Result<Page> => {
    const signed = signedSchema.safeParse(parse(bytes));
    if (!signed.success) return failure('E-CUST-0604', 'no signed page');
    const { said, keyId, signature } = signed.data;
    if (!deps.trusted(to, bytesOf(said), { keyId, signature })) return failure('E-CUST-0604', 'signature');
    const page = pageSchema.safeParse(said);
    if (!page.success || page.data.nonce !== nonce || page.data.from !== to || page.data.to !== me)
      return failure('E-CUST-0604', 'another answer');
    return ok(page.data);
  };
  /** The links of a page, its cards and how far it goes are one commit. */
  const keep = (hub: string, { links, cards, next, incarnation }: Page): Result<void> =>
    transact(db, () => {
      // Of what comes here from elsewhere a peer may tell; about everything else it is not asked.
      for (const card of cards) if (card.to === me && card.from !== me) deps.consignments.learn(card);
      const taken = deps.chain.ingest(links);
      if (!taken.ok) return taken;
      store.put({ hub, position: next, incarnation, heardAt: clock.now() });
      return ok();
    });
  const round = async (peer: Peer): Promise<void> => {
    for (;;) {
      const page = await ask(peer);
      // Stopped meanwhile: the database may be closed.
      if (!isStarted()) return;
      const kept = page.ok ? keep(peer.hub, page.value) : page;
      if (!kept.ok) {
        const { code, detail } = kept.error;
        if (troubles.get(peer.hub) !== code)
          deps.log('warn', 'another campus cannot be heard', { peer: peer.hub, code, detail });
        troubles.set(peer.hub, code);
        return;
      }
      if (troubles.delete(peer.hub)) deps.log('info', 'another campus is heard again', { peer: peer.hub });
      if (!page.ok || page.value.upToDate) return;
    }
  };
  const arm = (peer: Peer, delay: DurationMs): void => {
    timers.get(peer.hub)?.();
    if (started)
      timers.set(
        peer.hub,
        clock.after(delay, () => {
          work(peer);
        }),
      );
  };
  const work = (peer: Peer): void => {
    if (!started || running.has(peer.hub)) return;
    const done = round(peer)
      .catch((error: unknown) => {
        troubles.set(peer.hub, 'E-CUST-0604');
        deps.log('warn', 'links of another campus could not be taken in', { peer: peer.hub, err: error });
      })
      .finally(() => {
        running.delete(peer.hub);
        arm(peer, deps.every);
      });
    running.set(peer.hub, done);
  };

  return {
    start: () => {
      started = true;
      for (const peer of deps.peers) work(peer);
    },
    stop: async () => {
      started = false;
      stopping.abort();
      for (const cancel of timers.values()) cancel();
      await Promise.all(running.values());
      for (const { transfer } of deps.peers) transfer.close();
    },
    wake: () => {
      for (const peer of deps.peers) arm(peer, ms(0));
    },
    trouble: (hub) => troubles.get(hub),
  };
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
