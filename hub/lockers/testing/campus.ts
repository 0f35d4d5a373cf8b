import { generateKeyPairSync } from 'node:crypto';
import type { ManualClock, Result } from '@hallhub/sync/base';
import { epochMs, manualClock } from '@hallhub/sync/base';
import { rawPublicKey } from '@hallhub/sync/contract';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { Chain, Linked, Order } from '../chain.ts';
import { createChain } from '../chain.ts';
import type { Custody } from '../custody.ts';
import { createCustody } from '../custody.ts';
import type { Signer, Trusted } from '../custody/signing.ts';
import { createSigner, createTrusted } from '../custody/signing.ts';
import { lockersSchema } from '../schema.ts';
import type { ChainStore } from '../store/chain.ts';
import { chainStore } from '../store/chain.ts';
import type { Readings } from '../store/readings.ts';
import { readings } from '../store/readings.ts';

/** Monday 2026-11-23, 10:00 in Shanghai. */
export const MONDAY = epochMs(Date.UTC(2026, 10, 23, 2));

/** The chain of one hub on a database of its own. */
export interface CampusHub {
  readonly name: string;
  readonly db: Db;
  readonly store: ChainStore;
  readonly readings: Readings;
  readonly chain: Chain;
  readonly custody: Custody;
  readonly linked: readonly Linked[];
  readonly forked: readonly string[];
  /** Its process dies in the transaction of the next link that it writes. */
  dieAtNextLink(): void;
  stayAlive(): void;
  order(id: string, witness?: string): Order;
}

export class Died extends Error {
  override readonly name = 'Died';
}

export interface Keys {
  readonly trusted: Trusted;
  signer(hub: string): Signer;
}

export function makeKeys(hubs: readonly string[]): Keys {
  const pairs = new Map(hubs.map((hub) => [hub, generateKeyPairSync('ed25519')] as const));
  const trusted = createTrusted(
    new Map(
      [...pairs].map(([hub, { publicKey }]) => [hub, [{ keyId: hub, publicKey: rawPublicKey(publicKey) }]] as const),
    ),
  );
  return {
    trusted,
    signer: (hub) => {
      const pair = pairs.get(hub);
      if (!pair) throw new Error(`no key for ${hub}`);
      return createSigner(hub, pair.privateKey);
    },
  };
}

export function openCampusHub(
  name: string,
  { keys, clock = manualClock(MONDAY), incarnation = 1 }: { keys: Keys; clock?: ManualClock; incarnation?: number },
): CampusHub {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [lockersSchema] });
  const store = chainStore(db);
  const read = readings(db);
  const linked: Linked[] = [];
  const forked: string[] = [];
  let dying = false;
  const chain = createChain({
    ...{ db, clock, me: name, incarnation, store, readings: read },
    ...{ signer: keys.signer(name), trusted: keys.trusted },
    linked: (what) => {
      if (dying && what.own) {
        dying = false;
        throw new Died(name);
      }
      linked.push(what);
      custody.heard(what);
    },
    forked: (hub) => {
      forked.push(hub);
    },
  });
  const custody = createCustody({ db, chain, readings: read, signer: keys.signer(name) });
  return {
    ...{ name, db, store, readings: read, chain, custody, linked, forked },
    dieAtNextLink: () => {
      dying = true;
    },
    stayAlive: () => {
      dying = false;
    },
    order: (id, witness) => ({ id: `${name}/${id}`, by: 'staff:a', ...(witness !== undefined && { witness }) }),
  };
}

/** What a hub is told by another: the links from a position on, as its feed gives them. Returns how far it has come. */
export function hear(from: CampusHub, to: CampusHub, position: number, most: number): number {
  const links = from.store.after(position, most);
  const taken: Result<unknown> = to.chain.ingest(links.map(({ position: _position, ...signed }) => signed));
  if (!taken.ok) throw new Error(`${taken.error.code} ${taken.error.detail ?? ''}`);
  return links.at(-1)?.position ?? position;
}
