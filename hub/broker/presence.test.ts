import { manualClock, seconds } from '@hallhub/sync/base';
import type { MonoMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Present, PresenceMessage } from './presence.ts';
import { HEARTBEAT, PRESENCE_LAPSE, createPresenceBook, heard } from './presence.ts';

const say = (state: 'online' | 'offline', session: string): Uint8Array =>
  Buffer.from(JSON.stringify({ state, session }));

describe('presence', () => {
  it('is by the word of the session that is there; the will of one that was replaced ends nothing', () => {
    const message = fc.record<PresenceMessage>({
      state: fc.constantFrom('online', 'offline'),
      session: fc.constantFrom('a', 'b', 'c'),
    });
    fc.assert(
      fc.property(fc.array(message), (messages) => {
        let present: Present | undefined;
        let here = false;
        for (const [index, next] of messages.entries()) {
          const before: string | undefined = present?.session;
          const step = heard(present, next, index as MonoMs);
          ({ present } = step);
          if (step.change === 'came') here = true;
          if (step.change === 'went') here = false;
          // What was told is what is so, and each coming is told even where no farewell went before it.
          expect(here).toBe(present !== undefined);
          if (next.state === 'online') {
            expect(present).toEqual({ session: next.session, heardAt: index });
            expect(step.change).toBe(before === next.session ? undefined : 'came');
          } else if (before !== next.session) expect(present?.session).toBe(before);
          else expect(present).toBeUndefined();
        }
      }),
    );
  });

  it('lapses in silence, and not while heartbeats come', () => {
    const clock = manualClock();
    const book = createPresenceBook({ clock });
    const seen: string[] = [];
    book.onChange(({ deviceId, connected }) => seen.push(`${deviceId} ${connected ? 'came' : 'went'}`));
    book.start();
    book.take('steady', say('online', 's'));
    book.take('silent', say('online', 's'));
    for (let beat = 0; beat < 5; beat++) {
      clock.advance(HEARTBEAT);
      book.take('steady', say('online', 's'));
    }
    expect(book.present()).toEqual(['steady']);
    expect(seen).toEqual(['steady came', 'silent came', 'silent went']);
    clock.advance(seconds((PRESENCE_LAPSE + HEARTBEAT) / 1_000));
    expect(book.present()).toEqual([]);
    book.stop();
  });

  it('takes no other message for a word of presence', () => {
    const book = createPresenceBook({ clock: manualClock() });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(book.take('d', bytes)).toBe(false);
      }),
    );
    expect(book.take('d', Buffer.from('{"state":"online"}'))).toBe(false);
    expect(book.present()).toEqual([]);
  });
});
