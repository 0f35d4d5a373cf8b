import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { certificateHandler, certificateService } from '@hallhub/hub/certificates';
import { createGates } from '@hallhub/hub/gates';
import { createRequests } from '@hallhub/hub/requests';
import { noAgents } from '../../hub/gates/testing/no-agents.ts';
import type { Requests } from '@hallhub/hub/requests';
import { createAudit } from '@hallhub/hub/audit';
import { createVault } from '@hallhub/hub/vault';
import type { Vault } from '@hallhub/hub/vault';
import type { RandomBytes } from '@hallhub/sync/base';
import { epochMs, failure, ms, ok, systemClock, systemRandom } from '@hallhub/sync/base';
import { createVerifier, headers, mediaTypes, requestKinds, snapshotPageSchema } from '@hallhub/sync/contract';
import { createReplica } from '@hallhub/sync/replica';
import type { FeedSource } from '@hallhub/sync/replica';
import { aesGcmSealer, migrate, openDatabase, sqliteReplicaStore } from '@hallhub/sync/sqlite';
import { createExchange } from '../../sync/adapters/http-feed/exchange.ts';
import type { Transfer } from '../../sync/adapters/http-feed/transfer.ts';
import { schemaComponents } from '../../hub/parts.ts';
import { memoryOf, say } from './children.ts';
import type { PreparedHall, SignedPage } from './requests.ts';
import { HUB, NONCE, PAGE_SIZE, prepareImage } from './requests.ts';

/*
 * One first sync in a fresh process and a fresh file, by the replica (`replica`), by a bare loop that stores the same
 * requests and credentials (`bare`), or by one that stores the replica's bookkeeping, too (`bare-records`). `--no-crypto`
 * leaves out signatures, keyed hashes and sealing on either side. Says {seconds, cpuSeconds, peakBytes, …}.
 */
const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    mode: { type: 'string' },
    count: { type: 'string', default: '100000' },
    'no-crypto': { type: 'boolean', default: false },
    key: { type: 'string', default: '07'.repeat(32) },
  },
});
const crypto = !values['no-crypto'];
const clock = systemClock({ mode: 'production' });
const db = openDatabase({ file: join(values.folder ?? '', 'hub.db') });
migrate({ db, components: schemaComponents });
const vault = crypto ? createVault(Buffer.from(values.key, 'hex')) : plainVault();
const hall = prepareImage(Number(values.count), clock.now());
// What the hall would hold in its own memory; the process's peak beyond it is the sync's.
const preparedBytes = memoryOf('self').now;

const begun = performance.now();
const cpuBefore = process.cpuUsage();
if (values.mode === 'replica') await withReplica(hall);
else bareLoop(hall, values.mode === 'bare-records');
const seconds = (performance.now() - begun) / 1_000;
const cpu = process.cpuUsage(cpuBefore);
const cpuSeconds = (cpu.user + cpu.system) / 1_000_000;

const requests = db.prepare<[], number>('SELECT count(*) FROM request').pluck().get();
const passes = db.prepare<[], number>('SELECT count(*) FROM gate_pass').pluck().get();
const papers = db.prepare<[], number>('SELECT count(*) FROM certificate').pluck().get();
if (requests !== Number(values.count) || (passes ?? 0) + (papers ?? 0) !== requests) {
  throw new Error(`${requests} requests, ${passes} passes and ${papers} certificates of ${values.count}`);
}
db.close();
say({ seconds, cpuSeconds, peakBytes: memoryOf('self').peak, preparedBytes, requests });

/** The product: signed pages, schemas, one transaction a page with the cursor, projection into the domains' tables. */
async function withReplica({ keyId, publicKey, pages }: PreparedHall): Promise<void> {
  const random: RandomBytes = (size) => (size === NONCE.length ? NONCE : systemRandom(size));
  let served = 0;
  const transfer: Transfer = {
    send: () => {
      const { body, signature } = pages[served++] ?? { body: Buffer.alloc(0), signature: '' };
      return Promise.resolve(
        ok({ status: 200, headers: { 'content-type': mediaTypes.json, [headers.signature]: signature }, body }),
      );
    },
    close: () => undefined,
  };
  const exchange = createExchange({
    base: new URL('http://127.0.0.1/'),
    token: 'token',
    hub: HUB,
    epoch: 1,
    keys: [{ keyId, publicKey }],
    clock,
    random,
    transfer,
    timeout: ms(60_000),
    maxBytes: 32 << 20,
  });
  const down = () => Promise.resolve({ ok: false as const, error: { code: 'E-SYNC-0101', class: 'retry' } as const });
  const source: FeedSource = {
    image: async ({ signal }) => {
      const answer = await (crypto
        ? exchange({ method: 'GET', path: 'v1/snapshot', schema: snapshotPageSchema, signal })
        : unsigned(pages[served++]));
      if (!answer.ok) return answer;
      const { value } = answer.value;
      return ok({ ...value, asOf: epochMs(Date.parse(value.asOf)), sourceTime: answer.value.hallTime });
    },
    pull: down,
    pullRevocations: down,
    digest: down,
    bucket: down,
    records: down,
  };
  const requests = createDomains();
  const done = new Promise<void>((resolve) => {
    const replica = createReplica({
      source,
      store: sqliteReplicaStore({ db, source: 'hall', sealer: vault.sealer }),
      kinds: requestKinds,
      project: requests.project,
      clock,
      random: systemRandom,
      tuning: { pageSize: PAGE_SIZE },
    });
    replica.subscribe(({ loadingImage }) => {
      if (!loadingImage) void replica.stop().then(resolve);
    });
    replica.start();
  });
  await done;
}

