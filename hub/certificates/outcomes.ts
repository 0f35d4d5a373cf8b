import { iso } from '@hallhub/sync/base';
import type { EpochMs } from '@hallhub/sync/base';
import { certificateNotPrinted, certificatePrinted, certificateVerification } from '@hallhub/sync/contract';
import type { NewEvent } from '@hallhub/sync/outbox';
import type { CertificateEvent } from './ports.ts';

/**
 * What of a certificate's life the hall is told: paper, or why there is none. Issuing is our own business; undefined then.
 * `copiesLeft` is what may still be printed after this event; below 0 counts as 0.
 */
export function toOutcome(
  { type, subject, data }: CertificateEvent,
  at: EpochMs,
  copiesLeft: number,
): NewEvent | undefined {
  const common = { revision: data.revision, at: iso(at) };
  const printer = data.printerId === undefined ? {} : { printer: data.printerId };
  switch (type) {
    case 'certificate.issued':
      return undefined;
    case 'certificate.verification':
      return data.record && { type: certificateVerification, subject, data: { ...common, record: data.record } };
    case 'certificate.printed':
      return {
        type: certificatePrinted,
        subject,
        data: {
          ...common,
          copies: data.copies ?? 1,
          // Fewer may be allowed now than were printed while more were.
          copiesLeft: Math.max(0, copiesLeft),
          printer: data.printerId ?? '',
          ...(data.certificateNumber !== undefined && { certificateNumber: data.certificateNumber }),
          ...(data.documentSha256 !== undefined && { sha256: data.documentSha256 }),
        },
      };
    case 'certificate.uncertain':
      return {
        type: certificateNotPrinted,
        subject,
        data: { ...common, ...printer, code: data.code ?? 'E-CERT-0406', certainty: 'uncertain' },
      };
    case 'certificate.refused':
    case 'certificate.not-printed':
      return {
        type: certificateNotPrinted,
        subject,
        data: { ...common, ...printer, code: data.code ?? 'E-CERT-0405', certainty: 'not-printed' },
      };
  }
}
