import { type Cancel, type Result, err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Barrier, OpenCommand } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type HttpExchange,
  type HttpInbox,
  type OrderLife,
  type Protocol,
  type Receipt,
  type Traffic,
  type Veto,
  createCommandLedger,
  createEmitter,
  createHealth,
  httpDoorSchema,
} from '../../kit/index.ts';
import { inboxProtocol } from '../inbox-protocol.ts';
import { objectAt, parseObject } from '../mqtt-values.ts';
import { createPlateFeed } from '../plate-camera/plate-feed.ts';
import { type PlateMessage, pulse, readAlarmInfo, vzenithFields } from './messages.ts';

export const vzenithHttpSchema = z.strictObject({
  ...vzenithFields,
  door: httpDoorSchema,
  /** How it is told to open: by a pulse that it is given, or by the "ok" that opens its own output. */
  openBy: z.enum(['ioctl', 'ok']).default('ioctl'),
  /** Whether it takes orders in the answers to its heartbeats as well; else only while a car's report waits for its answer. */
  ordersOnHeartbeat: z.boolean().default(false),
  /** Milliseconds for which the answer to a car is kept back for an order to open. */
  decisionWithin: z.int().min(0).max(4_000).default(1_500),
  /** It sends a record again for ever until an answer says so. */
  stopsRetransfer: z.boolean().default(false),
  /** Seconds after which a camera that says nothing is away. */
  heartbeatWithin: z.int().min(5).max(600).default(40),
});
export type VzenithHttpParams = z.output<typeof vzenithHttpSchema>;

/** A record; anything else, with a password in it as like as not, is a heartbeat and looked at no further. */
export function decodePush(params: Pick<VzenithHttpParams, 'directions'>, body: Uint8Array): PlateMessage | undefined {
  const json = parseObject(body);
  return json && readAlarmInfo(objectAt(json, 'AlarmInfoPlate'), { directions: params.directions, base64: false });
}

/**
 * What a camera is answered. The polite "ok" of the manual opens its barrier: it is said for an order to open, and never else.
 */
export function encodeAnswer(
  params: Pick<VzenithHttpParams, 'openBy' | 'stopsRetransfer'>,
  answer: { readonly open?: { readonly io: number; readonly hold: number }; readonly goOnAfter?: number },
): string {
  const { open, goOnAfter } = answer;
  return JSON.stringify({
    Response_AlarmInfoPlate: {
      info: open && params.openBy === 'ok' ? 'ok' : 'no',
      ...(params.stopsRetransfer && { content: 'retransfer_stop' }),
      ...(open && params.openBy === 'ioctl' && { ivs_ioctrl: pulse(open.io, open.hold) }),
      ...(goOnAfter !== undefined && { ContinuePushOffline: { plateid: goOnAfter, continue: 1 } }),
    },
  });
}

interface Waiting {
  readonly exchange: HttpExchange;
  readonly cancel: Cancel;
}
interface Order {
  readonly open: { readonly io: number; readonly hold: number };
  /** Asked right before it leaves. */
  readonly settle: (exchange: HttpExchange) => Promise<void>;
  readonly mayLeave: () => boolean;
}

