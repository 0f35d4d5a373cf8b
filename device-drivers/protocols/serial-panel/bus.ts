import { type Cancel, type Result, ms } from '@hallhub/sync/base';
import {
  type DeclaredFrame,
  type DriverEnvironment,
  type LineMember,
  type SharedLine,
  type Traffic,
  type Transport,
  createSharedLine,
  declaredCodec,
} from '../../kit/index.ts';
import { type Dialogue, createDialogue } from './dialogue.ts';
import { fits, isFrom } from './messages.ts';
import type { PanelParams } from './params.ts';

/** One panel on the line. */
export interface PanelMember extends LineMember {
  readonly params: PanelParams;
  /** A frame that comes from it and is no answer. */
  readonly take: (frame: DeclaredFrame) => void;
  readonly tell: (traffic: Omit<Traffic, 'at'>) => void;
}

/** What the panels on one line share: its frames, and one dialogue at a time. */
export interface PanelBus {
  readonly send: SharedLine['send'];
  readonly ask: Dialogue['ask'];
  readonly join: (member: PanelMember) => () => Promise<void>;
}

export function createPanelBus(
  transport: Transport,
  panels: readonly [PanelParams, ...PanelParams[]],
  environment: Pick<DriverEnvironment, 'clock' | 'random' | 'reconnect'>,
): PanelBus {
  const { clock } = environment;
  const [{ frame: declaration }] = panels;
  const slowest = (of: (panel: PanelParams) => number) => ms(Math.max(...panels.map(of)));
  const idleGap = slowest(({ idleGapMs }) => idleGapMs);
  const hasKeys = panels.some(({ events }) => events.some(({ means }) => 'key' in means));
  const framer = declaredCodec(declaration).createFramer();
  let members: readonly PanelMember[] = [];
  let cancelIdle: Cancel | undefined;

  const discard = (bytes: Uint8Array, meaning: string): void => {
    for (const { tell } of members) {
      tell(
        hasKeys
          ? { direction: 'discarded', bytes: new Uint8Array(), meaning: `${meaning}, ${bytes.length} bytes withheld` }
          : { direction: 'discarded', bytes, meaning },
      );
    }
  };
  const take = (frame: DeclaredFrame): void => {
    const member = members.find(({ params }) => isFrom(params, frame));
    if (!member) {
      discard(frame.bytes, 'from an address that nobody has here');
      return;
    }
    const { answer } = member.params;
    const isAnswer = answer && (fits(answer.taken, frame) || (answer.refused && fits(answer.refused, frame)));
    if (isAnswer === true) {
      if (dialogue.hear(frame)) member.tell({ direction: 'in', bytes: frame.bytes, meaning: 'answer' });
      else {
        dialogue.disturbed();
        member.tell({ direction: 'discarded', bytes: frame.bytes, meaning: 'too late, or nobody asked for this' });
      }
    } else member.take(frame);
  };
  const handle = (framed: ReturnType<typeof framer.push>): void => {
    for (const item of framed) {
      if (item.kind === 'frame') take(item.frame);
      else discard(item.bytes, item.why);
    }
  };
  const shared = createSharedLine({
    ...environment,
    transport,
    gap: slowest(({ gapMs }) => gapMs),
    onData: (bytes) => {
      handle(framer.push(bytes));
      cancelIdle?.();
      cancelIdle = clock.after(idleGap, () => {
        cancelIdle = undefined;
        handle(framer.flush());
      });
    },
    onDown: (reason) => {
      cancelIdle?.();
      cancelIdle = undefined;
      // Half a frame of an earlier life is no frame.
      framer.flush();
      dialogue.down(reason);
    },
  });
  const dialogue = createDialogue({
    clock,
    send: shared.send,
    quiet: slowest(({ answer }) => answer?.quietMs ?? 0),
  });

  return {
    send: (bytes, veto): Promise<Result<void>> => shared.send(bytes, veto),
    ask: (order) => dialogue.ask(order),
    join: (member) => {
      members = [...members, member];
      const leave = shared.join(member);
      return async () => {
        members = members.filter((other) => other !== member);
        await leave();
      };
    },
  };
}
