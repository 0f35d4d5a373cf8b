import type { Code, EpochMs, Failure } from '@hallhub/sync/base';
import type { TicketPrinterStatus } from '../../capabilities/index.ts';

/** The answers to `DLE EOT` 1, 2 and 4. */
export interface StatusBytes {
  readonly printer: number;
  readonly offline: number;
  readonly paper: number;
}

const has = (byte: number | undefined, bits: number): boolean => ((byte ?? 0) & bits) !== 0;

export function decodeStatus({ printer, offline, paper }: StatusBytes, at: EpochMs): TicketPrinterStatus {
  return {
    online: !has(printer, 0x08),
    cover: has(offline, 0x04) ? 'open' : 'closed',
    paper: has(paper, 0x60) || has(offline, 0x20) ? 'end' : has(paper, 0x0c) ? 'near-end' : 'ok',
    error: has(offline, 0x40),
    at,
  };
}

/** The four bytes that a printer sends by itself. */
export function decodeAsb(bytes: Uint8Array, at: EpochMs): TicketPrinterStatus {
  const [printer, error, paper] = bytes;
  return {
    online: !has(printer, 0x08),
    cover: has(printer, 0x20) ? 'open' : 'closed',
    paper: has(paper, 0x0c) ? 'end' : has(paper, 0x03) ? 'near-end' : 'ok',
    // Cutter, not recoverable, recoverable by itself (a hot head).
    error: has(error, 0x68),
    at,
  };
}

const BLOCKED: Readonly<Record<'before' | 'during', Readonly<Record<'cover' | 'paper' | 'error' | 'offline', Code>>>> =
  {
    before: { cover: 'E-TKT-0102', paper: 'E-TKT-0101', error: 'E-TKT-0103', offline: 'E-TKT-0104' },
    during: { cover: 'E-TKT-0202', paper: 'E-TKT-0201', error: 'E-TKT-0203', offline: 'E-TKT-0204' },
  };

/** Why this printer prints nothing now, most telling first; undefined where it would. */
export function blockedBy(status: TicketPrinterStatus, when: 'before' | 'during'): Failure | undefined {
  const codes = BLOCKED[when];
  const detail = statusMeaning(status);
  if (status.cover === 'open') return { code: codes.cover, detail };
  if (status.paper === 'end') return { code: codes.paper, detail };
  if (status.error) return { code: codes.error, detail };
  if (!status.online) return { code: codes.offline, detail };
  return undefined;
}

/** In words, for the operator. */
export function statusMeaning({ online, cover, paper, error }: TicketPrinterStatus): string {
  return [online ? 'online' : 'offline', `cover ${cover}`, `paper ${paper}`, ...(error ? ['error'] : [])].join(', ');
}
