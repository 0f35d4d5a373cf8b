import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import { followDevices } from '@hallhub/device-drivers/agent';
import type { CardRead } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, Code, DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok, plus, seconds } from '@hallhub/sync/base';
import type { StudentKey } from '../certificates/index.ts';
import type { KioskConfig, Label } from '../config/index.ts';
import type { Vault } from '../vault/index.ts';
import { maskName } from '../vault/index.ts';

/** What the page of a kiosk shows of itself. */
export interface KioskView {
  readonly id: string;
  readonly label: Label;
  readonly printer: { readonly id: string; readonly state: string; readonly code?: string };
  /** `code` says, for a while, why the card that was just held to it made nobody known: `E-KIOSK-0103`. */
  readonly reader: { readonly id: string; readonly state: string; readonly code?: Code };
  /** The person in front of it, masked; absent while nobody is. */
  readonly person?: { readonly session: string; readonly name: string; readonly until: EpochMs };
}

export interface Kiosks {
  start(): void;
  stop(): void;
  list(): readonly KioskConfig[];
  /** What the kiosk's browser proves itself with. */
  token(kioskId: string): string;
  isKiosk(kioskId: string, token: string): boolean;
  /** Errors: `E-KIOSK-0102`. */
  view(kioskId: string): Result<KioskView>;
  /** Who stands there. Errors: `E-KIOSK-0101`. */
  student(kioskId: string): Result<StudentKey>;
  /** They touched the screen: another {@link SESSION} for them. */
  touch(kioskId: string): void;
  leave(kioskId: string): void;
  onChange(listener: (kioskId: string) => void): Cancel;
}

interface Session {
  /** Tells two people of one masked name apart. */
  readonly id: string;
  readonly student: StudentKey;
  readonly name: string;
  until: EpochMs;
}

/** How long a person may do nothing before the screen forgets them. */
const SESSION: DurationMs = seconds(60);
/** How long the screen says why a card made nobody known. */
const NOTICE: DurationMs = seconds(10);

export function createKiosks(deps: {
  readonly kiosks: readonly KioskConfig[];
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly vault: Vault;
  readonly clock: Clock;
}): Kiosks {
  const { kiosks, host, vault, clock } = deps;
  const tokenKey = vault.derive('kiosk-token');
  const sessions = new Map<string, Session>();
  const timers = new Map<string, Cancel>();
  const notices = new Map<string, Cancel>();
  const listeners = new Set<(kioskId: string) => void>();
  const running: Cancel[] = [];

  const tokenOf = (kioskId: string): string => createHmac('sha256', tokenKey).update(kioskId).digest('base64url');
  const changed = (kioskId: string): void => {
    for (const listener of listeners) listener(kioskId);
  };
  const leave = (kioskId: string): void => {
    timers.get(kioskId)?.();
    timers.delete(kioskId);
    if (sessions.delete(kioskId)) changed(kioskId);
  };
  const extend = (kioskId: string, session: Session): void => {
    session.until = plus(clock.now(), SESSION);
    timers.get(kioskId)?.();
    timers.set(
      kioskId,
      clock.after(SESSION, () => {
        leave(kioskId);
      }),
    );
  };
  const forgetNotice = (kioskId: string): void => {
    notices.get(kioskId)?.();
    notices.delete(kioskId);
  };
  const notice = (kioskId: string): void => {
    forgetNotice(kioskId);
    notices.set(
      kioskId,
      clock.after(NOTICE, () => {
        notices.delete(kioskId);
        changed(kioskId);
      }),
    );
    changed(kioskId);
  };
  const identify = (kioskId: string, { presented }: CardRead): void => {
    if (presented.type === 'resident-number') {
      // Whoever stands there is shown their own name before anything of theirs: a number alone brings none.
      notice(kioskId);
      return;
    }
    if (presented.type !== 'resident-id') return;
    forgetNotice(kioskId);
    const { name, number } = presented.card;
    const session: Session = {
      id: randomUUID(),
      student: { by: 'resident-id', key: vault.match('resident-id', number).toString('hex') },
      name,
      until: clock.now(),
    };
    sessions.set(kioskId, session);
    extend(kioskId, session);
    changed(kioskId);
  };

  return {
    start: () => {
      const listen = (): readonly (Cancel | undefined)[] =>
        kiosks.map(({ id, reader }) =>
          host.capability(reader, 'cardReader')?.onCard((read) => {
            identify(id, read);
          }),
        );
      running.push(followDevices(host, listen));
    },
    stop: () => {
      for (const stop of running.splice(0)) stop();
      for (const { id } of kiosks) {
        forgetNotice(id);
        leave(id);
      }
    },
    list: () => kiosks,
    token: tokenOf,
    isKiosk: (kioskId, token) => {
      const expected = Buffer.from(tokenOf(kioskId));
      const given = Buffer.from(token);
      return (
        kiosks.some(({ id }) => id === kioskId) && given.length === expected.length && timingSafeEqual(given, expected)
      );
    },
    view: (kioskId) => {
      const kiosk = kiosks.find(({ id }) => id === kioskId);
      if (!kiosk) return failure('E-KIOSK-0102', kioskId);
      const session = sessions.get(kioskId);
      const printer = host.health(kiosk.printer);
      return ok({
        id: kiosk.id,
        label: kiosk.label,
        printer: {
          id: kiosk.printer,
          state: printer?.state ?? 'down',
          ...(printer?.reason && { code: printer.reason.code }),
        },
        reader: {
          id: kiosk.reader,
          state: host.health(kiosk.reader)?.state ?? 'down',
          ...(notices.has(kioskId) && { code: 'E-KIOSK-0103' }),
        },
        ...(session && { person: { session: session.id, name: maskName(session.name), until: session.until } }),
      });
    },
    student: (kioskId) => {
      const session = sessions.get(kioskId);
      if (!session) return failure('E-KIOSK-0101');
      return ok(session.student);
    },
    touch: (kioskId) => {
      const session = sessions.get(kioskId);
      if (!session) return;
      extend(kioskId, session);
      changed(kioskId);
    },
    leave,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
