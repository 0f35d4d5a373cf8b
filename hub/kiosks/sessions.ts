import { randomUUID } from 'node:crypto';
import type { Cancel, Clock, DurationMs, EpochMs } from '@hallhub/sync/base';
import { plus } from '@hallhub/sync/base';
import type { Known } from './known.ts';

export interface Session {
  /** Tells two people of one masked name apart. */
  readonly id: string;
  readonly known: Known;
  /** Print attempts that they asked for. */
  readonly jobs: Set<string>;
  until: EpochMs;
}

/** Who stands before which kiosk. Nothing of it is ever written down. */
export interface Sessions {
  of(kioskId: string): Session | undefined;
  /** Somebody stands there now; whoever stood there is forgotten. */
  begin(kioskId: string, known: Known): void;
  /** They touched the screen. */
  touch(kioskId: string): void;
  end(kioskId: string): void;
}

export function createSessions(deps: {
  readonly clock: Clock;
  /** Nobody touches the screen for so long: it forgets them. */
  readonly idle: DurationMs;
  /** While something is under way for them, they are not forgotten. */
  readonly isBusy: (session: Session) => boolean;
  readonly onChange: (kioskId: string) => void;
}): Sessions {
  const { clock, idle } = deps;
  const sessions = new Map<string, Session>();
  const timers = new Map<string, Cancel>();

  const end = (kioskId: string): void => {
    timers.get(kioskId)?.();
    timers.delete(kioskId);
    if (sessions.delete(kioskId)) deps.onChange(kioskId);
  };
  const extend = (kioskId: string, session: Session): void => {
    session.until = plus(clock.now(), idle);
    timers.get(kioskId)?.();
    timers.set(
      kioskId,
      clock.after(idle, () => {
        if (!deps.isBusy(session)) end(kioskId);
        else {
          extend(kioskId, session);
          deps.onChange(kioskId);
        }
      }),
    );
  };
  return {
    of: (kioskId) => sessions.get(kioskId),
    begin: (kioskId, known) => {
      const session: Session = { id: randomUUID(), known, jobs: new Set(), until: clock.now() };
      sessions.set(kioskId, session);
      extend(kioskId, session);
      deps.onChange(kioskId);
    },
    touch: (kioskId) => {
      const session = sessions.get(kioskId);
      if (!session) return;
      extend(kioskId, session);
      deps.onChange(kioskId);
    },
    end,
  };
}
