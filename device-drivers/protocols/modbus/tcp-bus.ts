import { EventEmitter } from 'node:events';
import modbusSerial from 'modbus-serial';
import type { ModbusRTU } from 'modbus-serial/ModbusRTU.js';
import { type Cancel, type DurationMs, type Failure, type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import {
  type DriverEnvironment,
  type OrderLife,
  type Traffic,
  type Transport,
  createEmitter,
  createLine,
  interrupted,
  neverSent,
  rethrow,
} from '../../kit/index.ts';
import type { BusMember, CallOptions, ModbusBus } from './bus.ts';
import { crc16 } from './crc.ts';
import { type MbapFrame, createMbapFramer, encodeMbap } from './mbap.ts';
import { exceptionMeaning, replyMeaning, requestMeaning } from './meaning.ts';
import { type ModbusReply, type ModbusRequest, answers, encodeRequest } from './rtu-frames.ts';

/** CommonJS whose class is a property `default`: Node and bundlers do not agree on where that is, so it is said here. */
const { default: ModbusClient } = modbusSerial as unknown as { readonly default: typeof ModbusRTU };

export interface TcpBusOptions extends Pick<DriverEnvironment, 'clock' | 'random' | 'reconnect' | 'log'> {
  readonly transport: Transport;
  /** The longest that a unit may think about its reply; 300 ms by default. */
  readonly replyTimeout?: DurationMs;
  /** Requests under way at once; 3 by default. A gateway with a serial line behind it may want 1. */
  readonly concurrency?: number;
}

const QUEUE_LIMIT = 64;
const REOPEN_AFTER = 12;
/** Transactions that nobody answered are remembered so that their numbers are not used again too soon. */
const MOST_ABANDONED = 64;
const TRANSACTIONS = 256;
const CRC_BYTES = 2;

/** What `modbus-serial` gives back, for any of its functions. */
interface ClientReply {
  readonly data?: unknown;
}
type ClientCallback = (error: (Error & { readonly modbusCode?: number }) | null, reply?: ClientReply) => void;

interface Waiting {
  readonly order: OrderLife | undefined;
  readonly request: ModbusRequest;
  settle(result: Result<ClientReply>): void;
}

/**
 * `modbus-serial`'s idea of a port, on a line of ours: so that its requests are supervised, isolated and simulated like all
 * others. It counts transactions in two fields that the client reads and sets.
 */
class MbapPort extends EventEmitter {
  _transactionIdRead = 1;
  _transactionIdWrite = 1;
  isOpen = false;
  readonly #send: (transaction: number, body: Uint8Array) => void;

  constructor(send: (transaction: number, body: Uint8Array) => void) {
    super();
    this.#send = send;
  }

  open(callback: (error?: Error) => void): void {
    this.isOpen = true;
    callback();
  }

  close(callback?: (error?: Error) => void): void {
    this.isOpen = false;
    callback?.();
  }

  /** A frame as on a serial line, whose CRC is not needed here. */
  write(frame: Uint8Array): void {
    this.#send(this._transactionIdWrite, frame.subarray(0, frame.length - CRC_BYTES));
  }

  take({ transaction, bytes }: MbapFrame): void {
    const body = bytes.subarray(6);
    const frame = Buffer.alloc(body.length + CRC_BYTES);
    frame.set(body);
    frame.writeUInt16LE(crc16(body), body.length);
    this._transactionIdRead = transaction;
    this.emit('data', frame);
  }
}

/** A Modbus TCP master on one connection. */
export function createTcpBus(options: TcpBusOptions): ModbusBus {
  const { transport, clock, replyTimeout = ms(300), concurrency = 3 } = options;
  const traffic = createEmitter<{ unit: number | undefined; traffic: Traffic }>(rethrow);
  const waiting = new Map<number, Waiting>();
  const abandoned = new Set<number>();
  let queue: { readonly urgent: boolean; start(): void; fail(reason: Failure): void }[] = [];
  let members: readonly BusMember[] = [];
  let unanswered = 0;
  let framer = createMbapFramer();

  const tell = (unit: number | undefined, event: Omit<Traffic, 'at'>): void => {
    traffic.emit({ unit, traffic: { ...event, at: clock.now() } });
  };
  const port = new MbapPort((transaction, body) => {
    const bytes = encodeMbap(transaction, body);
    const sent = waiting.get(transaction);
    if (sent) tell(sent.request.unit, { direction: 'out', bytes, meaning: requestMeaning(sent.request) });
    void line.write(bytes, sent?.order).then((written) => {
      if (!written.ok) waiting.get(transaction)?.settle(err(written.error));
    });
  });
  const client = new ModbusClient(port);
  client.open();

  const receive = (bytes: Uint8Array): void => {
    for (const item of framer.push(bytes)) {
      if (item.kind === 'discarded') tell(undefined, { direction: 'discarded', bytes: item.bytes, meaning: item.why });
      else take(item.frame);
    }
  };
  const take = (frame: MbapFrame): void => {
    const { transaction, unit, code, data, bytes } = frame;
    const job = waiting.get(transaction);
    if (!job) {
      const late = abandoned.delete(transaction);
      tell(unit, { direction: 'discarded', bytes, meaning: late ? 'too late' : 'nobody asked for this' });
      return;
    }
    const [exception] = data;
    const reply: ModbusReply = (code & 0x80) === 0 ? { data, bytes } : { data, bytes, exception: exception ?? 0 };
    if (!answers(job.request, reply)) {
      tell(unit, { direction: 'discarded', bytes, meaning: 'not the answer' });
      return;
    }
    tell(unit, { direction: 'in', bytes, meaning: replyMeaning(job.request, reply) });
    port.take(frame);
  };
  const dropAll = (reason: Failure): void => {
    for (const job of [...waiting.values()]) job.settle(err(interrupted(reason)));
    const left = queue;
    queue = [];
    for (const job of left) job.fail(neverSent(reason));
    abandoned.clear();
    framer = createMbapFramer();
  };
  const line = createLine({
    transport,
    clock,
    random: options.random,
    ...(options.reconnect ? { reconnect: options.reconnect } : {}),
    onUp: () => {
      unanswered = 0;
      for (const member of members) member.onUp();
    },
    onDown: (reason) => {
      dropAll(reason);
      for (const member of members) member.onDown(reason);
    },
    onData: receive,
  });

  const nextTransaction = (): number => {
    let next = port._transactionIdWrite;
    do next = (next + 1) % TRANSACTIONS;
    while (waiting.has(next) || abandoned.has(next));
    port._transactionIdWrite = next;
    return next;
  };
  const send = (
    request: ModbusRequest,
    order: OrderLife | undefined,
    resolve: (result: Result<ClientReply>) => void,
  ): void => {
    const transaction = nextTransaction();
    let cancel: Cancel | undefined = undefined;
    const settle = (result: Result<ClientReply>): void => {
      if (!waiting.delete(transaction)) return;
      cancel?.();
      resolve(result);
      countAnswer(request, result);
      pump();
    };
    waiting.set(transaction, { request, order, settle });
    cancel = clock.after(replyTimeout, () => {
      abandoned.add(transaction);
      settle(failure('E-DEV-0202', requestMeaning(request)));
    });
    ask(request, (error, reply) => {
      if (!error) settle(ok(reply ?? {}));
      else if (error.modbusCode === undefined) settle(failure('E-DEV-0204', error.message));
      else settle(failure('E-DEV-0203', exceptionMeaning(error.modbusCode)));
    });
  };
  const countAnswer = (request: ModbusRequest, result: Result<unknown>): void => {
    if (result.ok || result.error.code === 'E-DEV-0203') {
      unanswered = 0;
      return;
    }
    if (result.error.code !== 'E-DEV-0202' && result.error.code !== 'E-DEV-0204') return;
    unanswered += 1;
    // An order that nobody took may wait in a stalled connection; it must not come out of it later.
    if (!('count' in request) || unanswered >= REOPEN_AFTER || abandoned.size >= MOST_ABANDONED) {
      line.cycle(result.error);
    }
  };
  const ask = (request: ModbusRequest, callback: ClientCallback): void => {
    const { unit } = request;
    // The client's types promise no error; its callbacks come with one or the other.
    const done = callback as (error: unknown, reply: unknown) => void;
    switch (request.function) {
      case 'read-coils':
        client.writeFC1(unit, request.address, request.count, done);
        return;
      case 'read-discrete-inputs':
        client.writeFC2(unit, request.address, request.count, done);
        return;
      case 'read-holding-registers':
        client.writeFC3(unit, request.address, request.count, done);
        return;
      case 'read-input-registers':
        client.writeFC4(unit, request.address, request.count, done);
        return;
      case 'write-coil':
        client.writeFC5(unit, request.address, request.on, done);
        return;
      case 'write-register':
        client.writeFC6(unit, request.address, request.value, done);
        return;
      case 'write-coils':
        client.writeFC15(unit, request.address, [...request.on], done);
        return;
      case 'write-registers':
        client.writeFC16(unit, request.address, [...request.values], done);
        return;
      case 'flash-on': {
        // The client's own function 05 knows on and off only.
        const [, code = 0, ...rest] = encodeRequest(request);
        client.writeCustomFC(unit, code, rest.slice(0, -CRC_BYTES), callback);
      }
    }
  };
  const pump = (): void => {
    while (line.isUp && waiting.size < concurrency) {
      const job = queue.shift();
      if (!job) return;
      job.start();
    }
  };
  const call = (request: ModbusRequest, { veto, urgent = false }: CallOptions): Promise<Result<ClientReply>> =>
    new Promise((resolve) => {
      if (!line.isUp) {
        resolve(failure('E-DEV-0102', requestMeaning(request)));
        return;
      }
      if (queue.length >= QUEUE_LIMIT) {
        resolve(failure('E-DEV-0205', requestMeaning(request)));
        return;
      }
      const job = {
        urgent,
        start: () => {
          const refusal = veto?.();
          if (refusal) resolve(err(refusal));
          else send(request, veto?.order, resolve);
        },
        fail: (reason: Failure) => {
          resolve(err(reason));
        },
      };
      const firstPatient = urgent ? queue.findIndex((other) => !other.urgent) : -1;
      if (firstPatient === -1) queue.push(job);
      else queue.splice(firstPatient, 0, job);
      pump();
    });

  return {
    lineName: transport.name,
    join: (member) => {
      members = [...members, member];
      if (line.isUp) member.onUp();
      else line.start();
      return async () => {
        members = members.filter((other) => other !== member);
        if (members.length > 0) return;
        dropAll({ code: 'E-DEV-0102', detail: 'stopped' });
        await line.stop();
      };
    },
    readBits: async (unit, name, address, count) => {
      const result = await call({ function: name, unit, address, count }, {});
      return result.ok ? ok((result.value.data as readonly boolean[]).slice(0, count)) : err(result.error);
    },
    readRegisters: async (unit, name, address, count) => {
      const result = await call({ function: name, unit, address, count }, {});
      return result.ok ? ok(result.value.data as readonly number[]) : err(result.error);
    },
    write: async (request, callOptions = {}) => {
      const result = await call(request, callOptions);
      return result.ok ? ok() : err(result.error);
    },
    onTraffic: traffic.on,
  };
}