function createVzenithHttpDriver(
  deviceId: string,
  params: VzenithHttpParams,
  { clock, log }: DriverEnvironment,
  inbox: HttpInbox,
): Driver {
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of a camera failed');
  };
  const health = createHealth({ clock, onListenerError });
  const traffic = createEmitter<Traffic>(onListenerError);
  const feed = createPlateFeed({ deviceId, clock, log, onListenerError });
  const ledger = createCommandLedger({ clock });
  /** Cars whose reports wait for an answer, the newest last. */
  const waiting = new Set<Waiting>();
  const orders = new Set<Order>();
  let running = false;
  let leave: Cancel = () => undefined;
  let cancelTimer: Cancel = () => undefined;

  const tell = (direction: 'in' | 'out', meaning: string): void => {
    // No bytes: a record is somebody's car, and a heartbeat holds the camera's password.
    traffic.emit({ at: clock.now(), direction, bytes: new Uint8Array(), meaning });
  };
  const answer = (
    exchange: HttpExchange,
    what: Parameters<typeof encodeAnswer>[1],
    order?: OrderLife,
  ): Promise<Result<void>> => {
    tell(
      'out',
      what.open ? `open: pulse output ${what.open.io}` : what.goOnAfter === undefined ? 'taken' : 'taken, go on',
    );
    const body = Buffer.from(encodeAnswer(params, what));
    return exchange.answer({ status: 200, contentType: 'application/json', body }, order);
  };
  const alive = (): void => {
    health.set('ready');
    cancelTimer();
    cancelTimer = clock.after(seconds(params.heartbeatWithin), () => {
      health.set('down', { code: 'E-DEV-0202', detail: 'it has not reported for long' });
    });
  };
  const keepBack = (exchange: HttpExchange): void => {
    const entry: Waiting = {
      exchange,
      cancel: clock.after(ms(params.decisionWithin), () => {
        waiting.delete(entry);
        void answer(exchange, {});
      }),
    };
    waiting.add(entry);
  };
  const onExchange = (exchange: HttpExchange): void => {
    alive();
    const record = decodePush(params, exchange.report.body);
    if (!record) {
      tell('in', 'a heartbeat');
      const order = params.ordersOnHeartbeat ? [...orders].find(({ mayLeave }) => mayLeave()) : undefined;
      if (order) void order.settle(exchange);
      else void answer(exchange, {});
      return;
    }
    tell('in', record.replayed ? 'a plate of the past' : 'a plate');
    if (record.replayed) {
      feed.take(record);
      void answer(exchange, record.plateId === undefined ? {} : { goOnAfter: record.plateId });
      return;
    }
    // Before anybody hears of it: the order may be given inside the call.
    keepBack(exchange);
    if (feed.take(record)) return;
    // Told again: it was decided the first time.
    for (const entry of waiting) if (entry.exchange === exchange) release(entry);
    void answer(exchange, {});
  };
  const release = (entry: Waiting): void => {
    entry.cancel();
    waiting.delete(entry);
  };

  const give = (command: OpenCommand, late: Veto): Promise<Receipt> => {
    const refused = late();
    if (refused) return Promise.resolve(err(refused));
    if (health.current.state !== 'ready')
      return Promise.resolve(err(health.current.reason ?? { code: 'E-DEV-0102', detail: 'it has not reported yet' }));
    const { hold, direction } = command.args;
    const open = { io: params.outputs[direction], hold };
    const send = async (exchange: HttpExchange): Promise<Receipt> => {
      const sent = await answer(exchange, { open }, late.order);
      if (!sent.ok && sent.error.code === 'E-DEV-0201') {
        // Nothing was sent; the camera still waits for a word.
        void answer(exchange, {});
        return sent;
      }
      // It has the answer or it has not; it will never say whether it obeyed.
      if (!sent.ok) return failure('E-DEV-0206', sent.error.detail);
      return ok({ commandId: command.id, confirmation: 'unconfirmed', at: clock.now() });
    };
    const newest = [...waiting].at(-1);
    if (newest) {
      release(newest);
      return send(newest.exchange);
    }
    if (!params.ordersOnHeartbeat)
      return Promise.resolve(
        failure('E-DEV-0102', 'no car of it waits for an answer, and it takes orders in no other'),
      );
    return new Promise((resolve) => {
      const order: Order = {
        open,
        mayLeave: () => late() === undefined,
        settle: async (exchange) => {
          drop();
          resolve(await send(exchange));
        },
      };
      const cancel = clock.after(ms(Math.max(0, command.expiresAt - clock.now())), () => {
        drop();
        resolve(failure('E-DEV-0201', 'it asked for nothing in time'));
      });
      const drop = (): void => {
        cancel();
        orders.delete(order);
        stops.delete(stop);
      };
      const stop = (): void => {
        drop();
        resolve(failure('E-DEV-0102', 'stopped'));
      };
      orders.add(order);
      stops.add(stop);
    });
  };
  const stops = new Set<() => void>();
  const barrier: Barrier = { open: (command) => ledger.run(command, (veto) => give(command, veto)) };

  return {
    deviceId,
    capabilities: { plateReader: { onPlate: feed.onPlate }, barrier },
    get health() {
      return health.current;
    },
    start: () => {
      if (running) return;
      running = true;
      void inbox.listen(params.door, onExchange).then((listening) => {
        if (!listening.ok) health.set('down', listening.error);
        else if (running) leave = listening.value;
        else listening.value();
      });
    },
    stop: () => {
      running = false;
      leave();
      leave = () => undefined;
      cancelTimer();
      for (const entry of [...waiting]) {
        release(entry);
        void answer(entry.exchange, {});
      }
      for (const stop of [...stops]) stop();
      health.set('starting');
      return Promise.resolve();
    },
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}

/** Plate cameras of Vzenith (臻识) and compatible ones that post what they see. */
export const vzenithHttpProtocol: Protocol = inboxProtocol({
  name: 'vzenith-http',
  params: vzenithHttpSchema,
  create: createVzenithHttpDriver,
});
