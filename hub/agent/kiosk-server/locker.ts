import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Clock, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { EdgeKiosk } from '../../kiosks/edge/index.ts';
import type { Cabinets, LockerTerminal } from '../../lockers/edge/index.ts';
import { createLockerTerminal } from '../../lockers/edge/index.ts';

interface LockerQuestion {
  readonly isRead: boolean;
  readonly session: string;
  readonly body: unknown;
  /** Whoever asked has gone. */
  readonly signal: AbortSignal;
}

/** Answers the screens of cabinets out of this machine, whatever becomes of the hub. Undefined: there is nothing to say (204). */
export function lockerAnswers(deps: {
  readonly cabinets: () => Cabinets | undefined;
  readonly host: () => Pick<AgentHost, 'capability'> | undefined;
  readonly clock: Clock;
  readonly random: RandomBytes;
}) {
  const terminals = new Map<
    string,
    { readonly cabinets: Cabinets; readonly text: string; readonly terminal: LockerTerminal }
  >();
  const terminalOf = (kiosk: EdgeKiosk): LockerTerminal | undefined => {
    const cabinets = deps.cabinets();
    if (!cabinets || kiosk.cabinet === undefined) return undefined;
    const text = JSON.stringify([kiosk.cabinet, kiosk.readers]);
    const known = terminals.get(kiosk.id);
    if (known?.cabinets === cabinets && known.text === text) return known.terminal;
    const terminal = createLockerTerminal({ ...deps, cabinets, cabinet: kiosk.cabinet, readers: kiosk.readers });
    terminals.set(kiosk.id, { cabinets, text, terminal });
    return terminal;
  };

  return async (kiosk: EdgeKiosk, path: string, asked: LockerQuestion): Promise<Result<unknown> | undefined> => {
    const terminal = terminalOf(kiosk);
    if (!terminal) return failure('E-LOCK-0101');
    const { isRead, session, body, signal } = asked;
    const order = path.startsWith('/orders/') ? decodeURIComponent(path.slice('/orders/'.length)) : undefined;
    if (order !== undefined) return isRead ? terminal.order(order, session) : terminal.answer(order, body);
    switch (path) {
      case '':
        return terminal.view();
      case '/present':
        return terminal.present(body);
      case '/listen':
        return terminal.listen(signal);
      case '/begin':
        return terminal.begin(body);
      case '/end': {
        const ended = terminal.end(body);
        return ended.ok ? undefined : ended;
      }
      default:
        return ok();
    }
  };
}
