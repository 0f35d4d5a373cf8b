import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, DurationMs, RandomBytes } from '@hallhub/sync/base';
import { minutes, ms, plus, uuidv7 } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import type { AnnouncementView } from './contract.ts';
import type { CalledEvent } from './counters.ts';
import type { Halls } from './halls.ts';
import type { Announcement, Announcing } from './rules/announcing.ts';
import { SILENCE, announce, proceed, sayingLasts, textEn, textZh } from './rules/announcing.ts';
import { isWithin } from './rules/opening.ts';
import { createSounds, sayingOf } from './sounds.ts';

/** One voice a hall. What is said is also shown on its boards, which say it where the hall has no speaker of its own. */
export interface Announcements {
  called(event: CalledEvent): void;
  /** What is being said. */
  current(hall: string): AnnouncementView | undefined;
  /** The hall's loudspeaker says nothing: its boards do. */
  isMute(hall: string): boolean;
  /** What boards play, as a WAV file: of the last announcements of a hall without a loudspeaker, or whose loudspeaker is down. */
  sound(hall: string, id: string): Uint8Array | undefined;
  stop(): void;
}

/** A call that could not be said for so long is old news. */
const OLD = minutes(2);
/** Between two announcements of a board: it begins a little later than the hub, and needs its time to fetch. */
const BEHIND = 700;

export function createAnnouncements(deps: {
  readonly halls: Halls;
  readonly host: Pick<AgentHost, 'capability' | 'health'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Whether somebody is still called to this counter. */
  readonly isCalled: (ticket: string, counter: string) => boolean;
  readonly changed: (hall: string) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Announcements {
  const { halls, host, clock, random } = deps;
  const states = new Map<string, Announcing>();
  /** While one is being said; cancels its end. */
  const timers = new Map<string, Cancel>();
  const shown = new Map<string, AnnouncementView>();
  const sounds = createSounds(deps);

  /** Halls whose loudspeaker says nothing; told once each time. */
  const mute = new Set<string>();
  const setMute = (hall: QueueHallConfig, code: string | undefined): void => {
    const { speaker } = hall.announcements;
    const fields = { hall: hall.id, speaker };
    if (code === undefined && mute.delete(hall.id)) deps.log('info', 'the loudspeaker of a hall is back', fields);
    if (code === undefined || mute.has(hall.id)) return;
    mute.add(hall.id);
    deps.log('warn', 'the loudspeaker of a hall is silent: its boards say the calls', { ...fields, code });
  };
  /** Through the hall's own loudspeaker; false: nobody heard it. */
  const say = async (hall: QueueHallConfig, one: Announcement): Promise<boolean> => {
    const { speaker, languages, repeat, chime } = hall.announcements;
    const port = speaker === undefined ? undefined : host.capability(speaker, 'speaker');
    if (speaker === undefined || !port || host.health(speaker)?.state === 'down') {
      setMute(hall, 'E-DEV-0102');
      return false;
    }
    for (let time = 0; time < repeat; time += 1)
      for (const [index, language] of languages.entries()) {
        const now = clock.now();
        const wanted = { language, text: one[language], chime: chime && time === 0 && index === 0 };
        const said = await port.say({
          id: uuidv7(now, random),
          name: 'say',
          args: sayingOf(hall.announcements, wanted),
          issuedAt: now,
          expiresAt: plus(now, OLD),
          issuedBy: `queue:${hall.id}`,
        });
        if (said.ok) continue;
        setMute(hall, said.error.code);
        // What was said once need not be said again by everything else.
        return time > 0;
      }
    setMute(hall, undefined);
    return true;
  };
  /** The sound is made before anybody sees that there is something to say: a board takes in an announcement once. */
  const hand = async (hall: QueueHallConfig, one: Announcement): Promise<DurationMs> => {
    const made = await sounds.make(hall, one);
    if (!made.ok) deps.log('warn', 'a call has no sound for the boards', { hall: hall.id, code: made.error.code });
    const lasts = ms(Math.max(one.lasts, made.ok ? made.value.lasts + BEHIND : 0));
    if (timers.has(hall.id))
      shown.set(hall.id, {
        ...{ id: one.id, text: { zh: one.zh, en: one.en }, lasts },
        ...(made.ok && { audio: made.value.url }),
      });
    return lasts;
  };
  const run = (hall: QueueHallConfig): void => {
    const before = states.get(hall.id) ?? SILENCE;
    const { state, say: next } = proceed(before, clock.now(), ({ ticket, counter }) => deps.isCalled(ticket, counter));
    states.set(hall.id, state);
    shown.delete(hall.id);
    if (!next) return;
    const { id, zh, en, lasts } = next;
    const failed = (error: unknown): void => {
      deps.log('error', 'a call could not be said', { hall: hall.id, error });
    };
    const end = (): void => {
      timers.delete(hall.id);
      states.set(hall.id, { waiting: states.get(hall.id)?.waiting ?? [] });
      run(hall);
    };
    const byBoards = (one: Announcement): void => {
      timers.set(hall.id, () => undefined);
      void hand(hall, one)
        .catch((error: unknown) => {
          failed(error);
          return lasts;
        })
        .then((long) => {
          if (!timers.has(hall.id)) return;
          timers.set(hall.id, clock.after(long, end));
          deps.changed(hall.id);
        });
    };
    if (hall.announcements.speaker === undefined) {
      byBoards(next);
      return;
    }
    shown.set(hall.id, { id, text: { zh, en }, lasts });
    deps.changed(hall.id);
    let left = 2;
    const ended = (): void => {
      left -= 1;
      if (left === 0 && timers.has(hall.id)) end();
    };
    // By the clock at least as long as it takes, and by the speaker until it has ended: the later of the two.
    timers.set(hall.id, clock.after(lasts, ended));
    say(hall, next)
      .catch((error: unknown) => {
        failed(error);
        setMute(hall, 'E-DEV-0101');
        return false;
      })
      .then((heard) => {
        if (heard) {
          ended();
          return;
        }
        if (!timers.has(hall.id)) return;
        timers.get(hall.id)?.();
        // A board that has shown it takes it in once more, now that it is to be heard.
        byBoards({ ...next, id: uuidv7(clock.now(), random) });
      })
      .catch(failed);
  };
  return {
    called: ({ hall: hallId, counter: counterId, ticket, number }) => {
      const found = halls.counter(counterId);
      if (!found.ok) return;
      const { hall, counter } = found.value;
      if (isWithin(hall.announcements.quiet, halls.local(clock.now()))) return;
      const wording = { number, counter: counter.label, yao: hall.announcements.yao };
      const text = { zh: textZh(wording), en: textEn(wording) };
      const lasts = sayingLasts(text, hall.announcements);
      const one = { id: uuidv7(clock.now(), random), ticket, counter: counterId, ...text, lasts };
      states.set(hallId, announce(states.get(hallId) ?? SILENCE, one));
      if (!timers.has(hallId)) run(hall);
    },
    current: (hall) => shown.get(hall),
    isMute: (hall) => mute.has(hall),
    sound: (hall, id) => sounds.wav(hall, id),
    stop: () => {
      for (const cancel of timers.values()) cancel();
      timers.clear();
      states.clear();
      shown.clear();
    },
  };
}
