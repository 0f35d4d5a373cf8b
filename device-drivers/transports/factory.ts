import { type Clock, failure, ok } from '@hallhub/sync/base';
import type { TransportFactory } from '../kit/index.ts';
import type { MemoryLine } from './memory.ts';
import { createSerialTransport } from './serial.ts';
import { createTcpTransport } from './tcp.ts';
import { createUsbTransport } from './usb.ts';

/** The lines of a real machine, and the in-memory ones that it is given, by name. */
export function systemTransports(options: {
  readonly clock: Clock;
  readonly memoryLines?: ReadonlyMap<string, MemoryLine>;
}): TransportFactory {
  return (settings) => {
    switch (settings.kind) {
      case 'serial':
        return ok(createSerialTransport(settings, options.clock));
      case 'tcp':
        return ok(createTcpTransport({ host: settings.host, port: settings.port, clock: options.clock }));
      case 'usb':
        return ok(createUsbTransport(settings));
      case 'memory': {
        const line = options.memoryLines?.get(settings.name);
        return line ? ok(line.host) : failure('E-DEV-0302', `no in-memory line is called ${settings.name}`);
      }
      case 'url':
      case 'mqtt':
        return failure('E-DEV-0302', `this protocol needs a byte line, not ${settings.kind}`);
    }
  };
}
