import type { Confirmation, Receipt } from '@hallhub/device-drivers/kit';
import type { Code, EpochMs, Failure } from '@hallhub/sync/base';

/**
 * The life of one command. `queued`: on record, not yet handed to the device's driver. `sent`: the bytes may have left. Then
 * what the device says: `acknowledged`, `observed`, or `unconfirmed` where it can never say more. `expired`, `failed` and
 * `cancelled` end it without a confirmation; after `sent` a `failed` may still have had its effect when
 * {@link isUncertain} says so.
 */
export const commandStates = [
  'queued',
  'sent',
  'acknowledged',
  'observed',
  'unconfirmed',
  'expired',
  'failed',
  'cancelled',
] as const;
export type CommandState = (typeof commandStates)[number];

/** As much of a command as its next step depends on. */
export interface CommandStanding {
  readonly state: CommandState;
  readonly code?: Code;
  readonly expiresAt: EpochMs;
  /** When it was handed to the driver; absent: it never was. */
  readonly sentAt?: EpochMs;
}

export type CommandInput =
  | { readonly type: 'send' }
  | { readonly type: 'receipt'; readonly receipt: Receipt }
  /** Nobody wants it any more; `failure` says why where it was not a person who said so. */
  | { readonly type: 'cancel'; readonly failure?: Failure }
  | { readonly type: 'refuse'; readonly failure: Failure }
  /** Its time is over by the monotonic clock, whatever the wall clock says now. */
  | { readonly type: 'expire' }
  /** A receipt should have come long ago. */
  | { readonly type: 'silence' }
  /** The process that had it in hand is gone. */
  | { readonly type: 'restart' };

export interface CommandStep {
  readonly state: CommandState;
  readonly failure?: Failure;
}

const EXPIRED: Failure = { code: 'E-DEV-0201' };
const SILENT: Failure = { code: 'E-DEV-0202' };
const INTERRUPTED: Failure = { code: 'E-DEV-0206' };
const NEVER_SENT: Failure = { code: 'E-DEV-0410' };

/** What the device itself has confirmed, from the weakest; the rest confirms nothing. */
const CONFIRMED: Readonly<Partial<Record<CommandState, number>>> = { unconfirmed: 1, acknowledged: 2, observed: 3 };
/** Verdicts that the hub reached because nobody answered; the device's own word replaces them. */
const ASSUMED: ReadonlySet<Code | undefined> = new Set([SILENT.code, INTERRUPTED.code]);
/** Refusals before any byte left. */
const CERTAINLY_NOT_DONE: ReadonlySet<Code | undefined> = new Set([
  'E-DEV-0102',
  'E-DEV-0201',
  'E-DEV-0203',
  'E-DEV-0205',
  'E-DEV-0302',
  'E-DEV-0405',
  'E-DEV-0409',
  'E-DEV-0410',
  'E-AGENT-0103',
  'E-AGENT-0105',
] satisfies readonly Code[]);

/** Whether it failed so that nobody knows whether the device did it. */
export const isUncertain = ({ state, code, sentAt }: Omit<CommandStanding, 'expiresAt'>): boolean =>
  state === 'failed' && sentAt !== undefined && !CERTAINLY_NOT_DONE.has(code);

/**
 * The next step, or undefined where the input changes nothing. A command leaves for the device once at most (`queued` to
 * `sent`), never at or after its expiry; and what a device has confirmed is never taken back.
 */
export function advance(standing: CommandStanding, input: CommandInput, now: EpochMs): CommandStep | undefined {
  switch (standing.state) {
    case 'queued':
      return leaveQueue(standing, input, now);
    case 'sent':
      return endSent(input);
    case 'cancelled':
      return undefined;
    default:
      return input.type === 'receipt' ? correct(standing, input.receipt) : undefined;
  }
}

function leaveQueue({ expiresAt }: CommandStanding, input: CommandInput, now: EpochMs): CommandStep | undefined {
  const over = now >= expiresAt;
  switch (input.type) {
    case 'send':
      return over ? { state: 'expired', failure: EXPIRED } : { state: 'sent' };
    case 'cancel':
      return { state: 'cancelled', ...(input.failure && { failure: input.failure }) };
    case 'refuse':
      return { state: 'failed', failure: input.failure };
    case 'expire':
      return { state: 'expired', failure: EXPIRED };
    case 'restart':
      return over ? { state: 'expired', failure: EXPIRED } : { state: 'failed', failure: NEVER_SENT };
    case 'receipt':
    case 'silence':
      return undefined;
  }
}

function endSent(input: CommandInput): CommandStep | undefined {
  switch (input.type) {
    case 'receipt':
      return told(input.receipt);
    case 'silence':
      return { state: 'failed', failure: SILENT };
    case 'restart':
      return { state: 'failed', failure: INTERRUPTED };
    default:
      return undefined;
  }
}

const told = (receipt: Receipt): CommandStep =>
  receipt.ok
    ? { state: receipt.value.confirmation satisfies Confirmation }
    : { state: receipt.error.code === EXPIRED.code ? 'expired' : 'failed', failure: receipt.error };

/** A receipt after the end: a stronger word of the device stands, a weaker one does not. */
function correct({ state, code, sentAt }: CommandStanding, receipt: Receipt): CommandStep | undefined {
  if (sentAt === undefined) return undefined;
  if (receipt.ok) {
    const { confirmation } = receipt.value;
    return (CONFIRMED[confirmation] ?? 0) > (CONFIRMED[state] ?? 0) ? { state: confirmation } : undefined;
  }
  return state === 'failed' && ASSUMED.has(code) && !ASSUMED.has(receipt.error.code) ? told(receipt) : undefined;
}
