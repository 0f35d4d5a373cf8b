import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { type Clock, epochMs, failure, ok, systemRandom } from '@hallhub/sync/base';
import type { VerificationRecord } from '@hallhub/sync/contract';
import { type Db, migrate, openDatabase } from '@hallhub/sync/sqlite';
import type { PrinterHandle } from '../edge.ts';
import type {
  CertificateAudit,
  CertificateDeps,
  CertificateEvent,
  CertificateRequest,
  CertificateService,
  Sealer,
} from '../ports.ts';
import { certificateSchema } from '../schema.ts';
import { certificateService } from '../service.ts';
import { issuer } from './sample.ts';

const key = Buffer.alloc(32, 7);

/** AES-256-GCM as the hub does it: the context is authenticated with the bytes. */
export const testSealer: Sealer = {
  seal: (plain, context) => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  },
  open: (sealed, context) => {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(-16));
    return Uint8Array.from(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]));
  },
};

/** A page that a printer can count, made without fonts. */
export const tinyPdf = (pages: number): Uint8Array =>
  new TextEncoder().encode(`%PDF-1.7\n${'<< /Type /Page >>\n'.repeat(pages)}%%EOF\n${' '.repeat(100_000)}`);

export interface TestService {
  readonly service: CertificateService;
  readonly db: Db;
  /** Read back from the table that stands for the hub's outbox. */
  readonly events: () => readonly CertificateEvent[];
  /** Of the same table, what anybody may check. */
  readonly records: () => readonly VerificationRecord[];
  readonly audits: CertificateAudit[];
  readonly close: () => Promise<void>;
}

/** The service over a real database file, with an outbox table written in its transactions. */
export function testService(options: {
  readonly file: string;
  readonly clock: Clock;
  readonly printers: readonly PrinterHandle[];
  readonly change?: Partial<CertificateDeps>;
}): TestService {
  const db = openDatabase({ file: options.file });
  migrate({ db, components: [certificateSchema] });
  db.exec('CREATE TABLE IF NOT EXISTS test_outbox (event TEXT NOT NULL)');
  const audits: CertificateAudit[] = [];
  const published = (): readonly CertificateEvent[] =>
    db
      .prepare<[], { event: string }>('SELECT event FROM test_outbox ORDER BY rowid')
      .all()
      .map(({ event }) => JSON.parse(event) as CertificateEvent);
  const service = certificateService({
    db,
    clock: options.clock,
    random: systemRandom,
    sealer: testSealer,
    keyedHash: (purpose, text) => createHmac('sha256', key).update(`${purpose}\0${text}`).digest('hex'),
    pdf: {
      render: () => Promise.resolve(ok({ pdf: tinyPdf(1), pages: 1 })),
      inspect: () => Promise.resolve(ok({ pages: 1 })),
      overprint: (pdf) => Promise.resolve(ok({ pdf })),
      memory: undefined,
      stop: () => Promise.resolve(),
    },
    issuer,
    verifyUrl: 'https://hall.example.edu.cn/verify',
    timeZone: 'Asia/Shanghai',
    numberPrefix: 'HH',
    fetchDocument: () => Promise.resolve(failure('E-CERT-0205')),
    publish: (event) => {
      db.prepare('INSERT INTO test_outbox (event) VALUES (?)').run(JSON.stringify(event));
    },
    audit: (entry) => {
      audits.push(entry);
    },
    printers: {
      get: (printerId) => options.printers.find((handle) => handle.printerId === printerId),
      list: () => options.printers,
    },
    log: () => undefined,
    ...options.change,
  });
  return {
    service,
    db,
    audits,
    events: () => published().filter(({ type }) => type !== 'certificate.verification'),
    records: () => published().flatMap(({ data: { record } }) => record ?? []),
    close: async () => {
      await service.stop();
      db.close();
    },
  };
}

export const student = { number: '20230417086' } as const;
export const asStudent = { kind: 'student', student } as const;

export function request(change: Partial<CertificateRequest> = {}): CertificateRequest {
  return {
    requestId: 'request-1',
    revision: 1,
    studentNumber: student.number,
    studentName: '林知夏',
    template: 'enrolment',
    fields: { gender: '女' },
    copiesAllowed: 2,
    validFrom: epochMs(0),
    validUntil: epochMs(9_000_000_000_000),
    ...change,
  };
}
