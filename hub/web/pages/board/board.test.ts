import type { DurationMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnnouncementView } from '../../../queue/contract.ts';
import { boardView } from '../../../queue/testing/views.ts';
import type { Announcer } from './announcer.ts';
import { hear, said, silent } from './announcer.ts';
import { isReloadDue, pictureOf, servicesNow, shiftAt } from './picture.ts';

const announcement = (id: string): AnnouncementView => ({
  id,
  text: { zh: `请 ${id}`, en: id },
  audio: `/a/${id}.wav`,
  lasts: 4_000 as DurationMs,
});
const hearAll = (state: Announcer, ...ids: readonly string[]): Announcer =>
  ids.reduce((now, id) => hear(now, { announcement: announcement(id) }), state);
const started = hearAll(silent, 'before');

describe('announcements', () => {
  it('that were made before the board was there are not said', () => {
    expect(started.saying).toBeUndefined();
    // A hall that has said nothing yet says its first.
    const quiet = hear(silent, {});
    expect(hearAll(quiet, 'first').saying?.id).toBe('first');
  });

  it('are said once, though the view that holds them comes again and again', () => {
    const state = hearAll(started, 'a', 'a', 'a');
    expect(state.saying?.id).toBe('a');
    expect(said(state)).toMatchObject({ saying: undefined, waiting: [] });
  });

  it('that the hall says itself are not said by the board', () => {
    const state = hear(started, { announcement: { id: 'x', text: { zh: '', en: '' }, lasts: 1 as DurationMs } });
    expect(state.saying).toBeUndefined();
  });

  it('are said one after the other in their order, whatever comes meanwhile', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (turns) => {
        let state = started;
        let made = 0;
        const heard: string[] = [];
        for (const comes of turns) {
          const before = state.saying?.id;
          if (comes) state = hearAll(state, String(made++));
          else state = said(state);
          // Nothing interrupts what is being said.
          if (comes && before !== undefined) expect(state.saying?.id).toBe(before);
          if (state.saying && state.saying.id !== before) heard.push(state.saying.id);
        }
        expect(heard).toEqual([...heard].sort((one, other) => Number(one) - Number(other)));
        expect(new Set(heard).size).toBe(heard.length);
        expect(state.waiting.length).toBeLessThanOrEqual(8);
      }),
    );
  });
});

describe('the picture', () => {
  it('lets a call stand out until whoever was called is at the counter', () => {
    const called = pictureOf(boardView(), 5);
    expect(called.newest).toMatchObject({ number: 'A012', isCalling: true });
    expect(called.earlier).toHaveLength(5);
    expect(called.earlier.every(({ isCalling }) => !isCalling)).toBe(true);
    expect(pictureOf(boardView(), 2).earlier.map(({ number }) => number)).toEqual(['B007', 'A011']);
    const counters = boardView().counters.map((one) => ({ ...one, state: 'serving' as const }));
    expect(pictureOf(boardView({ counters }), 5).newest?.isCalling).toBe(false);
    expect(pictureOf(boardView({ calls: [] }), 5).newest).toBeUndefined();
  });

  it('shows every service in its turn', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 8 }), fc.nat(1_000_000), (count, room, start) => {
        const all = Array.from({ length: count }, (_, index) => index);
        const shown = new Set<number>();
        for (let turn = 0; turn < Math.max(1, Math.ceil(count / room)); turn += 1) {
          const { services } = servicesNow(all, room, start + turn * 12_000);
          expect(services.length).toBeLessThanOrEqual(room);
          services.forEach((one) => shown.add(one));
        }
        expect(shown.size).toBe(count);
      }),
    );
  });

  it('never stands in one place for two minutes', () => {
    for (let minute = 0; minute < 16; minute += 1)
      expect(shiftAt(minute * 60_000)).not.toEqual(shiftAt((minute + 1) * 60_000));
  });

  it('is loaded anew at night, once', () => {
    const hours = 3_600_000;
    expect(isReloadDue(0, 20 * hours, 4)).toBe(true);
    expect(isReloadDue(0, 20 * hours, 5)).toBe(false);
    expect(isReloadDue(0, hours / 2, 4)).toBe(false);
  });
});
