import { type Cancel, failure, ok } from '@hallhub/sync/base';
import type { Driver, Protocol, ProtocolPlace } from '../../kit/index.ts';
import { createEmitter, createHealth, rethrow } from '../../kit/index.ts';

/** Devices that report a plate as the body of a request to `/plate`, and are answered with it; `/spin` makes the driver spin. */
export const reportingProtocol: Protocol = {
  name: 'reporting',
  connect: ({ transport, devices }, { clock, inbox }) => {
    if (transport.kind !== 'http-listen' || !inbox) return failure('E-DEV-0302', 'no inbox');
    const box = inbox(transport);
    return ok(
      devices.map(({ deviceId, params }): Driver => {
        const health = createHealth({ clock, onListenerError: rethrow });
        const plates = createEmitter<{ plate: string; at: ReturnType<typeof clock.now>; replayed: boolean }>(rethrow);
        let leave: Cancel = () => undefined;
        return {
          deviceId,
          capabilities: { plateReader: { onPlate: plates.on } },
          get health() {
            return health.current;
          },
          start: () => {
            void box
              .listen({ token: String(params['token']) }, (exchange) => {
                const { report } = exchange;
                if (report.path === '/spin') for (;;);
                plates.emit({ plate: Buffer.from(report.body).toString(), at: clock.now(), replayed: false });
                void exchange.answer({ status: 200, body: report.body });
              })
              .then((listening) => {
                if (listening.ok) leave = listening.value;
                health.set(listening.ok ? 'ready' : 'down', listening.ok ? undefined : listening.error);
              });
          },
          stop: () => {
            leave();
            return Promise.resolve();
          },
          onHealth: health.on,
          onTraffic: () => () => undefined,
        };
      }),
    );
  },
};

export const reportingPlace: ProtocolPlace = { name: reportingProtocol.name, module: import.meta.url };
