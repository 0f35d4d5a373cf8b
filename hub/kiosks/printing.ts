import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Clock, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, plus, seconds, uuidv7 } from '@hallhub/sync/base';
import type { CertificateService, CertificateView, PrintIdentity, PrintJobView } from '../certificates/index.ts';
import { receipt } from './receipt.ts';
import type { Kiosks } from './service.ts';
import type { KioskStore } from './store.ts';

/** What the person at a kiosk may do with their certificates. Errors of all: `E-KIOSK-0101`, `E-KIOSK-0102`. */
export interface KioskPrinting {
  certificates(kioskId: string): Result<readonly CertificateView[]>;
  document(kioskId: string, certificateId: string): Result<Uint8Array>;
  /**
   * `key` is the page's name for this one order: sent again in the same session it is answered with the same job. Errors:
   * `E-KIOSK-0108`, `E-KIOSK-0109`, those of printing.
   */
  print(kioskId: string, certificateId: string, copies: number, key: string): Promise<Result<PrintJobView>>;
  /** A job of this kiosk's printer; nothing in it says whose. Errors: `E-CERT-0407`. */
  job(kioskId: string, attemptId: string): Result<PrintJobView>;
  /** They do not want to wait for it any more. Errors: `E-CERT-0407`, `E-CERT-0411`. */
  withdraw(kioskId: string, attemptId: string): Result<PrintJobView>;
  /** Errors: `E-KIOSK-0107` no receipts here, those of the printer. */
  receipt(kioskId: string, attemptId: string): Promise<Result<void>>;
}

const RECEIPT_WITHIN = seconds(10);

export function createKioskPrinting(deps: {
  readonly kiosks: Pick<Kiosks, 'list' | 'person' | 'look'>;
  readonly certificates: CertificateService;
  readonly store: Pick<KioskStore, 'outOfService'>;
  readonly host: Pick<AgentHost, 'capability'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly timeZone: string;
}): KioskPrinting {
  const { kiosks, certificates, store, host, clock } = deps;
  const identityOf = (student: Extract<PrintIdentity, { kind: 'student' }>['student']): PrintIdentity => ({
    kind: 'student',
    student,
  });
  return {
    certificates: (kioskId) => {
      const here = kiosks.person(kioskId);
      if (!here.ok) return here;
      const { kiosk, session } = here.value;
      return ok(
        certificates
          .list(session.known.student)
          .filter(({ template }) => kiosk.templates === undefined || kiosk.templates.includes(template)),
      );
    },
    document: (kioskId, certificateId) => {
      const here = kiosks.person(kioskId);
      return here.ok ? certificates.document(certificateId, identityOf(here.value.session.known.student)) : here;
    },
    print: async (kioskId, certificateId, copies, key) => {
      const here = kiosks.person(kioskId);
      if (!here.ok) return here;
      const { kiosk, session } = here.value;
      if (store.outOfService(kioskId)) return failure('E-KIOSK-0108');
      const template = certificates.get(certificateId)?.template;
      const printsIt = template === undefined || (kiosk.templates?.includes(template) ?? true);
      if (kiosk.printer === undefined || !printsIt) return failure('E-KIOSK-0109');
      const identity = identityOf(session.known.student);
      const job = await certificates.print(certificateId, kiosk.printer, copies, identity, `${session.id}/${key}`);
      if (job.ok) session.jobs.add(job.value.attemptId);
      kiosks.look(kioskId);
      return job;
    },
    job: (kioskId, attemptId) => {
      const kiosk = kiosks.list().find(({ id }) => id === kioskId);
      if (!kiosk) return failure('E-KIOSK-0102', kioskId);
      const job = certificates.job(attemptId);
      return job && job.printerId === kiosk.printer ? ok(job) : failure('E-CERT-0407');
    },
    withdraw: (kioskId, attemptId) => {
      const here = kiosks.person(kioskId);
      if (!here.ok) return here;
      if (!here.value.session.jobs.has(attemptId)) return failure('E-CERT-0407');
      return certificates.cancel(attemptId, `kiosk:${kioskId}`, '本人在自助机上取消');
    },
    receipt: async (kioskId, attemptId) => {
      const here = kiosks.person(kioskId);
      if (!here.ok) return here;
      const { kiosk, session } = here.value;
      const job = session.jobs.has(attemptId) ? certificates.job(attemptId) : undefined;
      const certificate = job && certificates.get(job.certificateId);
      if (!job || !certificate) return failure('E-CERT-0407');
      const printer =
        kiosk.receiptPrinter === undefined ? undefined : host.capability(kiosk.receiptPrinter, 'ticketPrinter');
      if (!printer) return failure('E-KIOSK-0107');
      const now = clock.now();
      const printed = await printer.print({
        id: uuidv7(now, deps.random),
        name: 'print',
        args: { ticket: receipt({ kiosk, job, certificate, timeZone: deps.timeZone }) },
        issuedAt: now,
        expiresAt: plus(now, RECEIPT_WITHIN),
        issuedBy: `kiosk:${kioskId}`,
      });
      return printed.ok ? ok() : printed;
    },
  };
}
