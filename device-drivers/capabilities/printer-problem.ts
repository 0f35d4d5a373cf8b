import type { Code, Failure } from '@hallhub/sync/base';
import type { PrinterStatus } from './page-printer.ts';

/** printer-state-reasons (RFC 8011, 5.4.12) that keep paper from coming out, and what people are told. First match wins. */
const blocking: readonly (readonly [reason: string, code: Code])[] = [
  ['media-jam', 'E-PRN-0202'],
  ['cover-open', 'E-PRN-0204'],
  ['door-open', 'E-PRN-0204'],
  ['interlock-open', 'E-PRN-0204'],
  ['media-empty', 'E-PRN-0201'],
  ['media-needed', 'E-PRN-0201'],
  ['input-tray-missing', 'E-PRN-0201'],
  ['toner-empty', 'E-PRN-0203'],
  ['marker-supply-empty', 'E-PRN-0203'],
  ['output-area-full', 'E-PRN-0205'],
  ['output-tray-missing', 'E-PRN-0205'],
  ['offline', 'E-PRN-0206'],
  ['paused', 'E-PRN-0206'],
  ['shutdown', 'E-PRN-0206'],
];

const a4 = /(?:^|_)a4(?:_|$|-)/;

/**
 * Why this printer would not put an A4 page on its tray now, or undefined. Asked before a person is made to identify, and
 * again before a job. A printer that does not report its trays at all is taken at its word that it is ready.
 */
export function printerProblem(status: PrinterStatus): Failure | undefined {
  const found = blocking.find(([reason]) => status.reasons.includes(reason));
  if (found) return { code: found[1], detail: found[0] };
  if (status.state === 'stopped') return { code: 'E-PRN-0206', detail: status.reasons.join(',') };
  if (!status.acceptingJobs) return { code: 'E-PRN-0207' };
  if (status.mediaReady.length > 0 && !status.mediaReady.some((media) => a4.test(media))) {
    return { code: 'E-PRN-0208', detail: status.mediaReady.join(',') };
  }
  return undefined;
}
