import type { AgentHost } from '@hallhub/device-drivers/agent';
import { credentialText } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, MonoMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, minutes, ok, seconds } from '@hallhub/sync/base';
import { z } from 'zod';
import type { CredentialKind, LockerPass, Size } from '../cabinet-contract.ts';
import { SIZES } from '../cabinet-contract.ts';
import type { LockerOrderView, LockerPassView, LockerView, Presented } from '../terminal-contract.ts';
import type { Cabinets } from './cabinets.ts';

/** The readers beside a screen. */
export interface TerminalReader {
  readonly id: string;
  readonly kind: 'resident-id' | 'campus-card' | 'scanner';
}

const SESSION_LASTS = minutes(2);
const LISTENS = seconds(20);
/** People at one screen come one after the other; what is older is nobody's any more. */
const MOST_SESSIONS = 20;
/** What a scanner reads out of the QR code of a notice. */
const CODE = /^(?:HHL:)?(\d{6,12})$/;

const presentParams = z.object({ code: z.string().max(64) });
const beginParams = z.object({
  session: z.string().max(64),
  pass: z.string().max(160),
  size: z.enum(['small', 'medium', 'large']).exactOptional(),
});
const answerParams = z.object({ session: z.string().max(64), answer: z.enum(['done', 'cancel', 'again']) });
const endParams = z.object({ session: z.string().max(64) });

interface Session {
  readonly by: CredentialKind;
  readonly passes: ReadonlySet<string>;
  readonly orders: Set<string>;
  until: MonoMs;
}

/** What the screen at a cabinet may do; everything needs the session of somebody who has shown something. */
export interface LockerTerminal {
  view(): Result<LockerView>;
  present(body: unknown): Result<Presented>;
  /** Waits for a card or a code at the readers; undefined when nobody showed one. */
  listen(signal: AbortSignal): Promise<Result<Presented> | undefined>;
  begin(body: unknown): Result<LockerOrderView>;
  order(id: string, session: string): Result<LockerOrderView>;
  answer(id: string, body: unknown): Result<LockerOrderView>;
  end(body: unknown): Result<void>;
}

/** The screen beside one cabinet: it is answered by the agent, so that a hub that is away is not missed. */
export function createLockerTerminal(deps: {
  readonly cabinets: Cabinets;
  readonly cabinet: string;
  readonly readers: readonly TerminalReader[];
  readonly host: () => Pick<AgentHost, 'capability'> | undefined;
  readonly clock: Clock;
  readonly random: RandomBytes;
}): LockerTerminal {
  const { cabinets, cabinet, clock } = deps;
  const sessions = new Map<string, Session>();
  let listening: (() => void) | undefined;

  const passView = (pass: LockerPass): LockerPassView => {
    const { id, purpose, size } = pass;
    const compartment = purpose === 'deposit' ? undefined : cabinets.lies(pass);
    return { id, purpose, size, ...(compartment !== undefined && { compartment }) };
  };
  const open = (by: CredentialKind, passes: readonly LockerPass[]): Presented => {
    const session = Buffer.from(deps.random(16)).toString('hex');
    const [oldest] = sessions.keys();
    if (sessions.size >= MOST_SESSIONS && oldest !== undefined) sessions.delete(oldest);
    const until = (clock.monotonic() + SESSION_LASTS) as MonoMs;
    sessions.set(session, { by, passes: new Set(passes.map(({ id }) => id)), orders: new Set(), until });
    return { session, passes: passes.map(passView) };
  };
  const shown = (by: CredentialKind, value: string): Result<Presented> => {
    const passes = cabinets.shown(cabinet, by, value);
    return passes.ok ? ok(open(by, passes.value)) : passes;
  };
  const sessionOf = (id: string): Session | undefined => {
    const session = sessions.get(id);
    if (!session || clock.monotonic() >= session.until) {
      sessions.delete(id);
      return undefined;
    }
    session.until = (clock.monotonic() + SESSION_LASTS) as MonoMs;
    return session;
  };
  const byCode = (text: string): Result<Presented> => {
    const [, code] = CODE.exec(text.trim()) ?? [];
    // What is no code at all is counted like a wrong one: it was typed, or held to the scanner, to be let in.
    return shown('locker-code', code ?? text.trim());
  };
  const orderOf = (id: string, session: Session): Result<LockerOrderView> => {
    const order = session.orders.has(id) ? cabinets.order(id) : undefined;
    if (!order) return failure('E-LOCK-0108');
    if (order.next !== undefined) session.orders.add(order.next);
    return ok(order);
  };

  return {
    view: () => {
      const doors = cabinets.doors(cabinet);
      const known = cabinets.list().find(({ id }) => id === cabinet);
      if (!doors.ok || !known) return failure('E-LOCK-0101', cabinet);
      const free = (size: Size): number => doors.value.filter((door) => door.free && door.size === size).length;
      return ok({
        ...{ id: cabinet, label: known.label },
        free: Object.fromEntries(SIZES.map((size) => [size, free(size)])) as Record<Size, number>,
        working: doors.value.some(({ stage }) => stage !== 'unread'),
      });
    },
    present: (body) => {
      const asked = presentParams.safeParse(body);
      return asked.success ? byCode(asked.data.code) : failure('E-API-0101');
    },
    listen: (signal) => {
      // One screen: a page that was loaded anew takes over.
      listening?.();
      return new Promise((resolve) => {
        const stops: Cancel[] = [];
        const end = (answer: Result<Presented> | undefined): void => {
          for (const stop of stops.splice(0)) stop();
          listening = undefined;
          resolve(answer);
        };
        const giveUp = (): void => {
          end(undefined);
        };
        stops.push(clock.after(LISTENS, giveUp));
        signal.addEventListener('abort', giveUp, { once: true });
        stops.push(() => {
          signal.removeEventListener('abort', giveUp);
        });
        for (const { id, kind } of deps.readers) {
          const host = deps.host();
          const stop =
            kind === 'scanner'
              ? host?.capability(id, 'codeScanner')?.onScan(({ text }) => {
                  end(byCode(text));
                })
              : host?.capability(id, 'cardReader')?.onCard(({ presented }) => {
                  end(shown(presented.type === 'uid' ? 'uid' : 'resident-id', credentialText(presented)));
                });
          if (stop) stops.push(stop);
        }
        listening = giveUp;
        if (signal.aborted) giveUp();
      });
    },
    begin: (body) => {
      const asked = beginParams.safeParse(body);
      if (!asked.success) return failure('E-API-0101');
      const { pass, size } = asked.data;
      const session = sessionOf(asked.data.session);
      if (!session?.passes.has(pass)) return failure('E-LOCK-0108');
      const begun = cabinets.begin(pass, session.by, size);
      if (begun.ok) session.orders.add(begun.value.id);
      return begun;
    },
    order: (id, name) => {
      const session = sessionOf(name);
      return session ? orderOf(id, session) : failure('E-LOCK-0108');
    },
    answer: (id, body) => {
      const asked = answerParams.safeParse(body);
      if (!asked.success) return failure('E-API-0101');
      const session = sessionOf(asked.data.session);
      const order = session ? orderOf(id, session) : failure('E-LOCK-0108');
      return order.ok ? cabinets.answer(id, asked.data.answer) : order;
    },
    end: (body) => {
      const asked = endParams.safeParse(body);
      if (!asked.success) return failure('E-API-0101');
      sessions.delete(asked.data.session);
      return ok();
    },
  };
}
