import { type Clock, type Failure, type MonoMs, type Result, err, failure, ok } from '@hallhub/sync/base';
import {
  type FileOutcome,
  type TransferState,
  type TransferStep,
  beginTransfer,
  nextFragment,
  refused,
  takeFileStatus,
  takeUp,
} from './file-transfer.ts';
import { type OsdpCommand, type OsdpReply, nakMeaning } from './messages.ts';

export interface FileOrder {
  /** What the file is, in the reader maker's terms; 1 is opaque (firmware). */
  readonly fileType: number;
  readonly content: Uint8Array;
  /** Where a transfer that broke off is taken up; it begins at 0 where the reader does not remember. */
  readonly from?: number;
  /** Cancels the transfer; the reader is told to forget it. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly confirmed: number; readonly total: number }) => void;
}

/** The transfer under way, if there is one. */
export interface FileTransfers {
  /** Errors: `E-OSDP-0301` to `E-OSDP-0306`. */
  begin(order: FileOrder, messageSize: number): Promise<Result<FileOutcome>>;
  /** What the transfer wants now; a reader may want nothing but fragments for a while. */
  wants(now: MonoMs): { readonly next: 'fragment' | 'poll' | 'abort' | 'nothing'; readonly allowsPolls: boolean };
  /** When a fragment falls due; undefined without a transfer. */
  readonly dueAt: MonoMs | undefined;
  fragment(isSecure: boolean): OsdpCommand;
  /** What the reader said to the fragment. */
  take(reply: OsdpReply): void;
  polled(): void;
  /** The link was made anew. */
  takeUp(): void;
  fail(reason: Failure): void;
}

interface Running {
  readonly order: FileOrder;
  readonly resolve: (result: Result<FileOutcome>) => void;
  state: TransferState;
  /** How much the fragment that is under way holds. */
  sent: number;
}

export function createFileTransfers({ clock }: { readonly clock: Clock }): FileTransfers {
  let running: Running | undefined;

  const end = (result: Result<FileOutcome>): void => {
    const ended = running;
    running = undefined;
    ended?.resolve(result);
  };
  const step = (current: Running, next: TransferStep): void => {
    if (next.next === 'done') end(ok(next.outcome));
    else if (next.next === 'failed') end(failure(next.code));
    else {
      current.state = next.state;
      current.order.onProgress?.({ confirmed: next.state.offset, total: next.state.total });
    }
  };

  return {
    begin: (order, messageSize) => {
      if (running) return Promise.resolve(failure('E-OSDP-0305'));
      if (order.signal?.aborted) return Promise.resolve(failure('E-OSDP-0304'));
      return new Promise((resolve) => {
        const state = beginTransfer({
          total: order.content.length,
          from: order.from ?? 0,
          messageSize,
          now: clock.monotonic(),
        });
        running = { order, resolve, state, sent: 0 };
      });
    },
    wants: (now) => {
      if (!running) return { next: 'nothing', allowsPolls: true };
      if (running.order.signal?.aborted) return { next: 'abort', allowsPolls: false };
      const { wantsPoll, isExclusive, notBefore } = running.state;
      if (wantsPoll) return { next: 'poll', allowsPolls: true };
      return { next: now >= notBefore ? 'fragment' : 'nothing', allowsPolls: !isExclusive };
    },
    get dueAt() {
      return running?.state.notBefore;
    },
    fragment: (isSecure) => {
      if (!running) throw new Error('no file is being transferred');
      const { order, state } = running;
      const { offset, size } = nextFragment(state, isSecure);
      running.sent = size;
      const fragment = order.content.slice(offset, offset + size);
      return { name: 'file-transfer', fileType: order.fileType, total: state.total, offset, fragment };
    },
    take: (reply) => {
      if (!running) return;
      const now = clock.monotonic();
      if (reply.name === 'file-status') step(running, takeFileStatus(running.state, running.sent, reply, now));
      else if (reply.name === 'nak') {
        const next = refused(running.state, 'E-DEV-0203', now);
        if (next.next === 'failed') end(failure('E-DEV-0203', nakMeaning(reply.reason)));
        else step(running, next);
      } else end(err({ code: 'E-DEV-0204', detail: `${reply.name} in answer to a fragment` }));
    },
    polled: () => {
      if (running) running.state = { ...running.state, wantsPoll: false };
    },
    takeUp: () => {
      if (running) running.state = takeUp(running.state, clock.monotonic());
    },
    fail: (reason) => {
      end(err(reason));
    },
  };
}
