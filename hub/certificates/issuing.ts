import { createHash } from 'node:crypto';
import {
  type Cancel,
  type EpochMs,
  type Failure,
  type Result,
  failure,
  fraction,
  minutes,
  ms,
  ok,
  plus,
  seconds,
} from '@hallhub/sync/base';
import { groupedCode, newCode } from '@hallhub/sync/verification';
import { transact } from '@hallhub/sync/sqlite';
import type { CertificateDeps, CertificateRequest } from './ports.ts';
import { checkReady } from './ready.ts';
import type { SignatureLevel } from './signing/index.ts';
import type { CertificateRow, CertificateStore } from './store.ts';

/** What is sealed in a certificate's row. */
export type Sealed = Pick<CertificateRequest, 'studentName' | 'studentNumber' | 'fields' | 'document'>;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** YYYY-MM-DD on campus. */
export function dayIn(timeZone: string, at: EpochMs): string {
  return new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(at);
}

export function sealRequest(
  { sealer }: Pick<CertificateDeps, 'sealer'>,
  certificateId: string,
  content: Sealed,
): Uint8Array {
  return sealer.seal(new TextEncoder().encode(JSON.stringify(content)), `certificate:${certificateId}:request`);
}

/** What the hall asked for; of a certificate that was forgotten nothing. */
export function openRequest({ sealer }: Pick<CertificateDeps, 'sealer'>, row: CertificateRow): Sealed {
  if (row.sealed.length === 0) return { studentName: '', studentNumber: '', fields: {} };
  // Written by sealRequest() and by nothing else; the seal proves it.
  return JSON.parse(
    new TextDecoder().decode(sealer.open(row.sealed, `certificate:${row.certificateId}:request`)),
  ) as Sealed;
}

export const documentContext = (certificateId: string): string => `certificate:${certificateId}:document`;

/** These pass by themselves; every other refusal stands until the hall sends a new revision or staff ask for it again. */
const passing = new Set([
  ...['E-CERT-0205', 'E-CERT-0301', 'E-CERT-0302', 'E-CERT-0303'],
  // The operator's to mend: a key, a certificate, a PIN, or a chain and a time stamp too long for their room.
  ...['E-CERT-0501', 'E-CERT-0502', 'E-CERT-0503', 'E-CERT-0504', 'E-CERT-0505'],
]);

const documentBytesAtMost = 20 << 20;
/** A signature with a time stamp and a few certificates takes some 6 kB. */
const SIGNATURE_BYTES = 16_384;
const batch = 20;

interface Drawn {
  readonly pdf: Uint8Array;
  readonly pages: number;
  readonly templateVersion: number | null;
  readonly signature: SignatureLevel | null;
}

export interface Issuer {
  issue(certificateId: string): Promise<Result<void>>;
  /** Soon after the transaction that is under way: there may be something to issue. */
  wake(): void;
  start(): void;
  stop(): Promise<void>;
}

