import { type Cancel, type DurationMs, type Failure, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import {
  type LabelPrinter,
  type PrintTicketCommand,
  type Ticket,
  type TicketPrinterStatus,
  ticketSchema,
} from '../../capabilities/index.ts';
import {
  type BusDefinition,
  type Confirmation,
  type Driver,
  type DriverEnvironment,
  type Protocol,
  type Receipt,
  type Traffic,
  type Transport,
  createCommandLedger,
  createEmitter,
  createHealth,
  createLine,
  parseParams,
} from '../../kit/index.ts';
import { createDialogue } from './dialogue.ts';
import { labelTicket } from './label-ticket.ts';
import { type EscposParams, escposSchema } from './params.ts';
import { blockedBy } from './status.ts';
import { CLEAR_BUFFERS, completionRequest, ticketBytes, wakeUp } from './ticket-bytes.ts';

export interface EscposDriverOptions extends DriverEnvironment {
  readonly deviceId: string;
  readonly transport: Transport;
  readonly params: EscposParams;
}

/** How often a printer is asked while its completion is awaited. */
const ASK_WHILE_PRINTING = ms(500);
/** Completion ids: four digits, so that no printer takes a byte of one for a command. */
const COMPLETION_IDS = 10_000;

/**
 * A ticket printer. One ticket at a time; each goes out once. When anything goes wrong behind its first byte the ticket is
 * given up there, nothing of it is sent again, and the receipt says that paper may have come out.
 */
export function createEscposDriver(options: EscposDriverOptions): Driver {
  const { deviceId, transport, clock, log, params } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the ticket printer failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const emit = (event: Omit<Traffic, 'at'>): void => {
    traffic.emit({ ...event, at: clock.now() });
  };
  const asks = params.status !== 'none';

  /** Grows when the line goes: a ticket of an earlier life is over. */
  let life = 0;
  let printing = false;
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let nextId = 1;
  let cancelPoll: Cancel | undefined;
  let endPause: Cancel | undefined;
  /** What the printer told by itself while a ticket is under way. */
  let told: Failure | undefined;
  const toldTrouble = (): Failure | undefined => told;

  const dialogue = createDialogue({
    clock,
    write: (bytes) => line.write(bytes),
    replyTimeout: params.replyTimeoutMs,
    onTraffic: emit,
    onStatus: (status) => {
      told = blockedBy(status, 'during');
      if (!printing) showHealth(status);
    },
  });
  const line = createLine({
    transport,
    clock,
    random: options.random,
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    onUp: () => {
      life += 1;
      if (asks) {
        if (params.status === 'asb' && options.probe !== true) void sendSettings();
        poll();
      } else health.set('ready');
    },
    onDown: (reason) => {
      life += 1;
      cancelPoll?.();
      dialogue.down(reason);
      health.set('down', reason);
    },
    onData: dialogue.receive,
  });

  const sendSettings = (): Promise<Result<void>> => {
    const bytes = wakeUp(params);
    emit({ direction: 'out', bytes, meaning: 'reset, Chinese mode, tell changes' });
    return line.write(bytes);
  };
  const showHealth = (status: TicketPrinterStatus): void => {
    const blocked = blockedBy(status, 'before');
    if (blocked) health.set('degraded', blocked);
    else if (status.paper === 'near-end') health.set('degraded', { code: 'E-TKT-0105' });
    else health.set('ready');
  };
  const askHealth = async (): Promise<Result<TicketPrinterStatus>> => {
    const mine = life;
    const status = await dialogue.status();
    if (mine !== life) return status;
    if (status.ok) showHealth(status.value);
    else health.set('down', status.error);
    return status;
  };
  const poll = (): void => {
    const mine = life;
    const next = printing ? Promise.resolve() : askHealth();
    void next.then(() => {
      if (mine === life) cancelPoll = clock.after(params.pollEveryMs, poll);
    });
  };

  /** The bytes went to the line, or why they did not; a printer that takes none for too long is given up. */
  const send = (bytes: Uint8Array, meaning: string): Promise<Result<void>> => {
    // A ticket may say who waits for what: an operator sees how much went out, not what.
    emit({
      direction: 'out',
      bytes: new Uint8Array(),
      meaning: `${meaning}, ${bytes.length} bytes, contents withheld`,
    });
    return new Promise((resolve) => {
      const stalled = clock.after(params.stallTimeoutMs, () => {
        resolve(failure('E-TKT-0207', `no byte taken for ${params.stallTimeoutMs} ms`));
      });
      void line.write(bytes).then((written) => {
        stalled();
        resolve(written.ok ? written : failure('E-TKT-0205', written.error.detail));
      });
    });
  };

  /** Whether the printer still prints, asked between two runs; undefined where it does or cannot say. */
  const trouble = async (mine: number): Promise<Failure | undefined> => {
    if (mine !== life) return { code: 'E-TKT-0205' };
    const before = toldTrouble();
    if (before) return before;
    if (!asks) return undefined;
    const status = await dialogue.status();
    if (mine !== life) return { code: 'E-TKT-0205' };
    // It may have told while it was asked; the cause is worth more than the silence.
    const meanwhile = toldTrouble();
    if (meanwhile) return meanwhile;
    if (!status.ok) return { code: 'E-TKT-0206', detail: `no status: ${status.error.code}` };
    return blockedBy(status.value, 'during');
  };
  /** Gives up a ticket whose first bytes are gone: what the printer has not printed yet shall not come out later. */
  const giveUp = async (reason: Failure, mine: number): Promise<Result<never>> => {
    if (mine === life) {
      if (reason.code === 'E-TKT-0207') line.cycle(reason);
      else if (params.clear === 'dle-dc4') {
        emit({ direction: 'out', bytes: CLEAR_BUFFERS, meaning: 'clear buffers' });
        await line.write(CLEAR_BUFFERS);
      }
    }
    return err(reason);
  };

  /** Nothing has been sent yet: one answer that was lost or late costs nobody their ticket, it is asked for once more. */
  const askBefore = async (mine: number): Promise<Result<TicketPrinterStatus>> => {
    const status = await dialogue.status();
    if (!status.ok && status.error.code === 'E-DEV-0202' && mine === life) return askHealth();
    if (mine !== life) return status;
    if (status.ok) showHealth(status.value);
    else health.set('down', status.error);
    return status;
  };

  const sendTicket = async (ticket: Ticket, veto: () => Failure | undefined): Promise<Result<Confirmation>> => {
    const runs = ticketBytes(ticket, params);
    if (!runs.ok) return runs;
    if (!line.isUp) return failure('E-DEV-0102', deviceId);
    const mine = life;
    if (asks) {
      const status = await askBefore(mine);
      if (!status.ok) return status;
      const blocked = blockedBy(status.value, 'before');
      if (blocked) return err(blocked);
    }
    if (mine !== life) return failure('E-DEV-0103', deviceId);
    const late = veto();
    if (late) return err(late);
    told = undefined;
    for (const [index, run] of runs.value.entries()) {
      const sent = await send(run, `ticket, part ${index + 1} of ${runs.value.length}`);
      if (!sent.ok) return giveUp(sent.error, mine);
      const isLast = index === runs.value.length - 1;
      const problem = isLast ? undefined : await trouble(mine);
      if (problem) return giveUp(problem, mine);
    }
    return params.completion ? awaitCompletion(mine) : askOnce(mine);
  };
  const askOnce = async (mine: number): Promise<Result<Confirmation>> => {
    const problem = await trouble(mine);
    if (problem) return giveUp(problem, mine);
    return ok(asks ? 'acknowledged' : 'unconfirmed');
  };
  const awaitCompletion = async (mine: number): Promise<Result<Confirmation>> => {
    const id = String(nextId % COMPLETION_IDS).padStart(4, '0');
    nextId += 1;
    const request = completionRequest(id);
    const sent = await send(request, `report the end of print ${id}`);
    if (!sent.ok) return giveUp(sent.error, mine);
    const deadline = clock.monotonic() + params.completionTimeoutMs;
    for (;;) {
      const problem = await trouble(mine);
      if (dialogue.completed === id && mine === life) return ok('observed');
      if (problem) return giveUp(problem, mine);
      if (clock.monotonic() >= deadline)
        return giveUp({ code: 'E-TKT-0206', detail: `print ${id} was not reported` }, mine);
      await pause(ASK_WHILE_PRINTING);
    }
  };
  /** Ends early when the driver is stopped. */
  const pause = (time: DurationMs): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(time, () => {
        endPause = undefined;
        resolve();
      });
      endPause = () => {
        cancel();
        resolve();
      };
    });

  const print = (command: PrintTicketCommand, veto: () => Failure | undefined): Promise<Receipt> => {
    const ticket = ticketSchema.safeParse(command.args.ticket);
    // Where it is wrong, not what stands there.
    if (!ticket.success) {
      const where = ticket.error.issues.map(({ path }) => path.join('.')).join(', ');
      return Promise.resolve(failure('E-TKT-0106', where));
    }
    return queued(command.id, ticket.data, veto);
  };
  const queued = async (commandId: string, ticket: Ticket, veto: () => Failure | undefined): Promise<Receipt> => {
    if (waiting >= params.queueLimit) return failure('E-DEV-0205', deviceId);
    waiting += 1;
    const result = turn.then(async () => {
      printing = true;
      try {
        return await sendTicket(ticket, veto);
      } finally {
        printing = false;
        waiting -= 1;
      }
    });
    turn = result.catch(() => undefined);
    const outcome = await result;
    return outcome.ok ? ok({ commandId, confirmation: outcome.value, at: clock.now() }) : outcome;
  };
  const printLabels = (
    { id, args }: Parameters<LabelPrinter['print']>[0],
    veto: () => Failure | undefined,
  ): Promise<Receipt> => {
    const { labels = {} } = params;
    const design = Object.hasOwn(labels, args.template) ? labels[args.template] : undefined;
    if (!design) return Promise.resolve(failure('E-LBL-0101', args.template));
    const ticket = labelTicket(design, args, params.dots);
    return ticket.ok ? queued(id, ticket.value, veto) : Promise.resolve(ticket);
  };

  return {
    deviceId,
    capabilities: {
      ticketPrinter: {
        print: (command) => ledger.run(command, (veto) => print(command, veto)),
        status: () => (asks ? askHealth() : Promise.resolve(failure('E-DEV-0203', 'this printer tells nothing'))),
      },
      ...(params.labels && {
        labelPrinter: {
          print: (command: Parameters<LabelPrinter['print']>[0]) =>
            ledger.run(command, (veto) => printLabels(command, veto)),
          status: async () => {
            if (!asks) return failure('E-DEV-0203', 'this printer tells nothing');
            const status = await askHealth();
            if (!status.ok) return status;
            const blocked = blockedBy(status.value, 'before');
            return ok({ ready: !blocked, at: status.value.at, ...(blocked && { problem: blocked.code }) });
          },
        },
      }),
    },
    get health() {
      return health.current;
    },
    start: () => {
      line.start();
    },
    stop: async () => {
      life += 1;
      cancelPoll?.();
      endPause?.();
      await line.stop();
      dialogue.down({ code: 'E-DEV-0102', detail: 'stopped' });
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

export const escposProtocol: Protocol = {
  name: 'escpos',
  connect: (bus: BusDefinition, environment: DriverEnvironment): Result<readonly Driver[]> => {
    const [device, ...others] = bus.devices;
    if (!device || others.length > 0) return failure('E-DEV-0302', 'a ticket printer has its line to itself');
    const params = parseParams(escposSchema, device.params);
    if (!params.ok) return err(params.error);
    const transport = environment.transportFactory(bus.transport);
    if (!transport.ok) return err(transport.error);
    const { deviceId } = device;
    return ok([createEscposDriver({ ...environment, deviceId, transport: transport.value, params: params.value })]);
  },
};
