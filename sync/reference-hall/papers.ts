import type { VerificationRecord } from '../contract/index.ts';
import { verificationRecordSchema } from '../contract/index.ts';
import type { Db } from '../sqlite/index.ts';
import type { VerificationRegister } from '../verification/index.ts';
import type { HallRequests } from './requests.ts';

/** What hubs have told of the papers that they issued. */
export interface Papers extends VerificationRegister {
  /** Joins the transaction under way; an older version than the one held does nothing. */
  keep(request: string, record: VerificationRecord): void;
}

interface PaperRow {
  readonly request: string;
  readonly record: string;
}

/** A request that was revoked here revokes its papers at once, whatever the hub has heard of it. */
export function createPapers({ db, requests }: { readonly db: Db; readonly requests: HallRequests }): Papers {
  const put = db.prepare(
    `INSERT INTO hall_paper (sha256, code_sha256, request, version, record)
       VALUES (@sha256, @code, @request, @version, @record)
     ON CONFLICT (sha256) DO UPDATE SET version = excluded.version, record = excluded.record, request = excluded.request
       WHERE excluded.version > hall_paper.version`,
  );
  const byFile = db.prepare<[string], PaperRow>('SELECT request, record FROM hall_paper WHERE sha256 = ?');
  const byCode = db.prepare<[string], PaperRow>('SELECT request, record FROM hall_paper WHERE code_sha256 = ?');
  const read = (row: PaperRow | undefined): VerificationRecord | undefined => {
    if (!row) return undefined;
    const record = verificationRecordSchema.parse(JSON.parse(row.record));
    const withdrawn = record.state === 'valid' && requests.get(row.request)?.state === 'revoked';
    return withdrawn ? { ...record, state: 'revoked' } : record;
  };
  return {
    keep: (request, record) => {
      const { sha256, codeSha256, version } = record;
      put.run({ sha256, code: codeSha256 ?? null, request, version, record: JSON.stringify(record) });
    },
    byFile: (sha256) => read(byFile.get(sha256)),
    byCode: (hash) => read(byCode.get(hash)),
  };
}
