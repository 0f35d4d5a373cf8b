import { type Cancel, ms, seconds } from '@hallhub/sync/base';
import { createEmitter, rethrow } from '../../kit/index.ts';
import type { TurnstileArm, TurnstileArmOptions } from './simulator-types.ts';

/** A turnstile's arm behind a simulated relay board. */
export function createTurnstileArm(options: TurnstileArmOptions): TurnstileArm {
  const { board, clock, relay, input, release = seconds(5), contact = ms(200) } = options;
  const changed = createEmitter<'in' | 'out' | undefined>(rethrow);
  let released: 'in' | 'out' | undefined;
  let cancelRelock: Cancel | undefined;
  const contacts = new Map<number, Cancel>();

  const set = (next: 'in' | 'out' | undefined): void => {
    cancelRelock?.();
    cancelRelock = undefined;
    if (next !== undefined) {
      cancelRelock = clock.after(release, () => {
        set(undefined);
      });
    }
    if (next === released) return;
    released = next;
    changed.emit(released);
  };
  const closeContact = (channel: number): void => {
    contacts.get(channel)?.();
    board.setInput(channel, true);
    contacts.set(
      channel,
      clock.after(contact, () => {
        contacts.delete(channel);
        board.setInput(channel, false);
      }),
    );
  };

  const undo = board.onRelay((change) => {
    if (!change.on) return;
    if (change.channel === relay.in) set('in');
    else if (change.channel === relay.out) set('out');
  });

  return {
    get released() {
      return released;
    },
    walk: (direction) => {
      if (released !== direction) return false;
      set(undefined);
      const channel = direction === 'in' ? input.in : input.out;
      if (channel !== undefined) closeContact(channel);
      return true;
    },
    onChange: changed.on,
    stop: () => {
      undo();
      cancelRelock?.();
      for (const cancel of contacts.values()) cancel();
    },
  };
}
