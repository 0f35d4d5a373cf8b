import { type Cancel, type Failure, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import type { LabelPrinter } from '../../capabilities/index.ts';
import {
  type Driver,
  type Protocol,
  type Receipt,
  type Traffic,
  type Transport,
  type DriverEnvironment,
  type Veto,
  brokenOff,
  createCommandLedger,
  createEmitter,
  createExchange,
  createHealth,
  createLine,
  interrupted,
  parseParams,
} from '../../kit/index.ts';
import { type HostStatus, STATUS_QUESTION, createStatusFramer, labelBytes } from './bytes.ts';
import { type ZplParams, zplSchema } from './params.ts';

type PrintCommand = Parameters<LabelPrinter['print']>[0];

/** Behind the last byte of a label, before anything else is said. */
const REST = ms(50);
const ASK_WHILE_PRINTING = ms(300);

const blockedBy = (status: HostStatus): Failure | undefined => {
  if (status.headOpen) return { code: 'E-LBL-0106' };
  if (status.paperOut) return { code: 'E-LBL-0105' };
  if (status.ribbonOut) return { code: 'E-LBL-0107' };
  return status.paused ? { code: 'E-LBL-0108' } : undefined;
};

/** A label printer: asked before each order, told once, and asked until nothing waits in it any more. */
function createZplDriver(
  options: DriverEnvironment & {
    readonly deviceId: string;
    readonly transport: Transport;
    readonly params: ZplParams;
  },
): Driver {
  const { deviceId, transport, params, clock, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the label printer failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const asks = params.status === 'hs';
  let life = 0;
  let printing = 0;
  let turn: Promise<unknown> = Promise.resolve();
  let cancelPoll: Cancel | undefined;
  let endPause: (() => void) | undefined;

  const exchange = createExchange({
    clock,
    write: (bytes, order) => line.write(bytes, order),
    quiet: ms(params.quietMs),
    onTraffic: (event) => {
      traffic.emit({ ...event, at: clock.now() });
    },
  });
  const line = createLine({
    transport,
    clock,
    random: options.random,
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    onUp: () => {
      life += 1;
      exchange.up();
      if (asks) void poll();
      else health.set('ready');
    },
    onDown: (reason) => {
      life += 1;
      cancelPoll?.();
      exchange.down(reason);
      health.set('down', reason);
    },
    onData: exchange.receive,
  });

  const ask = async (): Promise<Result<HostStatus>> => {
    const mine = life;
    const answer = await exchange.request({
      bytes: STATUS_QUESTION,
      meaning: 'how does it do',
      framer: createStatusFramer(),
      timeout: ms(params.replyTimeoutMs),
      accept: () => true,
      describe: ({ bytes, waiting }) => ({ bytes, meaning: `${waiting} waiting` }),
    });
    if (!answer.ok) {
      if (mine === life) health.set('down', answer.error);
      return answer;
    }
    const status = answer.value.frame;
    const blocked = blockedBy(status);
    if (blocked) health.set('degraded', blocked);
    else health.set('ready');
    return ok(status);
  };
  const poll = async (): Promise<void> => {
    const mine = life;
    if (printing === 0) await ask();
    if (mine === life) cancelPoll = clock.after(ms(params.pollEveryMs), () => void poll());
  };
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ASK_WHILE_PRINTING, resolve);
      endPause = () => {
        cancel();
        resolve();
      };
    });

  const send = async (command: PrintCommand, veto: Veto): Promise<Receipt> => {
    const bytes = labelBytes(command.args, params);
    if (!bytes.ok) return bytes;
    if (asks) {
      const before = await ask();
      if (!before.ok) return before;
      const blocked = blockedBy(before.value);
      if (blocked) return err(blocked);
    }
    // A label may say who gets what: an operator sees how much went out, not what.
    const told = await exchange.tell({
      bytes: bytes.value,
      shown: new Uint8Array(),
      meaning: `${command.args.copies} labels, ${bytes.value.length} bytes, contents withheld`,
      rest: REST,
      veto,
    });
    if (!told.ok) return told;
    if (asks) {
      const done = await printed();
      if (!done.ok) return err(done.error);
    }
    return ok({ commandId: command.id, confirmation: asks ? 'acknowledged' : 'unconfirmed', at: clock.now() });
  };
  /** Whether all that it was told came out. */
  const printed = async (): Promise<Result<void>> => {
    const until = clock.monotonic() + params.printsWithinMs;
    for (;;) {
      const status = await ask();
      if (!status.ok) return err(brokenOff(1, interrupted(status.error)));
      const blocked = blockedBy(status.value);
      if (blocked) return failure('E-LBL-0201', blocked.code);
      if (status.value.waiting === 0) return ok();
      if (clock.monotonic() >= until) return failure('E-LBL-0201', `${status.value.waiting} labels wait`);
      await pause();
    }
  };
  const print = async (command: PrintCommand, veto: Veto): Promise<Receipt> => {
    printing += 1;
    const mine = turn.then(() => send(command, veto));
    turn = mine;
    const receipt = await mine;
    printing -= 1;
    return receipt;
  };

  return {
    deviceId,
    capabilities: {
      labelPrinter: {
        print: (command) => ledger.run(command, (veto) => print(command, veto)),
        status: async () => {
          if (!asks) return failure('E-DEV-0203', 'this printer tells nothing');
          const status = await ask();
          if (!status.ok) return status;
          const blocked = blockedBy(status.value);
          return ok({ ready: !blocked, at: clock.now(), ...(blocked && { problem: blocked.code }) });
        },
      },
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
      exchange.down({ code: 'E-DEV-0102', detail: 'stopped' });
      endPause?.();
      await line.stop();
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

/** Label printers that are told what to print in ZPL. */
export const zplProtocol: Protocol = {
  name: 'zpl',
  connect: (bus, environment) => {
    const [device, ...others] = bus.devices;
    if (!device || others.length > 0) return failure('E-DEV-0302', 'a label printer has its line to itself');
    const params = parseParams(zplSchema, device.params);
    if (!params.ok) return err(params.error);
    const transport = environment.transportFactory(bus.transport);
    if (!transport.ok) return err(transport.error);
    const { deviceId } = device;
    return ok([createZplDriver({ ...environment, deviceId, transport: transport.value, params: params.value })]);
  },
};
