import { type Clock, type DurationMs, type Failure, type MonoMs, ms, sleep } from '@hallhub/sync/base';
import type { Veto } from '../../kit/index.ts';
import type { OsdpBus } from './bus.ts';
import type { Answer, Link, SealedCommand } from './link.ts';
import { commandShown, replyShown } from './meaning.ts';
import type { OsdpCommand, OsdpReply } from './messages.ts';

export type Outcome =
  | { readonly kind: 'reply'; readonly reply: OsdpReply; readonly at: MonoMs }
  /** Nothing left: the veto said no. The link is as it was. */
  | { readonly kind: 'vetoed'; readonly reason: Failure }
  /** The link cannot go on. `mayBeDone`: the reader may have taken the command without our hearing of it. */
  | { readonly kind: 'lost'; readonly reason: Failure; readonly mayBeDone: boolean };

export interface TransactOptions {
  readonly command: OsdpCommand;
  /** How long a silent reader is asked again; 0: once. */
  readonly patience: DurationMs;
  readonly veto?: Veto;
  readonly urgent?: boolean;
}

export interface Conversation {
  readonly address: number;
  readonly bus: OsdpBus;
  readonly clock: Clock;
  /** Ends the conversation in the middle. */
  readonly signal: AbortSignal;
}

/** A busy reader is asked again after this. */
const BUSY_PAUSE = ms(50);

/**
 * One command until it is answered. The same frame is sent again, under the same number: a reader that has carried it out
 * repeats its reply and does nothing. So the link may not go on to another command before it has the answer.
 */
export async function transact(
  { address, bus, clock, signal }: Conversation,
  link: Link,
  { command, patience, veto, urgent = false }: TransactOptions,
): Promise<Outcome> {
  const sealed = link.seal(command);
  const shown = commandShown(address, command, sealed.bytes);
  let heardAt = clock.monotonic();
  let left = 0;
  let unanswered = 0;
  for (;;) {
    let vetoed: Failure | undefined;
    const mayLeave = (): Failure | undefined => {
      vetoed = signal.aborted ? { code: 'E-DEV-0102', detail: 'stopped' } : veto?.();
      if (!vetoed) left += 1;
      return vetoed;
    };
    const result = await bus.call({
      bytes: sealed.bytes,
      shown: left === 0 ? shown : { ...shown, meaning: `${shown.meaning}, again` },
      accept: (packet) => link.open(sealed, packet) !== undefined,
      describe: (packet) => replyShown(packet, replyOf(link.open(sealed, packet))),
      veto: Object.assign(mayLeave, veto?.order && { order: veto.order }),
      urgent,
    });
    const answer = result.ok ? link.open(sealed, result.value.frame) : undefined;
    if (result.ok && answer) {
      if (answer.kind === 'reply') return taken(link, sealed, answer, result.value.at);
      if (answer.kind === 'lost') {
        const reason: Failure = { code: 'E-OSDP-0103', detail: `NAK ${answer.reason}` };
        return { kind: 'lost', reason, mayBeDone: unanswered > 0 };
      }
      heardAt = clock.monotonic();
      await sleep(clock, BUSY_PAUSE, signal);
      continue;
    }
    if (vetoed && left === 0) return { kind: 'vetoed', reason: vetoed };
    if (vetoed) return { kind: 'lost', reason: vetoed, mayBeDone: unanswered > 0 };
    const reason: Failure = result.ok ? { code: 'E-DEV-0204' } : result.error;
    if (left > 0) unanswered += 1;
    const isSilence = reason.code === 'E-DEV-0202' || reason.code === 'E-DEV-0204' || reason.code === 'E-DEV-0205';
    if (!isSilence || signal.aborted || clock.monotonic() - heardAt >= patience) {
      return { kind: 'lost', reason, mayBeDone: left > 0 };
    }
    if (reason.code === 'E-DEV-0205') await sleep(clock, BUSY_PAUSE, signal);
  }
}

function taken(
  link: Link,
  sealed: SealedCommand,
  answer: Extract<Answer, { readonly kind: 'reply' }>,
  at: MonoMs,
): Outcome {
  link.advance(sealed, answer);
  return { kind: 'reply', reply: answer.reply, at };
}

function replyOf(answer: Answer | undefined): OsdpReply | undefined {
  switch (answer?.kind) {
    case 'reply':
      return answer.reply;
    case 'busy':
      return { name: 'busy' };
    case 'lost':
      return { name: 'nak', reason: answer.reason, detail: new Uint8Array() };
    case undefined:
      return undefined;
  }
}
