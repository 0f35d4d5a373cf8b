import { type Cancel, type Result, err, failure, ms, ok, uuidv7 } from '@hallhub/sync/base';
import { transact } from '@hallhub/sync/sqlite';
import { printerProblem } from '@hallhub/device-drivers/capabilities';
import { type PrintJournal, type PrinterHandle, printRunner } from './edge.ts';
import { type Sealed, dayIn, documentContext, issuing, openRequest, sealRequest, sha256 } from './issuing.ts';
import type {
  CertificateDeps,
  CertificateEvent,
  CertificateRequest,
  CertificateService,
  CertificateView,
  PrintIdentity,
  PrintJobView,
  StudentKey,
} from './ports.ts';
import { prepareDocument } from './prepare.ts';
import { printerChecks } from './printers.ts';
import { type PrintAttempt, expire, isEnded, mayPrint, newAttempt, strand } from './rules.ts';
import { certificateRegister } from './register.ts';
import { staffDecisions } from './staff-decisions.ts';
import { type AttemptRow, type CertificateRow, certificateStore } from './store.ts';
import type { PrinterVerdict } from './suitability.ts';
import { loadTemplates } from './templates/index.ts';

/** A few hundred documents leave the database within some milliseconds. */
const FORGET_AT_ONCE = 200;

