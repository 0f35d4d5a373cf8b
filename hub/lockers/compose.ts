import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createTransfer } from '@hallhub/sync/adapters/http-feed';
import type { Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { ok } from '@hallhub/sync/base';
import { rawPublicKey } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { CalendarConfig } from '../calendar/index.ts';
import type { Config } from '../config/index.ts';
import type { Notifications } from '../notifications/index.ts';
import type { DataDir } from '../store/index.ts';
import { secretFile } from '../store/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Cabinets } from './cabinets.ts';
import { createCabinets } from './cabinets.ts';
import type { Chain, Linked, Order } from './chain.ts';
import { createChain } from './chain.ts';
import type { Consignments, NewDelivery } from './consignments.ts';
import { createConsignments, trackingHash } from './consignments.ts';
import type { Custody } from './custody.ts';
import { createCustody } from './custody.ts';
import type { Trusted } from './custody/signing.ts';
import { createSigner, createTrusted } from './custody/signing.ts';
import type { Forms } from './forms.ts';
import { createForms } from './forms.ts';
import { tellHall } from './outcomes.ts';
import { createAnswering } from './peers/answering.ts';
import type { Asking } from './peers/asking.ts';
import { createAsking } from './peers/asking.ts';
import { createPickUpCodes } from './pick-up-codes.ts';
import type { PickUpCodes } from './pick-up-codes.ts';
import type { Reconciliation } from './reconciliation.ts';
import { createReconciliation } from './reconciliation.ts';
import type { Runs } from './runs.ts';
import { createRuns } from './runs.ts';
import type { CabinetStore } from './store/cabinets.ts';
import { cabinetStore } from './store/cabinets.ts';
import { chainStore } from './store/chain.ts';
import type { ConsignmentStore } from './store/consignments.ts';
import { consignmentStore } from './store/consignments.ts';
import type { PeerStore } from './store/peers.ts';
import { peerStore } from './store/peers.ts';
import type { Readings } from './store/readings.ts';
import { readings } from './store/readings.ts';
import { runStore } from './store/runs.ts';
import type { Upkeep } from './upkeep.ts';
import { createUpkeep } from './upkeep.ts';

/** Cabinets, consignments, the runs between campuses and the chain that says who answers for what. */
export interface Lockers {
  readonly config: Config['lockers'];
  readonly chain: Chain;
  readonly custody: Custody;
  readonly consignments: Consignments;
  readonly cabinets: Cabinets;
  readonly codes: PickUpCodes;
  readonly runs: Runs;
  readonly reconciliation: Reconciliation;
  readonly forms: Forms;
  readonly rows: ConsignmentStore;
  readonly doors: CabinetStore;
  readonly readings: Readings;
  readonly peers: Asking;
  readonly peerStore: PeerStore;
  readonly upkeep: Upkeep;
  readonly trusted: Trusted;
  readonly answer: ReturnType<typeof createAnswering>;
  readonly key: { readonly hub: string; readonly keyId: string; readonly publicKey: string };
  /** A delivery that begins at a counter, dropped off there; given twice, it is one. Returns its id. */
  createOnce(what: NewDelivery, order: Order): Result<string>;
  /** Something changed that people look at. */
  onChange(listener: () => void): () => void;
  readonly chores: readonly {
    readonly name: string;
    readonly keepDays: number;
    readonly forget: (before: EpochMs) => number;
  }[];
  start(): void;
  stop(): Promise<void>;
}

export function createLockers(deps: {
  readonly config: Config;
  readonly calendar: CalendarConfig;
  readonly dir: DataDir;
  /** The hub's fencing epoch: a hub that was put back begins a chain of its own. */
  readonly incarnation: number;
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly outbox: Pick<Outbox, 'append'>;
  readonly notifications: Notifications;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Lockers {
  const { db, clock, random, vault, audit, notifications, incarnation } = deps;
  const { lockers: config, hub } = deps.config;
  const me = hub.id;

  const privateKey = createPrivateKey({
    key: secretFile(deps.dir, 'custody.key', () =>
      generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }),
    ),
    ...{ format: 'der', type: 'pkcs8' },
  });
  const publicKey = rawPublicKey(createPublicKey(privateKey));
  const signer = createSigner(me, privateKey);
  const trusted = createTrusted(
    new Map([
      [me, [{ keyId: me, publicKey }]],
      ...config.peers.map(
        (peer) => [peer.hub, Object.entries(peer.keys).map(([keyId, key]) => ({ keyId, publicKey: key }))] as const,
      ),
    ]),
  );

  const listeners = new Set<() => void>();
  const changed = (): void => {
    afterCommit(db, () => {
      for (const listener of listeners) listener();
    });
  };
  const store = chainStore(db);
  const read = readings(db);
  const rows = consignmentStore(db);
  const doors = cabinetStore(db);
  const peers = peerStore(db);

  const linked = (what: Linked): void => {
    tellHall(what, { me, outbox: deps.outbox, consignment: rows.get, case: read.case });
    // What ended elsewhere has ended here as well.
    for (const { id, after } of what.items)
      if (
        after &&
        (after.custodian.is === 'person' || after.custodian.is === 'nobody') &&
        rows.get(id)?.endedAt === null
      )
        rows.setEnded(id, clock.now());
    custody.heard(what);
    const { body } = what.link;
    if (what.own && 'cases' in body && body.cases.length > 0)
      for (const channel of config.alerts)
        notifications.notify({
          channel,
          text: `交接异常：${body.cases.map(({ kind }) => kind).join(', ')}。Custody: a case was opened at ${me}.`,
          dedupe: `locker-case/${what.hash}`,
        });
    changed();
  };
  const chain = createChain({
    ...{ db, clock, me, incarnation, signer, trusted, store, linked },
    readings: read,
    forked: (writer) => {
      audit.record({ actor: 'hub', action: 'lockers.fork', subject: `hub:${writer}` });
      deps.log('error', 'another campus has written two different links under one number', { hub: writer });
    },
  });
  const custody: Custody = createCustody({ db, chain, readings: read, signer });
  const consignments = createConsignments({
    ...{ clock, random, vault, chain, outbox: deps.outbox, store: rows },
    custody: () => custody,
    keepDays: config.keepDays,
  });
  const codes = createPickUpCodes({ clock, random, vault, store: doors });
  const cabinets = createCabinets({
    ...{ db, clock, random, store: doors, rows, consignments, codes, chain, custody, notifications },
    ...{ all: config.cabinets, notices: config.notices },
  });
  const runs = createRuns({
    ...{ me, lines: config.runs, calendar: deps.calendar, lateAfter: config.lateAfter, store: runStore(db) },
    boxes: new Map(
      config.busBoxes.map(({ id, keyFile }) => {
        const key = Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'base64');
        return [id, (text: string) => createHmac('sha256', key).update(text).digest()] as const;
      }),
    ),
  });
  const upkeep = createUpkeep({
    ...{ db, clock, chain, custody, rows, consignments, notifications },
    ...{ notices: config.notices, alerts: config.alerts },
    ...{ remindBefore: config.remindBefore, lateAfter: config.lateAfter },
  });
  const asking = createAsking({
    ...{ db, clock, random, me, signer, trusted, chain, consignments, store: peers, log: deps.log },
    every: config.pollPeers,
    peers: config.peers.flatMap(({ hub: other, url, caFile }) =>
      url === undefined
        ? []
        : [
            {
              ...{ hub: other, url },
              transfer: createTransfer({
                clock,
                ...(caFile !== undefined && { ca: readFileSync(caFile, 'utf8') }),
              }),
            },
          ],
    ),
  });
  return {
    ...{ config, chain, custody, consignments, cabinets, codes, runs, rows, doors, readings: read, trusted, upkeep },
    ...{ peers: asking, peerStore: peers },
    reconciliation: createReconciliation({ db, clock, random, audit, cabinets, store: doors, custody }),
    forms: createForms({ db, clock, random, audit }),
    answer: createAnswering({
      ...{ clock, me, incarnation, signer, trusted, store, consignments },
      peers: new Set(config.peers.map(({ hub: other }) => other)),
    }),
    createOnce: (what, order) =>
      transact(db, () => {
        const before = chain.ordered(order.id)?.body;
        if (before?.do === 'dropped-off') return ok(before.item.id);
        const { id, to, size } = consignments.create(what);
        const row = rows.get(id);
        const tracking = trackingHash((row && consignments.people(row)?.tracking) ?? '');
        const place = { at: 'desk' as const };
        const dropped = custody.dropOff({ id, to, size, tracking, premises: true, place, sure: true }, order);
        return dropped.ok ? ok(id) : dropped;
      }),
    key: { hub: me, keyId: me, publicKey },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    chores: [
      { name: 'who sent and got documents', keepDays: config.forgetDays, forget: (before) => rows.erase(before) },
      { name: 'what happened at doors of cabinets', keepDays: 730, forget: (before) => doors.forgetEvents(before) },
    ],
    start: () => {
      upkeep.start();
      asking.start();
    },
    stop: async () => {
      upkeep.stop();
      await asking.stop();
    },
  };
}
