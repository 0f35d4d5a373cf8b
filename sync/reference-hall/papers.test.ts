import fc from 'fast-check';
import { expect, it } from 'vitest';
import { iso, manualClock } from '../base/index.ts';
import type { VerificationRecord } from '../contract/index.ts';
import { migrate, openDatabase } from '../sqlite/index.ts';
import { createPapers } from './papers.ts';
import { createRequests } from './requests.ts';
import { hallSchema } from './schema.ts';

const record = (version: number): VerificationRecord => ({
  sha256: 'a'.repeat(64),
  codeSha256: 'b'.repeat(64),
  version,
  state: version === 1 ? 'valid' : version === 2 ? 'revoked' : 'replaced',
  title: { zh: '在读证明', en: 'Certificate of Enrolment' },
  issuer: { zh: '示例大学', en: 'Specimen University' },
  issuedOn: '2026-03-01',
  validUntil: '2026-08-31',
});

it('of one paper the highest version counts, in whatever order and however often hubs tell it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 12 }), (told) => {
      const db = openDatabase({ file: ':memory:' });
      migrate({ db, components: [hallSchema] });
      const clock = manualClock();
      const requests = createRequests({ db, clock, committed: () => undefined });
      const papers = createPapers({ db, requests });
      for (const version of told) papers.keep('C-1', record(version));
      const newest = record(Math.max(...told));
      expect(papers.byFile(newest.sha256)).toEqual(newest);
      expect(papers.byCode(newest.codeSha256 ?? '')).toEqual(newest);
      expect(papers.byCode('c'.repeat(64))).toBeUndefined();
      db.close();
    }),
    { numRuns: 40 },
  );
});

it('a request that is revoked here revokes its paper, though the hub has not told so yet', () => {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [hallSchema] });
  const clock = manualClock();
  const requests = createRequests({ db, clock, committed: () => undefined });
  const papers = createPapers({ db, requests });
  const now = iso(clock.now());
  requests.commit([
    {
      op: 'upsert',
      kind: 'certificate',
      schemaVersion: '1.1',
      id: 'C-1',
      revision: 1,
      validFrom: now,
      validUntil: '2099-01-01T00:00:00Z',
      data: {},
    },
  ]);
  papers.keep('C-1', record(1));
  expect(papers.byFile('a'.repeat(64))?.state).toBe('valid');
  expect(requests.revoke('C-1', '撤回')).toEqual({ ok: true });
  expect(papers.byFile('a'.repeat(64))).toEqual({ ...record(1), state: 'revoked' });
  db.close();
});