export function certificateService(deps: CertificateDeps): CertificateService {
  const { db, clock } = deps;
  const store = certificateStore(db);
  const templates = deps.templates ?? loadTemplates();
  const expiries = new Map<string, Cancel>();
  const listeners = new Set<(change: { readonly certificateId: string; readonly attemptId?: string }) => void>();
  /** Listeners look into the database, which is closed by then. */
  let hasStopped = false;
  const today = (): string => dayIn(deps.timeZone, clock.now());
  /** Told in a turn of its own, so that the transaction under way is over and no listener can break it. */
  const tell = (change: { readonly certificateId: string; readonly attemptId?: string }): void => {
    clock.after(ms(0), () => {
      if (hasStopped) return;
      for (const listener of listeners) listener(change);
    });
  };
  const titleOf = (row: CertificateRow, { document }: Pick<Sealed, 'document'>): CertificateView['title'] => {
    const template = templates.get(row.template, row.templateVersion ?? undefined) ?? templates.get(row.template);
    return document?.title ?? template?.title ?? { zh: row.template, en: row.template };
  };
  const register = certificateRegister(deps, titleOf);
  const issuer = issuing(deps, store, (name) => templates.get(name)?.version, {
    issued: (row, content, documentSha256) => {
      register.enter(row, content, documentSha256);
    },
    changed: (certificateId) => {
      tell({ certificateId });
    },
  });

  const belongs = (row: CertificateRow, { idKey, number, certificateIds }: StudentKey): boolean =>
    (idKey !== undefined && row.idKey === idKey) ||
    (number !== undefined && row.studentKey === deps.keyedHash('student-number', number)) ||
    certificateIds?.includes(row.certificateId) === true;

  const view = (row: CertificateRow): CertificateView => {
    const request = openRequest(deps, row);
    return {
      certificateId: row.certificateId,
      revision: row.revision,
      template: row.template,
      title: titleOf(row, request),
      studentName: request.studentName,
      state: row.state,
      copiesAllowed: row.copiesAllowed,
      copiesUsed: store.copiesUsed(row.certificateId),
      validFrom: row.validFrom,
      validUntil: row.validUntil,
      ...(clock.now() < row.validFrom && { untimely: 'not-yet' }),
      ...(clock.now() >= row.validUntil && { untimely: 'over' }),
      ...(row.templateVersion === null ? {} : { templateVersion: row.templateVersion }),
      ...(row.number === null ? {} : { certificateNumber: row.number }),
      ...(row.pages === null ? {} : { pages: row.pages }),
      ...(row.documentSha256 === null ? {} : { documentSha256: row.documentSha256 }),
      ...(row.signature === null ? {} : { signature: row.signature }),
      ...(row.code === null ? {} : { code: row.code }),
      ...(row.detail === null ? {} : { detail: row.detail }),
    };
  };

  /** Commits the attempt, and with it what the hall must know of its end. */
  const save = (attempt: PrintAttempt): void => {
    transact(db, () => {
      const before = store.attempt(attempt.attemptId)?.attempt.state;
      store.saveAttempt(attempt, today());
      const justEnded = isEnded(attempt.state) && (before === undefined || !isEnded(before));
      // Of a job without a sheet the hall has nothing to know: its copies are simply free again.
      if (justEnded && attempt.state !== 'not-printed') {
        publishPrint(attempt, `certificate.${attempt.state === 'printed' ? 'printed' : 'uncertain'}`, attempt.copies);
      }
    });
    tell({ certificateId: attempt.certificateId, attemptId: attempt.attemptId });
  };
  const publishPrint = (attempt: PrintAttempt, type: CertificateEvent['type'], copies: number): void => {
    const row = store.get(attempt.certificateId);
    deps.publish({
      type,
      subject: attempt.certificateId,
      data: {
        revision: row?.revision ?? 0,
        attemptId: attempt.attemptId,
        copies,
        printerId: attempt.printerId,
        documentSha256: attempt.documentSha256,
        ...(row?.number ? { certificateNumber: row.number } : {}),
        ...(attempt.code === undefined ? {} : { code: attempt.code }),
      },
    });
  };

  const openDocument = (row: CertificateRow): Result<Uint8Array> => {
    const sealed = store.document(row.certificateId);
    if (!sealed) return failure('E-CERT-0101', 'no document');
    const pdf = deps.sealer.open(sealed, documentContext(row.certificateId));
    return sha256(pdf) === row.documentSha256 ? ok(pdf) : failure('E-CERT-0206', 'stored document');
  };

  const printable = (
    attempt: PrintAttempt,
  ): Result<{ readonly row: CertificateRow; readonly pdf: Uint8Array; readonly ready: boolean }> => {
    const row = store.get(attempt.certificateId);
    if (row?.state === 'revoked') return failure('E-CERT-0102');
    if (row?.documentSha256 !== attempt.documentSha256) return failure('E-CERT-0106');
    if (clock.now() >= row.validUntil) return failure('E-CERT-0104');
    const pdf = openDocument(row);
    return pdf.ok ? ok({ row, pdf: pdf.value, ready: openRequest(deps, row).document !== undefined }) : pdf;
  };

  const journal: PrintJournal = {
    save,
    unfinished: (printerId) => store.unfinished(printerId).map(({ attempt }) => attempt),
    orphans: (printerId) => store.orphans(printerId).map(({ attempt }) => attempt),
    isWithdrawn: store.isWithdrawn,
    document: async (attempt) => {
      const before = printable(attempt);
      if (!before.ok) return before;
      const paper = { template: before.value.row.template, ready: before.value.ready };
      const run = deps.overprint?.(paper) === true ? attempt.run : undefined;
      const prepared = await prepareDocument(deps, before.value.pdf, attempt, run);
      if (!prepared.ok) return prepared;
      // It took a while to make, and a revocation counts until the first byte leaves.
      const after = printable(attempt);
      return after.ok ? prepared : after;
    },
  };
  const runner = printRunner({
    clock,
    journal,
    printers: deps.printers,
    onFault: (printerId, error) => {
      deps.log('error', 'printing stopped by a fault', {
        printerId,
        error: error instanceof Error ? error.name : 'unknown',
      });
    },
  });

  const checks = printerChecks({
    clock,
    store,
    printers: deps.printers,
    ...(deps.raster && { rasterDpi: deps.raster.dpi }),
    onFault: (error) => {
      deps.log('error', 'looking at printers stopped by a fault', {
        error: error instanceof Error ? error.name : 'unknown',
      });
    },
  });
  /** Behind a job that is stuck nobody's turn comes; who has gone is not printed for later. */
  const expireLater = ({ attemptId, startBy }: PrintAttempt): void => {
    const timer = clock.after(ms(Math.max(0, startBy - clock.now())), () => {
      expiries.delete(attemptId);
      const attempt = store.attempt(attemptId)?.attempt;
      if (attempt?.state !== 'queued' || runner.holds(attemptId)) return;
      const expired = expire(attempt, clock.now());
      if (expired) save(expired);
      // The wall clock was put back meanwhile.
      else expireLater(attempt);
    });
    expiries.set(attemptId, timer);
  };
  const jobView = (row: AttemptRow): PrintJobView => {
    const { attemptId, printerId, state } = row.attempt;
    if (isEnded(state)) return jobFigures(row);
    const before = store.unfinished(printerId).findIndex(({ attempt }) => attempt.attemptId === attemptId);
    return {
      ...jobFigures(row),
      before: Math.max(0, before),
      ...(store.isWithdrawn(attemptId) && { withdrawn: true }),
    };
  };

  /** What an order has become that was sent before; undefined: it is new, or nobody named it. */
  const orderedBefore = (
    orderedAs: string | undefined,
    certificateId: string,
    copies: number,
  ): Result<PrintJobView> | undefined => {
    const row = orderedAs === undefined ? undefined : store.ordered(orderedAs);
    if (!row) return undefined;
    const isSame = row.attempt.certificateId === certificateId && row.attempt.copies === copies;
    return isSame ? ok(jobView(row)) : failure('E-CERT-0412');
  };

  const accept = (
    certificateId: string,
    handle: PrinterHandle,
    verdict: PrinterVerdict,
    copies: number,
    identity: PrintIdentity,
    orderedAs: string | undefined,
  ): Result<PrintJobView> =>
    transact(db, () => {
      // The same order may have come twice at once.
      const before = orderedBefore(orderedAs, certificateId, copies);
      if (before) return before;
      const row = store.get(certificateId);
      if (!row?.documentSha256 || row.pages === null) return failure('E-CERT-0102');
      const allowed = mayPrint({ ...row, copies, copiesUsed: store.copiesUsed(certificateId) }, clock.now());
      if (!allowed.ok) return allowed;
      const now = clock.now();
      const attempt = newAttempt(
        {
          attemptId: uuidv7(now, deps.random),
          certificateId,
          printerId: handle.printerId,
          documentSha256: row.documentSha256,
          pages: row.pages,
          copies,
          duplex: row.pages > 1 && verdict.duplex,
          countsImpressions: handle.countsImpressions,
          run: store.nextRun(certificateId),
          ...(deps.raster && { rasterDpi: deps.raster.dpi }),
        },
        now,
      );
      save(attempt);
      if (orderedAs !== undefined) store.nameOrder(attempt.attemptId, orderedAs);
      expireLater(attempt);
      if (identity.kind === 'staff') {
        deps.audit({
          actor: identity.staffId,
          action: 'certificate.print-for',
          subject: certificateId,
          reason: identity.reason,
          detail: { attemptId: attempt.attemptId, copies },
        });
      }
      return ok(jobView({ attempt, spoiled: 0 }));
    });

  const upsert = (request: CertificateRequest): 'applied' | 'stale' => {
    const { requestId: certificateId, studentName, studentNumber, fields, document } = request;
    const known = store.get(certificateId);
    // A certificate that the hall seemed not to hold was revoked at the revision that was told last; when the hall tells
    // that revision again it holds good again. Whoever calls guards against a hall's own revocation of that revision.
    const reopens = known?.state === 'revoked' && known.revision === request.revision;
    if (known && known.revision >= request.revision && !reopens) return 'stale';
    const content: Sealed = { studentName, studentNumber, fields, ...(document ? { document } : {}) };
    const samePaper =
      known?.state === 'issued' &&
      known.template === request.template &&
      canonical(openRequest(deps, known)) === canonical(content) &&
      known.validUntil === request.validUntil;
    transact(db, () => {
      store.upsert({
        certificateId,
        revision: request.revision,
        studentKey: deps.keyedHash('student-number', studentNumber),
        idKey: request.studentIdKey ?? null,
        pickUpKey: request.pickUpKey ?? null,
        template: request.template,
        sealed: sealRequest(deps, certificateId, content),
        copiesAllowed: request.copiesAllowed,
        validFrom: request.validFrom,
        validUntil: request.validUntil,
        receivedAt: clock.now(),
      });
      if (known && !samePaper) {
        register.withdraw({ ...known, revision: request.revision }, 'replaced');
        store.reopen(certificateId);
      }
    });
    issuer.wake();
    tell({ certificateId });
    return 'applied';
  };

  const decisions = staffDecisions({
    ...deps,
    store,
    runner,
    save,
    publishPrint,
    tell,
    jobView,
    wake: () => {
      issuer.wake();
    },
  });

  return {
    upsert,
    revoke: (requestId, revision) => {
      const known = store.get(requestId);
      if (!known || (revision !== undefined && revision < known.revision)) return;
      transact(db, () => {
        store.revoke(requestId, revision ?? known.revision);
        register.withdraw({ ...known, revision: revision ?? known.revision }, 'revoked');
      });
      tell({ certificateId: requestId });
    },
    forget: (before) => transact(db, () => store.forget(before, FORGET_AT_ONCE)),
    issue: async (requestId) => {
      const issued = await issuer.issue(requestId);
      if (!issued.ok) return issued;
      const row = store.get(requestId);
      return row ? ok(view(row)) : failure('E-CERT-0101');
    },
    list: ({ idKey, number, certificateIds = [] }) => {
      const rows = [
        ...(idKey === undefined ? [] : store.ofIdKey(idKey)),
        ...(number === undefined ? [] : store.ofStudent(deps.keyedHash('student-number', number))),
        ...certificateIds.flatMap((id) => store.get(id) ?? []),
      ];
      return [...new Map(rows.map((row) => [row.certificateId, row])).values()]
        .filter(({ state }) => state !== 'revoked')
        .sort((a, b) => b.receivedAt - a.receivedAt)
        .map(view);
    },
    byPickUp: (pickUpKey) => {
      const now = clock.now();
      const rows = store
        .ofPickUp(pickUpKey)
        .filter(({ state, validFrom, validUntil }) => state !== 'revoked' && now >= validFrom && now < validUntil);
      return rows.filter(({ studentKey }) => studentKey === rows[0]?.studentKey).map(view);
    },
    holder: (certificateId) => {
      const row = store.get(certificateId);
      const content = row && openRequest(deps, row);
      return content && { name: content.studentName, number: content.studentNumber };
    },
    listAll: (limit = 200) => store.newest(limit).map(view),
    get: (certificateId) => {
      const row = store.get(certificateId);
      return row && view(row);
    },
    document: (certificateId, identity) => {
      const row = store.get(certificateId);
      if (!row) return failure('E-CERT-0101');
      if (identity.kind === 'student' && !belongs(row, identity.student)) return failure('E-CERT-0105');
      if (row.state === 'revoked') return failure('E-CERT-0102');
      return transact(db, () => {
        if (identity.kind === 'staff') {
          deps.audit({
            actor: identity.staffId,
            action: 'certificate.view',
            subject: certificateId,
            reason: identity.reason,
            detail: {},
          });
        }
        return openDocument(row);
      });
    },
    print: async (certificateId, printerId, copies, identity, orderedAs) => {
      const row = store.get(certificateId);
      if (!row) return failure('E-CERT-0101');
      if (identity.kind === 'student' && !belongs(row, identity.student)) return failure('E-CERT-0105');
      const before = orderedBefore(orderedAs, certificateId, copies);
      if (before) return before;
      const handle = deps.printers.get(printerId);
      if (!handle) return failure('E-CERT-0403', printerId);
      const issued = await issuer.issue(certificateId);
      if (!issued.ok) return issued;
      const status = await handle.printer.status();
      if (!status.ok) return status;
      const verdict = checks.examine(handle, status.value);
      const grave = verdict.findings.find((finding) => finding.grave);
      if (grave) return failure(grave.code, grave.detail);
      const problem = printerProblem(status.value);
      if (problem) return err(problem);
      if (copies > verdict.copiesMax) return failure('E-CERT-0402', `at most ${verdict.copiesMax}`);
      const accepted = accept(certificateId, handle, verdict, copies, identity, orderedAs);
      if (accepted.ok) runner.wake(printerId);
      return accepted;
    },
    jobs: (filter = {}) => {
      if (filter.uncertain === true) return store.unresolved().map(jobView);
      return (filter.unfinished === true ? store.unfinished() : store.newestAttempts(200)).map(jobView);
    },
    job: (attemptId) => {
      const row = store.attempt(attemptId);
      return row && jobView(row);
    },
    ...decisions,
    printers: () =>
      deps.printers.list().map(({ printerId, name }) => {
        const check = checks.known(printerId);
        return { printerId, name, ...(check && { check }) };
      }),
    judge: (printerId, status) => {
      const handle = deps.printers.get(printerId);
      return handle && checks.examine(handle, status);
    },
    summary: () => {
      const states = store.countByState();
      return {
        pending: states.get('pending') ?? 0,
        stuck: store.countStuck(),
        issued: states.get('issued') ?? 0,
        refused: states.get('refused') ?? 0,
        revoked: states.get('revoked') ?? 0,
        printing: store.unfinished().length,
        uncertain: store.unresolved().length,
        printedSheetsToday: store.sheetsOn(today()),
      };
    },
    sheetsSince: (printerId, since) => store.sheetsSince(printerId, since),
    titleOf: (template) => templates.get(template)?.title ?? { zh: template, en: template },
    itemsToday: (printerId) => store.itemsOn(printerId, today()),
    register,
    papers: () => register.all(),
    onChange: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    start: () => {
      for (const { attempt } of store.unfinished()) {
        if (!deps.printers.get(attempt.printerId)) save(strand(attempt, clock.now()));
        else if (attempt.state === 'queued') expireLater(attempt);
      }
      // What was missing when they were refused may be there by now: a font, a template.
      store.retryRefused(['E-CERT-0201', 'E-CERT-0203'], clock.now());
      issuer.start();
      runner.start();
      checks.start();
    },
    stop: async () => {
      for (const cancel of expiries.values()) cancel();
      await Promise.all([issuer.stop(), runner.stop(), checks.stop()]);
      hasStopped = true;
      await deps.signer?.close();
    },
  };
}

function jobFigures({ attempt, resolution, spoiled }: AttemptRow): PrintJobView {
  const { attemptId, certificateId, printerId, copies, pages, state, impressions, requestedAt, changedAt } = attempt;
  return {
    attemptId,
    certificateId,
    printerId,
    copies,
    pages,
    state,
    impressions,
    requestedAt,
    changedAt,
    ...(attempt.format === undefined ? {} : { format: attempt.format }),
    ...(attempt.sentSha256 === undefined ? {} : { sentSha256: attempt.sentSha256 }),
    ...(attempt.run === undefined ? {} : { run: attempt.run }),
    ...(attempt.code === undefined ? {} : { code: attempt.code }),
    ...(isEnded(state) && attempt.orphan ? { leftover: true } : {}),
    ...(resolution ? { resolution } : {}),
    ...(spoiled > 0 ? { spoiled } : {}),
  };
}

/** The same text for the same content, whatever the order of its fields. */
function canonical({ studentName, studentNumber, fields, document }: Sealed): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([studentName, studentNumber, sorted, document?.url, document?.sha256]);
}
