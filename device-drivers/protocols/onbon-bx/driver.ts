import { type Cancel, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import type { CounterDisplay } from '../../capabilities/index.ts';
import {
  type BusDefinition,
  type Driver,
  type DriverEnvironment,
  type Exchange,
  type Protocol,
  type Receipt,
  type SharedLine,
  type Traffic,
  type Veto,
  createCommandLedger,
  createEmitter,
  createExchange,
  createHealth,
  createSharedLine,
  parseParams,
} from '../../kit/index.ts';
import { type CardCommand, decodeReply, encodeCommand } from './commands.ts';
import { type PacketFrame, createPacketFramer, encodePacket } from './frames.ts';
import { ANY_ADDRESS, type OnbonParams, onbonSchema } from './params.ts';

type ShowCommand = Parameters<CounterDisplay['show']>[0];

const DOWN_AFTER = 2;
/** A line on which nobody has answered for so many heartbeats is opened anew: a connection may be dead and look fine. */
const CYCLE_AFTER = 6;

interface Bus extends Pick<SharedLine, 'line' | 'join'> {
  readonly exchange: Exchange;
  readonly onTraffic: (listener: (traffic: Traffic) => void) => Cancel;
}

/** One font card. It is known to be there by its answer to "screen on", which changes nothing on a screen that is on. */
function createCard(options: DriverEnvironment & { deviceId: string; params: OnbonParams; bus: Bus }): Driver {
  const { deviceId, params, bus, clock, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the LED card failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const ledger = createCommandLedger({ clock });
  const isMine = ({ destination, source }: PacketFrame): boolean =>
    destination === params.ownAddress && (source === params.address || ANY_ADDRESS.includes(params.address));

  let life = 0;
  let unanswered = 0;
  let cancelBeat: Cancel | undefined;
  let leave: (() => Promise<void>) | undefined;

  const ask = async (
    command: CardCommand,
    more: { readonly veto?: Veto; readonly urgent?: boolean } = {},
  ): Promise<Result<void>> => {
    const { address: destination, ownAddress: source, deviceType } = params;
    const answered = await bus.exchange.request({
      bytes: encodePacket({ destination, source, deviceType, data: encodeCommand(command, params) }),
      meaning: command.command === 'show' ? `show ${command.texts.join(' / ')}` : 'screen on',
      framer: createPacketFramer(),
      timeout: ms(params.replyTimeoutMs),
      accept: (frame) => isMine(frame) && decodeReply(frame.data) !== undefined,
      describe: ({ bytes, data }) => ({ bytes, meaning: decodeReply(data)?.reply ?? 'no answer' }),
      ...more,
    });
    if (!answered.ok) return answered;
    const reply = decodeReply(answered.value.frame.data);
    switch (reply?.reply) {
      case 'acknowledged':
        return ok();
      case 'refused':
        return failure('E-DEV-0203', `the card answers with error ${reply.error}`);
      default:
        return failure('E-DEV-0204', 'the card answers something else');
    }
  };
  const beat = async (): Promise<void> => {
    const mine = life;
    const result = options.probe ? failure('E-DEV-0202', 'nothing is only asked') : await ask({ command: 'turn-on' });
    if (mine !== life) return;
    if (result.ok || result.error.code === 'E-DEV-0203') unanswered = 0;
    else unanswered += 1;
    if (result.ok) health.set('ready');
    else if (unanswered === 0) health.set('degraded', result.error);
    else if (unanswered >= DOWN_AFTER) health.set('down', result.error);
    if (!result.ok && unanswered > 0 && unanswered % CYCLE_AFTER === 0) bus.line.cycle(result.error);
    if (mine === life) cancelBeat = clock.after(ms(params.heartbeatEveryMs), () => void beat());
  };
  const show = async (command: ShowCommand, veto: Veto): Promise<Receipt> => {
    const { lines, lasts } = command.args;
    const { areas } = params;
    if (lines.length > areas.length)
      return failure('E-DEV-0203', `${lines.length} lines for ${areas.length} areas of the screen`);
    const given = await ask(
      {
        command: 'show',
        texts: areas.map((_area, index) => lines[index] ?? ''),
        ...(lasts !== undefined && { seconds: Math.max(1, Math.ceil(lasts / 1_000)) }),
      },
      { veto, urgent: true },
    );
    return given.ok ? ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() }) : err(given.error);
  };

  bus.onTraffic((event) => {
    if (leave) traffic.emit(event);
  });
  return {
    deviceId,
    capabilities: {
      counterDisplay: { show: (command) => ledger.run(command, (veto) => show(command, veto)) },
    },
    get health() {
      return health.current;
    },
    start: () => {
      leave ??= bus.join({
        onUp: () => {
          life += 1;
          unanswered = 0;
          void beat();
        },
        onDown: (reason) => {
          life += 1;
          cancelBeat?.();
          health.set('down', reason);
        },
      });
    },
    stop: async () => {
      life += 1;
      cancelBeat?.();
      const left = leave?.();
      leave = undefined;
      await left;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

function createBus(definition: BusDefinition, environment: DriverEnvironment, cards: readonly OnbonParams[]) {
  const transport = environment.transportFactory(definition.transport);
  if (!transport.ok) return transport;
  const { clock } = environment;
  const traffic = createEmitter<Traffic>((error) => {
    environment.log.error({ error }, 'a listener of the LED cards failed');
  });
  const exchange = createExchange({
    clock,
    write: (bytes, order) => shared.line.write(bytes, order),
    quiet: ms(Math.max(...cards.map(({ quietMs }) => quietMs))),
    onTraffic: (event) => {
      traffic.emit({ ...event, at: clock.now() });
    },
  });
  const shared = createSharedLine({
    ...environment,
    transport: transport.value,
    onUp: () => {
      exchange.up();
    },
    onDown: (reason) => {
      exchange.down(reason);
    },
    onData: exchange.receive,
  });
  return ok<Bus>({ exchange, line: shared.line, join: shared.join, onTraffic: traffic.on });
}

/** Onbon BX-5K and 6K font cards over TCP or a serial line; several share an RS-485 line by their addresses. */
export const onbonBxProtocol: Protocol = {
  name: 'onbon-bx',
  connect: (definition, environment) => {
    const cards: { deviceId: string; params: OnbonParams }[] = [];
    for (const { deviceId, params: given } of definition.devices) {
      const params = parseParams(onbonSchema, given);
      if (!params.ok) return err({ ...params.error, detail: `${deviceId}: ${params.error.detail ?? ''}` });
      cards.push({ deviceId, params: params.value });
    }
    const addresses = cards.map(({ params }) => params.address);
    if (new Set(addresses).size !== addresses.length) return failure('E-DEV-0302', 'two cards have one address');
    if (addresses.length > 1 && addresses.some((address) => ANY_ADDRESS.includes(address)))
      return failure('E-DEV-0302', 'cards that share a line need addresses of their own');
    const bus = createBus(
      definition,
      environment,
      cards.map(({ params }) => params),
    );
    if (!bus.ok) return err(bus.error);
    return ok(cards.map((card) => createCard({ ...environment, ...card, bus: bus.value })));
  },
};
