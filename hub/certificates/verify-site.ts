import { readFileSync } from 'node:fs';
import { createHttpHall } from '@hallhub/sync/adapters/http-feed';
import { type Clock, type RandomBytes, iso } from '@hallhub/sync/base';
import { certificateVerification } from '@hallhub/sync/contract';
import { type NewEvent, type Outbox, createOutbox } from '@hallhub/sync/outbox';
import { type Db, type Sealer, sqliteOutboxStore, transact } from '@hallhub/sync/sqlite';
import type { Config } from '../config/index.ts';
import type { CertificateService } from './ports.ts';

/** A site in a DMZ that is told of every paper, through an outbox of its own beside the hall's. */
export interface VerifySiteLink {
  /** Joins the transaction under way. */
  tell(event: NewEvent): void;
  /** A site that was never told before hears of every paper that there is. */
  start(): void;
  status(): ReturnType<Outbox['status']>;
  stop(): Promise<void>;
}

/** @throws where the token cannot be read or the address is neither HTTPS nor loopback; the configuration was checked before. */
export function joinVerifySite(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly sealer: Sealer;
  readonly site: NonNullable<Config['certificates']['verification']['site']>;
  readonly hub: string;
  readonly epoch: number;
  readonly fault: (error: unknown) => void;
  readonly papers: CertificateService['papers'];
}): VerifySiteLink {
  const { db, clock, random, site, hub, epoch, fault } = deps;
  const keys = Object.entries(site.keys).map(([keyId, publicKey]) => ({ keyId, publicKey }));
  const end = createHttpHall({
    url: site.url,
    token: readFileSync(site.tokenFile, 'utf8').trim(),
    ...(site.caFile !== undefined && { ca: readFileSync(site.caFile, 'utf8') }),
    ...{ hub, epoch, keys, clock, random },
  });
  const store = sqliteOutboxStore({ db, name: 'verify-site', sealer: deps.sealer });
  const outbox = createOutbox({ sink: end.sink, store, hub, epoch, clock, random, fault });
  // Another key is another site: whoever loses the database loses the key that lies beside it.
  const identity = [site.url, ...keys.map(({ publicKey }) => publicKey).sort()].join(' ');
  const known = db.prepare<[string], { at: number }>('SELECT at FROM verify_site WHERE identity = ?');
  const remember = db.prepare('INSERT INTO verify_site (identity, at) VALUES (?, ?)');
  return {
    tell: (event) => {
      outbox.append(event);
    },
    start: () => {
      transact(db, () => {
        if (known.get(identity)) return;
        remember.run(identity, clock.now());
        for (const { certificateId, revision, record } of deps.papers()) {
          const data = { revision, at: iso(clock.now()), record };
          outbox.append({ type: certificateVerification, subject: certificateId, data });
        }
      });
      outbox.start();
    },
    status: () => outbox.status(),
    stop: async () => {
      await outbox.stop();
      end.close();
    },
  };
}
