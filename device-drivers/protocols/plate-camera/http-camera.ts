import { type DurationMs, type Result, err, ms, ok } from '@hallhub/sync/base';
import type { Barrier, CapabilityMap } from '../../capabilities/index.ts';
import { type Driver, type HttpCall, type HttpReply, type Receipt, createCommandLedger } from '../../kit/index.ts';
import { type HttpDeviceOptions, createHttpDevice } from '../http-device/device.ts';
import type { Part } from '../http-device/multipart.ts';
import { type PlateRead, createPlateFeed } from './plate-feed.ts';

/** What a message of a camera holds for us. */
export type CameraMessage =
  | { readonly kind: 'plate'; readonly read: PlateRead }
  /** It lives, and says nothing that we want. */
  | { readonly kind: 'other'; readonly meaning: string };

export interface HttpCameraOptions extends Omit<HttpDeviceOptions, 'take' | 'onListenerError' | 'probe'> {
  /** A body, or a part of one. Undefined for a picture. Errors: `E-DEV-0204`. */
  readonly read: (part: Part) => Result<CameraMessage | undefined>;
  readonly probe: { readonly path: string; readonly every: DurationMs };
  readonly open: (order: { readonly direction: 'in' | 'out' }) => {
    readonly path: string;
    readonly call: Pick<HttpCall, 'method' | 'body' | 'headers'>;
    readonly meaning: string;
  };
  /** What a 200 says of the order. Errors: `E-DEV-0203` with the camera's own words, `E-DEV-0204`. */
  readonly accepted: (reply: HttpReply) => Result<void>;
}

/** A camera that is an HTTP server: its plates, and its barrier. */
export function createHttpCamera(options: HttpCameraOptions): Driver {
  const { deviceId, environment } = options;
  const { clock, log } = environment;
  const onListenerError = (error: unknown): void => {
    log.error({ deviceId, error }, 'a listener of a camera failed');
  };
  const feed = createPlateFeed({ deviceId, clock, log, onListenerError });
  const ledger = createCommandLedger({ clock });
  const device = createHttpDevice({
    ...options,
    onListenerError,
    take: (part) => {
      const message = options.read(part);
      if (!message.ok || !message.value) return message.ok ? ok(undefined) : message;
      if (message.value.kind === 'other') return ok(message.value.meaning);
      const { read } = message.value;
      feed.take(read);
      return ok(read.replayed ? 'a plate of the past' : 'a plate');
    },
  });
  const { health, traffic } = device;
  let turn: Promise<unknown> = Promise.resolve();

  const barrier: Barrier = {
    open: (command) =>
      ledger.run(command, (veto) => {
        const mine = turn.then(async (): Promise<Receipt> => {
          const { state, reason } = health.current;
          const late = veto();
          if (late) return err(late);
          if (state !== 'ready') return err(reason ?? { code: 'E-DEV-0102', detail: 'it has not answered yet' });
          const { path, call, meaning } = options.open(command.args);
          device.tell('out', meaning);
          // A connection that still waits when the order has expired is dropped: it must not arrive then.
          const within = ms(Math.max(1, Math.min(options.answersWithin, command.expiresAt - clock.now())));
          const reply = await device.ask(path, { ...call, within }, () => {
            const refused = veto();
            return refused ? err(refused) : ok();
          });
          if (!reply.ok) return reply;
          const accepted = options.accepted(reply.value);
          if (!accepted.ok) return accepted;
          return ok({ commandId: command.id, confirmation: 'acknowledged' as const, at: clock.now() });
        });
        turn = mine;
        return mine;
      }),
  };
  const capabilities: Partial<CapabilityMap> = { plateReader: { onPlate: feed.onPlate }, barrier };

  return {
    deviceId,
    capabilities,
    get health() {
      return health.current;
    },
    start: device.start,
    stop: () => device.stop(turn),
    onHealth: health.on,
    onTraffic: traffic.on,
  };
}
