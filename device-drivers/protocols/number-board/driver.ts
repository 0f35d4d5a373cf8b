import { type Cancel, err, failure, ms, ok } from '@hallhub/sync/base';
import type { CounterDisplay } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type Protocol,
  type Receipt,
  type SharedLine,
  type Traffic,
  type Veto,
  createCommandLedger,
  createEmitter,
  createHealth,
  createSharedLine,
  declaredCodec,
  parseParams,
} from '../../kit/index.ts';
import { type Shown, encodeBoard, shownOn } from './board-text.ts';
import { type BoardParams, boardSchema } from './params.ts';

type ShowCommand = Parameters<CounterDisplay['show']>[0];

/** One board. It never answers: whatever is sent to it stays unconfirmed, and it is taken to be there while its line is. */
function createBoard(
  options: DriverEnvironment & { deviceId: string; params: BoardParams; shared: SharedLine },
): Driver {
  const { deviceId, params, shared, clock, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the number board failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  let cancelDark: Cancel | undefined;
  let leave: (() => Promise<void>) | undefined;

  const send = async (shown: Shown, veto?: Veto) => {
    const bytes = encodeBoard(params, shown);
    const sent = await shared.send(bytes, veto);
    const meaning = 'dark' in shown ? 'dark' : `show ${'text' in shown ? shown.text : shown.number}`;
    if (sent.ok) traffic.emit({ at: clock.now(), direction: 'out', bytes, meaning });
    return sent;
  };
  const show = async (command: ShowCommand, veto: Veto): Promise<Receipt> => {
    const { lines, lasts } = command.args;
    // Boards of this kind have one line: the number stands in the first.
    const shown = shownOn(params, lines[0] ?? '');
    if (!shown.ok) return err(shown.error);
    const sent = await send(shown.value, veto);
    if (!sent.ok) return err(sent.error);
    cancelDark?.();
    cancelDark = undefined;
    if (lasts !== undefined && params.blank !== undefined)
      cancelDark = clock.after(lasts, () => {
        cancelDark = undefined;
        void send({ dark: true });
      });
    return ok({ commandId: command.id, confirmation: 'unconfirmed', at: clock.now() });
  };

  return {
    deviceId,
    capabilities: {
      counterDisplay: { show: (command) => ledger.run(command, (veto) => show(command, veto)) },
    },
    get health() {
      return health.current;
    },
    start: () => {
      leave ??= shared.join({
        onUp: () => {
          health.set('ready');
        },
        onDown: (reason) => {
          health.set('down', reason);
        },
      });
    },
    stop: async () => {
      cancelDark?.();
      cancelDark = undefined;
      const left = leave?.();
      leave = undefined;
      await left;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

/** Boards of digits on one RS-485 line, told apart by the address in their frames. */
export const numberBoardProtocol: Protocol = {
  name: 'number-board',
  listensOnly: true,
  connect: (definition, environment) => {
    const boards: { deviceId: string; params: BoardParams }[] = [];
    for (const { deviceId, params: given } of definition.devices) {
      const params = parseParams(boardSchema, given);
      if (!params.ok) return err({ ...params.error, detail: `${deviceId}: ${params.error.detail ?? ''}` });
      boards.push({ deviceId, params: params.value });
    }
    const addressed = boards.every(({ params }) => declaredCodec(params.frame).fieldNames.includes('address'));
    if (boards.length > 1 && !addressed)
      return failure('E-DEV-0302', 'a board without an address has its line to itself');
    const addresses = new Set(boards.map(({ params }) => params.address));
    if (addresses.size !== boards.length) return failure('E-DEV-0302', 'two boards on one line have one address');
    const transport = environment.transportFactory(definition.transport);
    if (!transport.ok) return err(transport.error);
    const shared = createSharedLine({
      ...environment,
      transport: transport.value,
      gap: ms(Math.max(...boards.map(({ params }) => params.gapMs))),
      onData: () => undefined,
    });
    return ok(boards.map((board) => createBoard({ ...environment, ...board, shared })));
  },
};
