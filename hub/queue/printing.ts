import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { TicketPrinterStatus } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, RandomBytes, Result } from '@hallhub/sync/base';
import { plus, seconds, sleep, uuidv7 } from '@hallhub/sync/base';
import type { OwnTicketView, TakenView, TicketMachineView } from './contract.ts';
import { ticketPaper } from './paper.ts';

/** Prints tickets that exist already: whatever becomes of the paper, the number is given. */
export interface TicketPrinting {
  /** How the paper of a ticket came out, as far as that is known soon. No printer: `screen`. */
  print(printer: string | undefined, view: OwnTicketView, by: string): Promise<Pick<TakenView, 'paper' | 'code'>>;
  /** What the printer said last. */
  paper(printer: string | undefined): TicketMachineView['paper'];
  start(): void;
  stop(): void;
}

/** A ticket that did not come out by then would come out for somebody else. */
const WITHIN = seconds(8);
/** A page waits so long for its paper, then it is `printing`. */
const PATIENCE = seconds(4);
const ASK_EVERY = seconds(15);

export function createTicketPrinting(deps: {
  readonly host: Pick<AgentHost, 'capability' | 'health'>;
  readonly printers: readonly string[];
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly timeZone: string;
  /** What the QR code of a ticket opens; undefined: this hub cannot be reached by phones. */
  readonly ticketUrl: (key: string) => string | undefined;
  readonly changed: () => void;
}): TicketPrinting {
  const { host, clock, random } = deps;
  const last = new Map<string, Result<TicketPrinterStatus>>();
  let tick: Cancel | undefined;

  const ask = async (printer: string): Promise<void> => {
    const port = host.capability(printer, 'ticketPrinter');
    if (!port) return;
    const before = paper(printer);
    last.set(printer, await port.status());
    if (paper(printer) !== before) deps.changed();
  };
  const paper = (printer: string | undefined): TicketMachineView['paper'] => {
    const status = printer === undefined ? undefined : last.get(printer);
    if (printer === undefined || host.health(printer)?.state === 'down' || status?.ok === false) return 'none';
    if (!status) return 'ok';
    const { online, cover, error, paper: roll } = status.value;
    if (roll === 'end' || cover === 'open') return 'out';
    if (error || !online) return 'none';
    return roll === 'near-end' ? 'low' : 'ok';
  };
  const round = (): void => {
    tick = clock.after(ASK_EVERY, round);
    // A driver answers with a failure; a throw is a bug of its own, and its printer is as one that was never asked.
    for (const printer of deps.printers) ask(printer).catch(() => last.delete(printer));
  };
  return {
    paper,
    print: async (printer, view, by) => {
      const port = printer === undefined ? undefined : host.capability(printer, 'ticketPrinter');
      if (printer === undefined || !port) return { paper: 'screen' };
      const now = clock.now();
      const printed = port
        .print({
          id: uuidv7(now, random),
          name: 'print',
          args: { ticket: ticketPaper(view, { timeZone: deps.timeZone, url: deps.ticketUrl(view.key) }) },
          issuedAt: now,
          expiresAt: plus(now, WITHIN),
          issuedBy: by,
        })
        .then((receipt): Pick<TakenView, 'paper' | 'code'> =>
          receipt.ok ? { paper: 'printed' } : { paper: 'screen', code: receipt.error.code },
        );
      const enough = new AbortController();
      const outcome = await Promise.race([
        printed,
        sleep(clock, PATIENCE, enough.signal).then((): Pick<TakenView, 'paper' | 'code'> => ({ paper: 'printing' })),
      ]);
      enough.abort();
      void printed.then(() => ask(printer)).catch(() => undefined);
      return outcome;
    },
    start: round,
    stop: () => {
      tick?.();
      tick = undefined;
    },
  };
}
