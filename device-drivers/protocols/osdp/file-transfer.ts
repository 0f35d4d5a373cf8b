import { type Code, type DurationMs, type MonoMs, minutes, ms } from '@hallhub/sync/base';
import { roomForData } from './frames.ts';
import type { OsdpReply } from './messages.ts';

export type FileStatus = Extract<OsdpReply, { readonly name: 'file-status' }>;

/** How a transfer ended well: the reader took the file, or restarts with it. */
export type FileOutcome = 'processed' | 'rebooting';

/** A transfer under way (OSDP 2.2, sections 6.26 and 7.25). */
export interface TransferState {
  readonly total: number;
  /** As much the reader has confirmed. */
  readonly offset: number;
  /** The longest message that the reader takes, its frame included. */
  readonly messageSize: number;
  /** Not before this moment may the next fragment leave. */
  readonly notBefore: MonoMs;
  /** The reader wants nothing but fragments. */
  readonly isExclusive: boolean;
  /** The reader has something to say that only a poll brings. */
  readonly wantsPoll: boolean;
  /** Since when everything is over there and the reader still works on it. */
  readonly finishingSince: MonoMs | undefined;
  /** Nothing was confirmed since the transfer began or was taken up again at `offset`. */
  readonly isTakenUp: boolean;
}

export type TransferStep =
  | { readonly next: 'go-on'; readonly state: TransferState }
  | { readonly next: 'done'; readonly outcome: FileOutcome }
  | { readonly next: 'failed'; readonly code: Code };

const FRAGMENT_HEAD_BYTES = 11;
const CONTROL_INTERLEAVE = 0x01;
const CONTROL_POLL = 0x04;
/** Between two signs of life while the reader finishes, unless it says otherwise. */
const FINISHING_EVERY = ms(200);
const LONGEST_FINISHING = minutes(5);
/** The least that every reader takes. */
const LEAST_MESSAGE = 128;

export interface TransferStart {
  readonly total: number;
  /** Where to take up a transfer that broke off; 0 for a new one. */
  readonly from: number;
  /** The reader's receive buffer, where it says one; 0 else. */
  readonly messageSize: number;
  readonly now: MonoMs;
}

export function beginTransfer({ total, from, messageSize, now }: TransferStart): TransferState {
  return {
    total,
    offset: Math.min(from, total),
    messageSize: messageSize === 0 ? LEAST_MESSAGE : messageSize,
    notBefore: now,
    isExclusive: false,
    wantsPoll: false,
    finishingSince: undefined,
    isTakenUp: from > 0,
  };
}

/** The link was made anew: what is confirmed need not be sent again, if the reader remembers it. */
export function takeUp(state: TransferState, now: MonoMs): TransferState {
  return { ...state, notBefore: now, isExclusive: false, wantsPoll: false, isTakenUp: state.offset > 0 };
}

/** The fragment to send now: empty while the reader finishes, to keep the link and to hear how it ended. */
export function nextFragment(
  state: TransferState,
  isSecure: boolean,
): { readonly offset: number; readonly size: number } {
  const room = Math.max(1, roomForData(state.messageSize, isSecure) - FRAGMENT_HEAD_BYTES);
  return { offset: state.offset, size: Math.min(room, state.total - state.offset) };
}

/** The reader confirmed `sent` bytes. */
export function takeFileStatus(state: TransferState, sent: number, status: FileStatus, now: MonoMs): TransferStep {
  if (status.status < 0) return refused(state, statusCode(status.status), now);
  const offset = state.offset + sent;
  if (status.status === 1 && offset >= state.total) return { next: 'done', outcome: 'processed' };
  if (status.status === 2) return { next: 'done', outcome: 'rebooting' };
  const isFinishing = offset >= state.total;
  const finishingSince = isFinishing ? (state.finishingSince ?? now) : undefined;
  if (finishingSince !== undefined && now - finishingSince > LONGEST_FINISHING) {
    return { next: 'failed', code: 'E-OSDP-0306' };
  }
  const delay: DurationMs = ms(Math.max(status.delay, isFinishing ? FINISHING_EVERY : 0));
  return {
    next: 'go-on',
    state: {
      ...state,
      offset,
      messageSize: status.receiveSize === 0 ? state.messageSize : status.receiveSize,
      notBefore: (now + delay) as MonoMs,
      isExclusive: (status.control & CONTROL_INTERLEAVE) === 0,
      wantsPoll: (status.control & CONTROL_POLL) !== 0,
      finishingSince,
      isTakenUp: false,
    },
  };
}

/** The reader refused a fragment. One that was taken up in the middle begins once more: the reader may have forgotten it. */
export function refused(state: TransferState, code: Code, now: MonoMs): TransferStep {
  if (!state.isTakenUp) return { next: 'failed', code };
  return {
    next: 'go-on',
    state: { ...state, offset: 0, notBefore: now, finishingSince: undefined, isTakenUp: false },
  };
}

function statusCode(status: number): Code {
  if (status === -2) return 'E-OSDP-0302';
  return status === -3 ? 'E-OSDP-0303' : 'E-OSDP-0301';
}
