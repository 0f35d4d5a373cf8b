import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Cancel, Clock, RandomBytes } from '@hallhub/sync/base';
import { minutes, ms, plus, uuidv7 } from '@hallhub/sync/base';
import type { QueueHallConfig } from '../config/index.ts';
import type { AnnouncementView } from './contract.ts';
import type { CalledEvent } from './counters.ts';
import type { Halls } from './halls.ts';
import type { Announcement, Announcing } from './rules/announcing.ts';
import { SILENCE, announce, proceed, sayingLasts, textEn, textZh } from './rules/announcing.ts';
import { isWithin } from './rules/opening.ts';

/** One voice a hall. What is said is also shown on its boards, which say it where the hall has no speaker of its own. */
export interface Announcements {
  called(event: CalledEvent): void;
  /** What is being said. */
  current(hall: string): AnnouncementView | undefined;
  stop(): void;
}

/** A call that could not be said for so long is old news. */
const OLD = minutes(2);

export function createAnnouncements(deps: {
  readonly halls: Halls;
  readonly host: Pick<AgentHost, 'capability'>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Whether somebody is still called to this counter. */
  readonly isCalled: (ticket: string, counter: string) => boolean;
  readonly changed: (hall: string) => void;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): Announcements {
  const { halls, host, clock, random } = deps;
  const states = new Map<string, Announcing>();
  const timers = new Map<string, Cancel>();

  const say = async (hall: QueueHallConfig, one: Announcement): Promise<void> => {
    const { speaker, languages, repeat, chime } = hall.announcements;
    const port = speaker === undefined ? undefined : host.capability(speaker, 'speaker');
    if (!port) return;
    for (let time = 0; time < repeat; time += 1)
      for (const [index, language] of languages.entries()) {
        const now = clock.now();
        const said = await port.say({
          id: uuidv7(now, random),
          name: 'say',
          args: { text: one[language], language, chime: chime && time === 0 && index === 0 },
          issuedAt: now,
          expiresAt: plus(now, OLD),
          issuedBy: `queue:${hall.id}`,
        });
        if (said.ok) continue;
        deps.log('warn', 'a call was not said', { hall: hall.id, speaker, code: said.error.code });
        return;
      }
  };
  const run = (hall: QueueHallConfig): void => {
    const before = states.get(hall.id) ?? SILENCE;
    const { state, say: next } = proceed(before, clock.now(), ({ ticket, counter }) => deps.isCalled(ticket, counter));
    states.set(hall.id, state);
    if (!next) return;
    deps.changed(hall.id);
    let left = 1 + (hall.announcements.speaker === undefined ? 0 : 1);
    const ended = (): void => {
      left -= 1;
      if (left > 0 || !timers.has(hall.id)) return;
      timers.delete(hall.id);
      states.set(hall.id, { waiting: states.get(hall.id)?.waiting ?? [] });
      run(hall);
    };
    // By the clock at least as long as it takes, and by the speaker until it has ended: the later of the two.
    timers.set(hall.id, clock.after(next.lasts, ended));
    if (hall.announcements.speaker !== undefined)
      say(hall, next)
        .catch((error: unknown) => {
          deps.log('error', 'a call could not be said', { hall: hall.id, error });
        })
        .finally(ended);
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
    current: (hall) => {
      const said = states.get(hall)?.current?.said;
      return said && { id: said.id, text: { zh: said.zh, en: said.en }, lasts: ms(said.lasts) };
    },
    stop: () => {
      for (const cancel of timers.values()) cancel();
      timers.clear();
      states.clear();
    },
  };
}