/** Everything of the hub that has a say in what becomes of a change. */
function createDomains(): Requests {
  const audit = createAudit({ db, clock });
  const gates = createGates({
    db,
    clock,
    random: systemRandom,
    vault,
    audit,
    outbox: { append: () => undefined as never },
    host: { capability: () => undefined, health: () => undefined, onDevices: () => () => undefined },
    requests: () => requests,
    devices: [],
    agents: noAgents,
    calendar: { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] },
    areas: [],
    gates: [],
    pictureAge: () => undefined,
    clockTrusted: () => true,
    log: () => undefined,
  });
  const certificates = certificateService({
    db,
    clock,
    random: systemRandom,
    sealer: vault.sealer,
    keyedHash: (purpose, text) => vault.match(purpose, text).toString('hex'),
    pdf: {
      render: () => Promise.resolve(failure('E-CERT-0301')),
      inspect: () => Promise.resolve(failure('E-CERT-0301')),
      overprint: (pdf) => Promise.resolve(ok({ pdf })),
      memory: undefined,
      stop: () => Promise.resolve(),
    },
    issuer: {
      name: { zh: '示例大学', en: 'Specimen University' },
      office: { zh: '教务处', en: 'Office' },
      sealPurpose: '章',
    },
    verifyUrl: 'https://verify.example.edu/',
    timeZone: 'Asia/Shanghai',
    numberPrefix: 'H1',
    fetchDocument: () => Promise.resolve(failure('E-CERT-0205')),
    publish: () => undefined,
    audit: () => undefined,
    printers: { list: () => [], get: () => undefined },
    log: () => undefined,
  });
  const requests = createRequests({
    db,
    clock,
    vault,
    handlers: [...Object.values(gates.handlers), certificateHandler({ certificates, vault })],
  });
  return requests;
}

interface RawChange {
  readonly id: string;
  readonly kind: string;
  readonly revision: number;
  readonly validFrom: string;
  readonly validUntil: string;
  readonly committedAt: string;
  readonly data: {
    readonly people?: readonly { readonly document: { readonly number: string } }[];
    readonly gates?: readonly string[];
    readonly areas?: readonly string[];
    readonly student?: { readonly number: string; readonly residentId: string };
    readonly template?: string;
    readonly content?: object;
    readonly copiesAllowed?: number;
  };
}

/** The least that stores the same bytes: verify the page, parse it, hash credentials, seal, insert; a page a transaction. */
function bareLoop({ keyId, publicKey, pages }: PreparedHall, withRecords: boolean): void {
  const verify = createVerifier([{ keyId, publicKey }]);
  const key = Buffer.from(values.key, 'hex');
  const sealer = aesGcmSealer(key);
  const match = (type: string, value: string): Buffer =>
    crypto ? createHmac('sha256', key).update(`${type}:${value}`).digest().subarray(0, 16) : Buffer.from(value);
  const seal = (text: string, context: string): Uint8Array =>
    crypto ? sealer.seal(Buffer.from(text), context) : Buffer.from(text);
  const request = db.prepare('INSERT INTO request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const pass = db.prepare(
    'INSERT INTO gate_pass (credential, request_id, person, valid_from, valid_until, places) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const paper = db.prepare(
    `INSERT INTO certificate (certificate_id, revision, student_key, id_key, template, sealed, copies_allowed, valid_from, valid_until, state, received_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?)`,
  );
  const record = db.prepare('INSERT INTO replica_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const store = (change: RawChange, now: number): void => {
    const { id, kind, revision, data } = change;
    const [from, until, committed] = [change.validFrom, change.validUntil, change.committedAt].map(Date.parse);
    const sealed = seal(JSON.stringify(data), `request/${id}`);
    request.run(id, kind, revision, 'approved', from, until, committed, now, sealed);
    if (withRecords) record.run('hall', id, kind, 'upsert', revision, from, until, committed, 'applied', 1);
    if (data.people) {
      const places = [...(data.gates ?? []), ...(data.areas ?? [])].join(' ');
      for (const [person, { document }] of data.people.entries()) {
        pass.run(match('resident-id', document.number), id, person, from, until, places);
      }
    } else if (data.student) {
      const keys = [match('student-number', data.student.number), match('resident-id', data.student.residentId)];
      const content = seal(JSON.stringify([data.student, data.content]), `certificate/${id}`);
      const [student, resident] = keys.map((hash) => hash.toString('hex'));
      paper.run(id, revision, student, resident, data.template, content, data.copiesAllowed, from, until, now);
    }
  };
  for (const { body, signature } of pages) {
    if (crypto && !verify(body, signature)) throw new Error('a page that its hall did not sign');
    const { changes } = JSON.parse(body.toString()) as { changes: readonly RawChange[] };
    db.transaction(() => {
      const now = clock.now();
      for (const change of changes) store(change, now);
    }).immediate();
  }
}

function unsigned(page: SignedPage | undefined) {
  const parsed = snapshotPageSchema.parse(JSON.parse((page?.body ?? Buffer.from('{}')).toString()));
  return Promise.resolve(ok({ value: parsed, hallTime: epochMs(Date.parse(parsed.issuedAt)) }));
}

/** A vault that hides nothing: to see what the rest costs. */
function plainVault(): Vault {
  const sealer = { seal: (plain: Uint8Array) => plain, open: (sealed: Uint8Array) => sealed };
  return {
    sealer,
    match: (_type, value) => Buffer.from(value),
    seal: sealer.seal,
    open: (sealed) => ok(sealed),
    derive: () => Buffer.alloc(32),
  };
}
