import { ms, ok } from '@hallhub/sync/base';
import type { Command, Driver, Protocol, ProtocolPlace, Receipt } from '../../kit/index.ts';
import { createEmitter, createHealth, rethrow } from '../../kit/index.ts';

/** Switches whose channel says how they misbehave: 0 behaves, 1 spins for ever, 2 throws where nobody catches, 3 ends its thread. */
export const unrulyProtocol: Protocol = {
  name: 'unruly',
  connect: ({ devices }, { clock, transportFactory }) => {
    const line = transportFactory({ kind: 'memory', name: 'unruly' });
    if (!line.ok) return line;
    const transport = line.value;
    return ok(
      devices.map(({ deviceId }): Driver => {
        const health = createHealth({ clock, onListenerError: rethrow });
        const changed = createEmitter<{ channel: number; on: boolean; at: ReturnType<typeof clock.now> }>(rethrow);
        transport.onData((bytes) => {
          changed.emit({ channel: bytes[0] ?? 0, on: true, at: clock.now() });
        });
        const set = async (command: Command): Promise<Receipt> => {
          const { channel } = command.args as { channel: number };
          if (channel === 1) for (;;);
          if (channel === 2) {
            clock.after(ms(1), () => {
              throw new Error('a driver that throws');
            });
          }
          if (channel === 3) process.exit(1);
          await transport.write(Uint8Array.of(channel));
          return ok({ commandId: command.id, confirmation: 'acknowledged', at: clock.now() });
        };
        return {
          deviceId,
          capabilities: {
            switch: { set, state: () => Promise.resolve(ok({ on: [], at: clock.now() })), onChange: changed.on },
          },
          get health() {
            return health.current;
          },
          start: () => {
            void transport.open().then((opened) => {
              health.set(opened.ok ? 'ready' : 'down', opened.ok ? undefined : opened.error);
            });
          },
          stop: () => transport.close(),
          onHealth: health.on,
          onTraffic: () => () => undefined,
        };
      }),
    );
  },
};

export const unrulyPlace: ProtocolPlace = { name: unrulyProtocol.name, module: import.meta.url };
