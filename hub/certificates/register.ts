import type { VerificationRecord } from '@hallhub/sync/contract';
import { type VerificationRegister, codeSha256 } from '@hallhub/sync/verification';
import { maskName } from '../vault/index.ts';
import { type Sealed, dayIn } from './issuing.ts';
import type { CertificateDeps, Paper } from './ports.ts';
import type { CertificateRow } from './store.ts';

/** The papers that were issued here, for whoever holds one. Callers of what changes it hold the transaction. */
export interface Register extends VerificationRegister {
  /** A paper was made: whatever the same request had before is replaced by it. */
  enter(row: CertificateRow, content: Sealed, sha256: string): void;
  /** Every paper of a request that still held good holds good no more. */
  withdraw(row: CertificateRow, state: 'revoked' | 'replaced'): void;
  /** Every record, with the request that it belongs to and its revision (1 where that is gone), oldest first. */
  all(): readonly Paper[];
}

interface RecordRow {
  readonly sha256: string;
  readonly codeSha256: string | null;
  readonly version: number;
  readonly state: VerificationRecord['state'];
  readonly sealed: Uint8Array;
}

type Told = Omit<VerificationRecord, 'sha256' | 'codeSha256' | 'version' | 'state'>;

const context = (sha256: string): string => `certificate-record:${sha256}`;

/** Every change is published with the whole record, so that the hall needs the newest one only. */
export function certificateRegister(
  deps: Pick<CertificateDeps, 'db' | 'clock' | 'sealer' | 'publish' | 'issuer' | 'timeZone'>,
  titleOf: (row: CertificateRow, content: Sealed) => VerificationRecord['title'],
): Register {
  const { db, sealer } = deps;
  const columns = 'sha256, code_sha256 AS codeSha256, version, state, sealed';
  const byFile = db.prepare<[string], RecordRow>(`SELECT ${columns} FROM certificate_record WHERE sha256 = ?`);
  const byCode = db.prepare<[string], RecordRow>(`SELECT ${columns} FROM certificate_record WHERE code_sha256 = ?`);
  const ofCertificate = db.prepare<[string], RecordRow>(
    `SELECT ${columns} FROM certificate_record WHERE certificate_id = ? ORDER BY rowid`,
  );
  const every = db.prepare<[], RecordRow & { readonly certificateId: string; readonly revision: number }>(
    `SELECT certificate_record.certificate_id AS certificateId, coalesce(certificate.revision, 1) AS revision,
       sha256, code_sha256 AS codeSha256, version, certificate_record.state, certificate_record.sealed
     FROM certificate_record LEFT JOIN certificate ON certificate.certificate_id = certificate_record.certificate_id
     ORDER BY certificate_record.rowid`,
  );
  const put = db.prepare(
    `INSERT INTO certificate_record (sha256, certificate_id, code_sha256, version, state, sealed)
     VALUES (@sha256, @certificateId, @codeSha256, @version, @state, @sealed)
     ON CONFLICT (sha256) DO UPDATE SET version = excluded.version, state = excluded.state, sealed = excluded.sealed`,
  );

  const open = ({ sha256, codeSha256: code, version, state, sealed }: RecordRow): VerificationRecord => {
    // Written by save() and by nothing else; the seal proves it.
    const told = JSON.parse(new TextDecoder().decode(sealer.open(sealed, context(sha256)))) as Told;
    return { sha256, ...(code !== null && { codeSha256: code }), version, state, ...told };
  };
  const save = ({ certificateId, revision }: CertificateRow, record: VerificationRecord): void => {
    const { sha256, codeSha256: code = null, version, state, ...told } = record;
    const sealed = sealer.seal(new TextEncoder().encode(JSON.stringify(told)), context(sha256));
    put.run({ sha256, certificateId, codeSha256: code, version, state, sealed });
    deps.publish({ type: 'certificate.verification', subject: certificateId, data: { revision, record } });
  };
  const withdraw = (row: CertificateRow, state: 'revoked' | 'replaced'): void => {
    for (const record of ofCertificate.all(row.certificateId).map(open)) {
      const holds = record.state === 'valid' || (record.state === 'revoked' && state === 'replaced');
      if (holds) save(row, { ...record, state, version: record.version + 1 });
    }
  };

  return {
    byFile: (sha256) => {
      const row = byFile.get(sha256);
      return row && open(row);
    },
    byCode: (hash) => {
      const row = byCode.get(hash);
      return row && open(row);
    },
    withdraw,
    all: () =>
      every.all().map((row) => ({ certificateId: row.certificateId, revision: row.revision, record: open(row) })),
    enter: (row, content, sha256) => {
      const before = byFile.get(sha256);
      withdraw(row, 'replaced');
      const { number, verificationCode } = row;
      save(row, {
        sha256,
        ...(verificationCode !== null && { codeSha256: codeSha256(verificationCode) }),
        // A ready PDF that is approved again is the very same file.
        version: (before ? (byFile.get(sha256)?.version ?? 0) : 0) + 1,
        state: 'valid',
        title: titleOf(row, content),
        issuer: deps.issuer.name,
        ...(number !== null && { number }),
        // What a PDF of the hall's own shows of a person is not known here.
        ...(content.document ? {} : { holder: maskName(content.studentName) }),
        issuedOn: dayIn(deps.timeZone, deps.clock.now()),
        validUntil: dayIn(deps.timeZone, row.validUntil),
      });
    },
  };
}
