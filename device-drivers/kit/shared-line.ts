import { type Cancel, type DurationMs, type Failure, type Result, err, ms } from '@hallhub/sync/base';
import type { Veto } from './command.ts';
import { type Line, createLine } from './line.ts';
import type { DriverEnvironment } from './protocol.ts';
import type { Transport } from './transport.ts';

/** One device on a line that others share. */
export interface LineMember {
  readonly onUp: () => void;
  readonly onDown: (reason: Failure) => void;
}

export interface SharedLineOptions extends Pick<DriverEnvironment, 'clock' | 'random' | 'reconnect'> {
  readonly transport: Transport;
  /** The least pause between one writing and the next; none by default. */
  readonly gap?: DurationMs;
  readonly onData: (bytes: Uint8Array) => void;
  /** The line itself, before its members hear of it. */
  readonly onUp?: () => void;
  readonly onDown?: (reason: Failure) => void;
}

/** A line that is open for as long as one of its devices is started. */
export interface SharedLine {
  readonly line: Pick<Line, 'isUp' | 'cycle' | 'write'>;
  /** Opens the line for the first member. The result leaves it, and closes the line behind the last one. */
  readonly join: (member: LineMember) => () => Promise<void>;
  /** Writes in turn with the others, at least `gap` apart. `veto` is asked right before the bytes leave. */
  readonly send: (bytes: Uint8Array, veto?: Veto) => Promise<Result<void>>;
}

export function createSharedLine(options: SharedLineOptions): SharedLine {
  const { clock, random, transport, reconnect, gap = ms(0) } = options;
  let members: readonly LineMember[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  let lastSent = Number.NEGATIVE_INFINITY;
  /** Ends a pause that nobody needs any more: the line is gone. */
  let cutShort: Cancel | undefined;

  const line = createLine({
    transport,
    clock,
    random,
    ...(reconnect ? { reconnect } : {}),
    onUp: () => {
      options.onUp?.();
      for (const member of members) member.onUp();
    },
    onDown: (reason) => {
      cutShort?.();
      options.onDown?.(reason);
      for (const member of members) member.onDown(reason);
    },
    onData: options.onData,
  });
  const pause = async (): Promise<void> => {
    const wait = lastSent + gap - clock.monotonic();
    if (wait <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(ms(wait), resolve);
      cutShort = () => {
        cancel();
        resolve();
      };
    });
    cutShort = undefined;
  };
  const sendNow = async (bytes: Uint8Array, veto: Veto | undefined): Promise<Result<void>> => {
    await pause();
    const refusal = veto?.();
    if (refusal) return err(refusal);
    lastSent = clock.monotonic();
    return line.write(bytes, veto?.order);
  };

  return {
    line,
    join: (member) => {
      members = [...members, member];
      if (line.isUp) member.onUp();
      else line.start();
      return async () => {
        members = members.filter((other) => other !== member);
        if (members.length > 0) return;
        cutShort?.();
        options.onDown?.({ code: 'E-DEV-0102', detail: 'stopped' });
        await line.stop();
      };
    },
    send: (bytes, veto) => {
      const sent = turn.then(() => sendNow(bytes, veto));
      turn = sent;
      return sent;
    },
  };
}
