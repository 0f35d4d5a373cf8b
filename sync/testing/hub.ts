import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpHall } from '../adapters/http-feed/index.ts';
import type { HttpHall, HttpHallOptions } from '../adapters/http-feed/index.ts';
import { ms, systemClock, systemRandom } from '../base/index.ts';
import { requestKinds } from '../contract/index.ts';
import type { RequestChange } from '../contract/index.ts';
import { createOutbox } from '../outbox/index.ts';
import type { Outbox } from '../outbox/index.ts';
import { createReplica } from '../replica/index.ts';
import type { Project, Replica } from '../replica/index.ts';
import type { ReferenceHall } from '../reference-hall/index.ts';
import {
  aesGcmSealer,
  migrate,
  openDatabase,
  outboxSchema,
  replicaSchema,
  sqliteOutboxStore,
  sqliteReplicaStore,
} from '../sqlite/index.ts';
import type { Db } from '../sqlite/index.ts';

export const testToken = 'test-token-of-hub-1';

export interface TestHub {
  readonly db: Db;
  readonly link: HttpHall;
  readonly replica: Replica;
  readonly outbox: Outbox;
  /** What was projected, newest state of each id. */
  readonly projected: Map<string, RequestChange>;
  close(): Promise<void>;
}

/** A hub's half of the mechanism on a real file and real sockets. */
export function startTestHub(
  hall: ReferenceHall,
  options: {
    readonly file: string;
    readonly project?: Project<RequestChange>;
    readonly link?: Partial<HttpHallOptions>;
  },
): TestHub {
  const clock = systemClock({ mode: 'test' });
  const db = openDatabase({ file: options.file });
  migrate({ db, components: [replicaSchema, outboxSchema] });
  const sealer = aesGcmSealer(new Uint8Array(32).fill(7));
  const link = createHttpHall({
    url: hall.url,
    token: testToken,
    hub: 'hub-1',
    epoch: 1,
    keys: [{ keyId: hall.keyId, publicKey: hall.publicKey }],
    clock,
    random: systemRandom,
    ...options.link,
  });
  const projected = new Map<string, RequestChange>();
  const quick = { backoffFirst: ms(10), backoffMax: ms(50) };
  const replica = createReplica({
    source: link.source,
    store: sqliteReplicaStore({ db, source: 'hall', sealer }),
    kinds: requestKinds,
    project: (change) => {
      const result = options.project?.(change);
      if (!result || result.ok) projected.set(change.id, change);
      return result;
    },
    clock,
    random: systemRandom,
    tuning: { ...quick, idle: ms(20) },
  });
  const outbox = createOutbox({
    sink: link.sink,
    store: sqliteOutboxStore({ db, name: 'hall', sealer }),
    hub: 'hub-1',
    epoch: options.link?.epoch ?? 1,
    clock,
    random: systemRandom,
    tuning: quick,
  });
  return {
    db,
    link,
    replica,
    outbox,
    projected,
    close: async () => {
      await Promise.all([replica.stop(), outbox.stop()]);
      link.close();
      db.close();
    },
  };
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'hallhub-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
