import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { epochMs, ms } from '@hallhub/sync/base';
import type { Announcement, Announcing } from './announcing.ts';
import { SILENCE, announce, proceed, sayingLasts, spokenEn, spokenZh, textEn, textZh } from './announcing.ts';

const ticket = fc.constantFrom('a', 'b', 'c', 'd');
const counter = fc.constantFrom('w1', 'w2');
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('call' as const), ticket, counter, lasts: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('come' as const), ticket }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), for: fc.nat(12) }) },
);

interface Heard {
  readonly ticket: string;
  readonly counter: string;
  readonly from: number;
  readonly to: number;
}

describe('announcements', () => {
  it('are said one after the other, each call once, the last counter alone, and nobody is called who has come', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state: Announcing = SILENCE;
        let now = 0;
        let made = 0;
        let turns = 0;
        const heard: Heard[] = [];
        /** Where a ticket is called to now; and whether that call has yet to be said. */
        const called = new Map<string, { readonly counter: string; readonly due: boolean }>();
        /** In which order calls came; one that is repeated while it waits keeps its turn. */
        const order = new Map<string, number>();
        let lastTurn = 0;
        const still = (one: Announcement): boolean => called.get(one.ticket)?.counter === one.counter;
        const go = (): void => {
          const next = proceed(state, epochMs(now), still);
          state = next.state;
          if (!next.say) return;
          const { ticket: who, counter: where, lasts } = next.say;
          // Nobody who has come or is called elsewhere by now.
          expect(called.get(who)?.counter).toBe(where);
          expect(called.get(who)?.due).toBe(true);
          const turn = order.get(`${who} ${where}`) ?? 0;
          expect(turn).toBeGreaterThan(lastTurn);
          lastTurn = turn;
          called.set(who, { counter: where, due: false });
          heard.push({ ticket: who, counter: where, from: now, to: now + lasts });
        };
        for (const what of steps) {
          if (what.do === 'come') called.delete(what.ticket);
          else if (what.do === 'wait') {
            for (const until = now + what.for; now < until; now += 1) go();
          } else {
            const known = called.get(what.ticket);
            const current = state.current?.said;
            const isBeingSaid = current?.ticket === what.ticket && current.counter === what.counter;
            const key = `${what.ticket} ${what.counter}`;
            const inLine = state.waiting.some((one) => `${one.ticket} ${one.counter}` === key);
            if (!inLine) order.set(key, (turns += 1));
            const waits = known?.counter === what.counter && known.due;
            called.set(what.ticket, {
              counter: what.counter,
              // Said already and called again: once more; being said just now: not.
              due: !isBeingSaid || waits,
            });
            state = announce(state, {
              ...{ id: String((made += 1)), ticket: what.ticket, counter: what.counter, zh: '', en: '' },
              lasts: ms(what.lasts),
            });
            go();
          }
        }
        for (const until = now + 200; now < until; now += 1) go();
        heard.forEach(({ from }, index) => {
          expect(from).toBeGreaterThanOrEqual(heard[index - 1]?.to ?? 0);
        });
        // Whoever is still called has been heard of.
        expect([...called.values()].filter(({ due }) => due)).toEqual([]);
        expect(state).toEqual(SILENCE);
      }),
      { numRuns: 400 },
    );
  });

  it('say every digit by itself, and nothing of a number is lost', () => {
    const zh = new Map(Array.from('零一二三四五六七八九', (word, digit) => [word, String(digit)]));
    const en = new Map(
      ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'].map((word, n) => [
        word,
        String(n),
      ]),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Z]{0,2}\d{1,4}$/), fc.boolean(), (number, yao) => {
        const said = spokenZh(number, yao);
        expect(said.includes('一')).toBe(!yao && number.includes('1'));
        expect(Array.from(said.replaceAll('幺', '一'), (word) => zh.get(word) ?? word).join('')).toBe(number);
        expect(
          spokenEn(number)
            .split(' ')
            .map((word) => en.get(word) ?? word)
            .join(''),
        ).toBe(number);
        const wording = { number, counter: { zh: '3号窗口', en: 'Counter 3' }, yao };
        expect(textZh(wording)).toBe(`请${said}号到3号窗口`);
        expect(textEn(wording)).toContain(spokenEn(number));
      }),
    );
  });

  it('last as long as there is to say, never shorter than the pause between two', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 3 }), fc.boolean(), (dwell, repeat, chime) => {
        const text = { zh: '请A零零幺号到1号窗口', en: 'Number A zero zero one, please go to Counter 1' };
        const lasts = (change: Partial<Parameters<typeof sayingLasts>[1]> = {}): number =>
          sayingLasts(text, { languages: ['zh'], repeat, chime, dwell: ms(dwell), ...change });
        expect(lasts()).toBeGreaterThanOrEqual(dwell);
        expect(lasts({ languages: ['zh', 'en'] })).toBeGreaterThanOrEqual(lasts());
        expect(lasts({ repeat: repeat + 1 })).toBeGreaterThanOrEqual(lasts());
        expect(lasts({ dwell: ms(0), repeat: repeat + 1 })).toBeGreaterThan(lasts({ dwell: ms(0) }));
      }),
    );
  });
});
