import type { CloudEvent, VerificationRecord } from '../contract/index.ts';
import { certificateVerification, verificationRecordSchema, whereWrong } from '../contract/index.ts';
import type { Failure } from '../base/index.ts';
import type { Db } from '../sqlite/index.ts';
import type { VerificationRegister } from '../verification/index.ts';

/** The register of a site that knows of papers only what hubs told it. */
export interface TakenPapers extends VerificationRegister {
  /**
   * Keeps the record of an event; an older version than the one held, or a paper of another hub, changes nothing. Joins the
   * transaction under way. Errors: `E-VERIFY-0201` another kind of event, `0202` not of this hub, `0203` no record.
   */
  take(hub: string, event: CloudEvent): Failure | undefined;
}

export function takenPapers(db: Db): TakenPapers {
  const put = db.prepare(
    `INSERT INTO paper (sha256, code_sha256, hub, version, record) VALUES (@sha256, @code, @hub, @version, @record)
     ON CONFLICT (sha256) DO UPDATE SET version = excluded.version, record = excluded.record,
       code_sha256 = excluded.code_sha256
       WHERE excluded.version > paper.version AND excluded.hub = paper.hub`,
  );
  const byFile = db.prepare<[string], { record: string }>('SELECT record FROM paper WHERE sha256 = ?');
  const byCode = db.prepare<[string], { record: string }>('SELECT record FROM paper WHERE code_sha256 = ?');
  const read = (row: { readonly record: string } | undefined): VerificationRecord | undefined =>
    row && verificationRecordSchema.parse(JSON.parse(row.record));
  return {
    byFile: (sha256) => read(byFile.get(sha256)),
    byCode: (hash) => read(byCode.get(hash)),
    take: (hub, event) => {
      if (event.type !== certificateVerification.type) return { code: 'E-VERIFY-0201', detail: event.type };
      if (event.source !== `/hubs/${hub}`) return { code: 'E-VERIFY-0202' };
      const data = certificateVerification.schema.safeParse(event.data);
      if (!data.success) return { code: 'E-VERIFY-0203', detail: whereWrong(data.error) };
      const { record } = data.data;
      const { sha256, codeSha256, version } = record;
      put.run({ sha256, code: codeSha256 ?? null, hub, version, record: JSON.stringify(record) });
      return undefined;
    },
  };
}