/** Makes papers of approved requests, one after the other, and tries again what failed for a passing reason. */
export function issuing(
  deps: CertificateDeps,
  store: CertificateStore,
  templateVersion: (name: string) => number | undefined,
  told: {
    /** In the transaction that issues it: a paper is there. */
    readonly issued: (row: CertificateRow, content: Sealed, sha256: string) => void;
    readonly changed: (certificateId: string) => void;
  },
): Issuer {
  const { db, clock, pdf } = deps;
  const underWay = new Map<string, Promise<Result<void>>>();
  const misses = new Map<string, { readonly times: number; readonly notBefore: EpochMs }>();
  let running = false;
  /** Woken while a round was under way: its last look may have been too early. */
  let woken = false;
  let round: Promise<void> | undefined;
  let next: Cancel = () => undefined;

  /** A number once given is kept over retries: papers are numbered without surprises. */
  const named = (row: CertificateRow): { readonly number: string; readonly code: string } =>
    transact(db, () => {
      const known = store.get(row.certificateId);
      if (known?.number && known.verificationCode) {
        return { number: known.number, code: known.verificationCode };
      }
      const year = Number(dayIn(deps.timeZone, clock.now()).slice(0, 4));
      const number = `${deps.numberPrefix}${year}-${String(store.nextNumber(year)).padStart(6, '0')}`;
      const code = newCode(deps.random);
      store.name(row.certificateId, number, code);
      return { number, code };
    });

  const fetchReady = async (template: string, document: NonNullable<Sealed['document']>): Promise<Result<Drawn>> => {
    const got = await deps.fetchDocument(document, { maxBytes: documentBytesAtMost });
    if (!got.ok) return got;
    if (sha256(got.value) !== document.sha256.toLowerCase()) return failure('E-CERT-0206');
    const policy = deps.ready?.policyOf(template) ?? 'if-present';
    const signature = checkReady(got.value, { policy, roots: deps.ready?.roots ?? [], at: clock.now() });
    if (!signature.ok) return signature;
    const seen = await pdf.inspect(got.value);
    return seen.ok ? ok({ pdf: got.value, pages: seen.value.pages, templateVersion: null, signature: null }) : seen;
  };

  const draw = async (row: CertificateRow, content: Sealed): Promise<Result<Drawn>> => {
    const version = templateVersion(row.template);
    if (version === undefined) return failure('E-CERT-0201', row.template);
    const opened = await deps.signer?.open();
    if (opened && !opened.ok) return opened;
    const signer = opened?.value;
    const { number, code } = named(row);
    const made = await pdf.render({
      template: row.template,
      version,
      fields: content.fields,
      studentName: content.studentName,
      studentNumber: content.studentNumber,
      issuer: deps.issuer,
      certificateNumber: number,
      verificationCode: groupedCode(code),
      verifyUrl: deps.verifyUrl,
      issuedOn: dayIn(deps.timeZone, clock.now()),
      validUntil: dayIn(deps.timeZone, row.validUntil),
      ...(signer && { signature: { bytes: SIGNATURE_BYTES, name: signer.name, reason: deps.issuer.sealPurpose } }),
    });
    if (!made.ok) return made;
    const { pages } = made.value;
    if (!signer) return ok({ ...made.value, templateVersion: version, signature: null });
    const signed = await signer.sign(made.value.pdf);
    if (!signed.ok) return signed;
    return ok({ pdf: signed.value.pdf, pages, templateVersion: version, signature: signed.value.level });
  };

  const settle = (row: CertificateRow, content: Sealed, made: Result<Drawn>): Result<void> | 'outdated' =>
    transact(db, () => {
      const now = store.get(row.certificateId);
      // Each telling is sealed anew, so other bytes show a reopening even where the revision is the same.
      if (now?.state !== 'pending' || !Buffer.from(now.sealed).equals(row.sealed)) return 'outdated';
      if (!made.ok) return refuse(row, made.error);
      const documentSha256 = sha256(made.value.pdf);
      store.issue({
        certificateId: row.certificateId,
        templateVersion: made.value.templateVersion,
        signature: made.value.signature,
        documentSha256,
        pages: made.value.pages,
        sealedDocument: deps.sealer.seal(made.value.pdf, documentContext(row.certificateId)),
      });
      told.issued(now, content, documentSha256);
      misses.delete(row.certificateId);
      deps.publish({
        type: 'certificate.issued',
        subject: row.certificateId,
        data: {
          revision: row.revision,
          documentSha256,
          ...(now.number === null ? {} : { certificateNumber: now.number }),
        },
      });
      return ok();
    });

  const refuse = (row: CertificateRow, error: Failure): Result<void> => {
    const forGood = !passing.has(error.code);
    store.fail(row.certificateId, forGood ? 'refused' : 'pending', error.code, error.detail);
    // Tried again and refused for the same: the hall knows.
    const isNews = row.code !== error.code || row.detail !== (error.detail ?? null);
    if (forGood && isNews) {
      deps.publish({
        type: 'certificate.refused',
        subject: row.certificateId,
        data: {
          revision: row.revision,
          code: error.code,
          ...(error.detail === undefined ? {} : { detail: error.detail }),
        },
      });
    }
    if (!forGood) {
      const times = (misses.get(row.certificateId)?.times ?? 0) + 1;
      const delay = Math.min(minutes(5), seconds(2) * 2 ** Math.min(times, 8)) * (0.75 + fraction(deps.random) / 2);
      misses.set(row.certificateId, { times, notBefore: plus(clock.now(), ms(delay)) });
    }
    deps.log(forGood ? 'error' : 'warn', 'certificate not issued', {
      certificateId: row.certificateId,
      code: error.code,
    });
    return failure(error.code, error.detail);
  };

  const work = async (certificateId: string): Promise<Result<void>> => {
    for (;;) {
      const row = store.get(certificateId);
      if (!row) return failure('E-CERT-0101');
      if (row.state === 'revoked') return failure('E-CERT-0102');
      if (row.state === 'issued') return ok();
      if (row.state === 'refused') return failure(row.code ?? 'E-CERT-0101', row.detail ?? undefined);
      const content = openRequest(deps, row);
      const made = await (content.document ? fetchReady(row.template, content.document) : draw(row, content));
      const settled = settle(row, content, made);
      told.changed(certificateId);
      if (settled !== 'outdated') return settled;
    }
  };

  const issue = (certificateId: string): Promise<Result<void>> => {
    const already = underWay.get(certificateId);
    if (already) return already;
    const made = work(certificateId).finally(() => underWay.delete(certificateId));
    underWay.set(certificateId, made);
    return made;
  };

  const sweep = async (): Promise<void> => {
    for (;;) {
      const now = clock.now();
      const due = store.pending(now, batch + misses.size).filter((id) => (misses.get(id)?.notBefore ?? now) <= now);
      if (due.length === 0) return;
      for (const id of due) {
        if (!running) return;
        await issue(id);
      }
    }
  };

  const begin = (): void => {
    if (!running || round) return;
    round = sweep()
      .catch((error: unknown) => {
        deps.log('error', 'issuing stopped by a fault', { error: error instanceof Error ? error.name : 'unknown' });
      })
      .finally(() => {
        round = undefined;
        const delay = woken ? ms(0) : misses.size === 0 ? minutes(1) : seconds(2);
        woken = false;
        if (running) later(delay);
      });
  };
  const later = (delay: ReturnType<typeof ms>): void => {
    next();
    next = clock.after(delay, begin);
  };

  return {
    issue,
    wake: () => {
      woken = round !== undefined;
      if (running && !round) later(ms(0));
    },
    start: () => {
      running = true;
      begin();
    },
    stop: async () => {
      running = false;
      next();
      await round;
      await Promise.allSettled(underWay.values());
    },
  };
}
