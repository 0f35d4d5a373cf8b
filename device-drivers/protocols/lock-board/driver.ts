import { type Cancel, type Failure, type Result, err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { z } from 'zod';
import {
  type BusDefinition,
  type Confirmation,
  type Driver,
  type DriverEnvironment,
  type Exchange,
  type Protocol,
  type SharedLine,
  type Traffic,
  type Veto,
  createCommandLedger,
  createEmitter,
  createExchange,
  createHealth,
  createSharedLine,
  parseParams,
  withoutEcho,
} from '../../kit/index.ts';
import { type Bank, type DoorReading, createCabinet } from './cabinet.ts';
import { lockBoardClash } from './clash.ts';
import type { Board, LockDialect, Question } from './dialect.ts';
import { type LockBoardParams, repeatedAddress } from './params.ts';

const DOWN_AFTER = 3;
/** A silent board is not asked as often: every question costs the others on its line a timeout. */
const ASK_SILENT_AFTER = seconds(2);
/** Boards get stuck and come back when the port is reopened. */
const REOPEN_AFTER = DOWN_AFTER * 4;

interface Cabinet {
  readonly deviceId: string;
  readonly params: LockBoardParams;
  readonly dialect: LockDialect;
}

/** What the cabinets on one line share. */
interface Bus {
  readonly exchange: Exchange;
  readonly line: SharedLine['line'];
  readonly join: SharedLine['join'];
  readonly onTraffic: (listener: (traffic: Traffic) => void) => Cancel;
}

/** A board with the compartments that hang on it, and whether it answers. */
interface Rack extends Bank {
  readonly board: Board;
  unanswered: number;
  /** Answered since the line came up. */
  known: boolean;
  askAgainAt: number;
}

function racksOf(boards: readonly Board[]): readonly Rack[] {
  let first = 1;
  return boards.map((board) => {
    const rack = { board, first, count: board.locks, unanswered: 0, known: false, askAgainAt: 0 };
    first += board.locks;
    return rack;
  });
}

/** One cabinet: boards in turn are asked how their doors stand; an order goes before every question that waits. */
function createCabinetDriver(options: DriverEnvironment & Cabinet & { readonly bus: Bus }): Driver {
  const { deviceId, params, dialect, bus, clock, log } = options;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of the cabinet failed');
  };
  const traffic = createEmitter<Traffic>(onListenerError);
  const health = createHealth({ clock, onListenerError });
  const racks = racksOf(params.boards);
  const addresses = new Set(params.boards.map(({ address }) => address));
  let life = 0;
  let cancelRound: Cancel | undefined;
  let leave: (() => Promise<void>) | undefined;

  const rackOf = (compartment: number): Rack | undefined =>
    racks.find(({ first, count }) => compartment >= first && compartment < first + count);
  const ask = async <A>(
    question: Question<A>,
    more: { readonly veto?: Veto; readonly urgent?: boolean },
  ): Promise<Result<A>> => {
    let answer: A | undefined;
    const inner = question.framer;
    const result = await bus.exchange.request({
      bytes: question.bytes,
      meaning: question.meaning,
      framer: params.echo ? withoutEcho({ inner, sent: question.bytes, onEcho: () => undefined }) : inner,
      timeout: question.timeout ?? ms(params.replyTimeoutMs),
      accept: (frame) => {
        answer = question.answer(frame);
        return answer !== undefined;
      },
      describe: ({ bytes }) => ({ bytes, meaning: `${question.meaning}: answered` }),
      ...more,
    });
    if (!result.ok) return result;
    return answer === undefined ? failure('E-DEV-0204', question.meaning) : ok(answer);
  };
  const read = async (bank: Bank, urgent: boolean): Promise<Result<readonly DoorReading[]>> => {
    const rack = rackOf(bank.first);
    if (!rack) return failure('E-DEV-0203', `no board for compartment ${bank.first}`);
    const mine = life;
    const readings: DoorReading[] = [];
    const one = bank === rack ? undefined : dialect.readOne?.(rack.board, bank.first - rack.first + 1);
    for (const question of one ? [one] : dialect.read(rack.board)) {
      const answer = await ask(question, { urgent });
      if (mine !== life) return failure('E-DEV-0102', question.meaning);
      note(rack, answer);
      if (!answer.ok) return answer;
      for (const { lock, ...said } of answer.value) {
        if (lock <= rack.board.locks) readings.push({ compartment: rack.first + lock - 1, ...said });
      }
    }
    return ok(readings);
  };
  const pulse = async (compartment: number, veto: Veto): Promise<Result<Confirmation>> => {
    const rack = rackOf(compartment);
    if (!rack) return failure('E-DEV-0203', `there is no compartment ${compartment}`);
    const opening = dialect.open(rack.board, compartment - rack.first + 1);
    if (!opening.answered) {
      const told = await bus.exchange.tell({ ...opening, veto, urgent: true });
      return told.ok ? ok('unconfirmed') : told;
    }
    const answer = await ask(opening, { veto, urgent: true });
    if (!answer.ok) {
      // Nothing that stalls may keep a late pulse, and its answer must not become another's.
      if (answer.error.code === 'E-DEV-0202' || answer.error.code === 'E-DEV-0204') bus.line.cycle(answer.error);
      return answer;
    }
    return answer.value.ok ? ok('acknowledged') : answer.value;
  };
  const cabinet = createCabinet({
    clock,
    ledger: createCommandLedger({ clock }),
    onListenerError,
    banks: racks,
    bankOf: (compartment) => {
      const rack = rackOf(compartment);
      return rack && dialect.readOne ? { first: compartment, count: 1 } : rack;
    },
    readings: params.readings,
    opensWithin: ms(params.opensWithinMs),
    contacts: params.contacts,
    read,
    pulse,
  });

  const note = (rack: Rack, result: Result<unknown>): void => {
    if (result.ok) {
      rack.unanswered = 0;
      rack.known = true;
    } else {
      rack.unanswered += 1;
      rack.askAgainAt = clock.monotonic() + ASK_SILENT_AFTER;
      if (rack.unanswered === DOWN_AFTER) cabinet.forget([rack]);
    }
    const silent = racks.filter(({ unanswered }) => unanswered >= DOWN_AFTER);
    if (!result.ok && silent.length === racks.length) health.set('down', result.error);
    else if (silent.length > 0) {
      const names = silent.map(({ board }) => board.address).join(', ');
      health.set('degraded', { code: 'E-DEV-0202', detail: `no answer from board ${names}` });
    } else if (racks.every(({ known }) => known)) health.set('ready');
  };
  const round = async (): Promise<void> => {
    const mine = life;
    const begun = clock.monotonic();
    let doubtful = false;
    for (const rack of racks) {
      if (rack.unanswered >= DOWN_AFTER && clock.monotonic() < rack.askAgainAt) continue;
      const seen = await cabinet.look(rack);
      if (mine !== life) return;
      doubtful ||= seen.ok && seen.value;
      if (!seen.ok && rack.unanswered % REOPEN_AFTER === 0 && racks.every(({ unanswered }) => unanswered > 0)) {
        bus.line.cycle(seen.error);
        return;
      }
    }
    const wait = doubtful ? 0 : Math.max(0, begun + params.pollEveryMs - clock.monotonic());
    const allSilent = racks.every(({ unanswered }) => unanswered >= DOWN_AFTER);
    cancelRound = clock.after(allSilent ? ASK_SILENT_AFTER : ms(wait), () => void round());
  };

  bus.onTraffic((event) => {
    const address = event.direction === 'discarded' ? undefined : dialect.addressOf(event.bytes);
    if (leave && (address === undefined || addresses.has(address))) traffic.emit(event);
  });
  const begin = (): void => {
    life += 1;
    cancelRound?.();
    for (const rack of racks) Object.assign(rack, { unanswered: 0, known: false, askAgainAt: 0 });
    cabinet.forget();
  };
  return {
    deviceId,
    capabilities: { cabinet: cabinet.capability },
    get health() {
      return health.current;
    },
    start: () => {
      leave ??= bus.join({
        onUp: () => {
          begin();
          void round();
        },
        onDown: (reason: Failure) => {
          begin();
          health.set('down', reason);
        },
      });
    },
    stop: async () => {
      begin();
      const left = leave?.();
      leave = undefined;
      cabinet.stop();
      await left;
      health.set('starting');
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

function createBus(
  definition: BusDefinition,
  environment: DriverEnvironment,
  cabinets: readonly Cabinet[],
): Result<Bus> {
  const transport = environment.transportFactory(definition.transport);
  if (!transport.ok) return transport;
  const { clock } = environment;
  const traffic = createEmitter<Traffic>((error) => {
    environment.log.error({ error }, 'a listener of the lock boards failed');
  });
  const slowest = (of: 'quietMs' | 'turnaroundMs') => ms(Math.max(...cabinets.map(({ params }) => params[of])));
  const pauses = cabinets.flatMap(({ dialect }) => (dialect.pause === undefined ? [] : [dialect.pause]));
  const exchange = createExchange({
    clock,
    write: (bytes, order) => shared.line.write(bytes, order),
    quiet: slowest('quietMs'),
    gap: slowest('turnaroundMs'),
    ...(pauses.length > 0 && { interByte: ms(Math.max(...pauses)) }),
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
  return ok({ exchange, line: shared.line, join: shared.join, onTraffic: traffic.on });
}

/** Lock boards on one line; all cabinets share one queue. */
export function lockBoardProtocol<P extends LockBoardParams>(language: {
  readonly name: string;
  readonly schema: z.ZodType<P>;
  readonly dialect: (params: P) => LockDialect;
}): Protocol {
  return {
    name: language.name,
    clash: lockBoardClash,
    connect: (definition, environment) => {
      const cabinets: Cabinet[] = [];
      for (const [index, { deviceId, params: given }] of definition.devices.entries()) {
        const params = parseParams(language.schema, given);
        if (!params.ok) return err({ ...params.error, detail: `${deviceId}: ${params.error.detail ?? ''}` });
        const clash = lockBoardClash({ deviceId, params: given }, definition.devices.slice(0, index));
        if (clash) return err(clash);
        const twice = repeatedAddress(params.value);
        if (twice !== undefined) return failure('E-DEV-0302', `${deviceId}: two boards have address ${twice}`);
        cabinets.push({ deviceId, params: params.value, dialect: language.dialect(params.value) });
      }
      const bus = createBus(definition, environment, cabinets);
      if (!bus.ok) return bus;
      return ok(cabinets.map((each) => createCabinetDriver({ ...environment, ...each, bus: bus.value })));
    },
  };
}
