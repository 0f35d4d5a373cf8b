import { type Result, failure, ok } from '@hallhub/sync/base';
import { transact } from '@hallhub/sync/sqlite';
import type { PrintRunner } from './edge.ts';
import type { CertificateDeps, CertificateEvent, CertificateService, PrintJobView } from './ports.ts';
import { type PrintAttempt, isEnded, withdraw } from './rules.ts';
import type { AttemptRow, CertificateStore } from './store.ts';

/** What staff decide about papers and prints; every one is audited in its own transaction. */
export function staffDecisions(
  deps: Pick<CertificateDeps, 'db' | 'clock' | 'audit' | 'printers'> & {
    readonly store: CertificateStore;
    readonly runner: Pick<PrintRunner, 'holds'>;
    readonly save: (attempt: PrintAttempt) => void;
    readonly publishPrint: (attempt: PrintAttempt, type: CertificateEvent['type'], copies: number) => void;
    readonly tell: (change: { readonly certificateId: string; readonly attemptId?: string }) => void;
    readonly jobView: (row: AttemptRow) => PrintJobView;
    /** There is something to issue. */
    readonly wake: () => void;
  },
): Pick<CertificateService, 'resolveUncertain' | 'cancel' | 'makeAgain' | 'giveBackSpoiled'> {
  const { db, clock, store, runner, save, publishPrint, tell, jobView } = deps;
  return {
    resolveUncertain: (attemptId, { copiesFound }, staffId, reason) =>
      transact(db, () => {
        const row = store.attempt(attemptId);
        if (!row) return failure('E-CERT-0407');
        const { attempt } = row;
        if (attempt.state !== 'uncertain' || row.resolution) return failure('E-CERT-0408');
        if (!Number.isInteger(copiesFound) || copiesFound < 0 || copiesFound > attempt.copies)
          return failure('E-CERT-0402');
        if (reason.trim() === '') return failure('E-CERT-0409');
        const isLeft = attempt.orphan && deps.printers.get(attempt.printerId) !== undefined;
        if (isLeft && copiesFound < attempt.copies) return failure('E-CERT-0414');
        store.resolve(attemptId, copiesFound, staffId, clock.now());
        deps.audit({
          actor: staffId,
          action: 'certificate.resolve-uncertain',
          subject: attempt.certificateId,
          reason,
          detail: { attemptId, copies: attempt.copies, copiesFound, sidesCounted: attempt.impressions },
        });
        publishPrint(attempt, copiesFound > 0 ? 'certificate.printed' : 'certificate.not-printed', copiesFound);
        tell({ certificateId: attempt.certificateId, attemptId });
        return ok(jobView({ ...row, resolution: { copiesFound, staffId, at: clock.now() } }));
      }),
    cancel: (attemptId, staffId, reason) =>
      transact(db, () => {
        const row = store.attempt(attemptId);
        if (!row) return failure('E-CERT-0407');
        if (isEnded(row.attempt.state)) return failure('E-CERT-0411');
        if (reason.trim() === '') return failure('E-CERT-0409');
        store.withdraw(attemptId, staffId);
        deps.audit({
          actor: staffId,
          action: 'certificate.cancel-print',
          subject: row.attempt.certificateId,
          reason,
          detail: { attemptId, state: row.attempt.state, sidesCounted: row.attempt.impressions },
        });
        // Its turn may be far away. What is under way sees it before its next step.
        const ended = runner.holds(attemptId) ? undefined : withdraw(row.attempt, clock.now());
        if (ended && !ended.effect) save(ended.attempt);
        else tell({ certificateId: row.attempt.certificateId, attemptId });
        return ok(jobView(store.attempt(attemptId) ?? row));
      }),
    makeAgain: (certificateId, staffId, reason) =>
      transact(db, (): Result<void> => {
        const row = store.get(certificateId);
        if (!row) return failure('E-CERT-0101');
        if (row.state !== 'refused') return failure('E-CERT-0107', row.state);
        if (reason.trim() === '') return failure('E-CERT-0409');
        store.retry(certificateId);
        deps.audit({
          actor: staffId,
          action: 'certificate.make-again',
          subject: certificateId,
          reason,
          detail: { ...(row.code !== null && { code: row.code }) },
        });
        deps.wake();
        tell({ certificateId });
        return ok();
      }),
    giveBackSpoiled: (attemptId, copies, staffId, reason) =>
      transact(db, () => {
        const row = store.attempt(attemptId);
        if (!row) return failure('E-CERT-0407');
        const { attempt } = row;
        const cameOut = attempt.state === 'printed' ? attempt.copies : (row.resolution?.copiesFound ?? 0);
        if (!Number.isInteger(copies) || copies < 1 || copies > cameOut - row.spoiled) return failure('E-CERT-0402');
        if (reason.trim() === '') return failure('E-CERT-0409');
        store.spoil(attemptId, copies);
        deps.audit({
          actor: staffId,
          action: 'certificate.copy-spoiled',
          subject: attempt.certificateId,
          reason,
          detail: { attemptId, copies },
        });
        tell({ certificateId: attempt.certificateId, attemptId });
        return ok(jobView({ ...row, spoiled: row.spoiled + copies }));
      }),
  };
}
