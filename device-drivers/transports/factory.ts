import { type Clock, failure, ok } from '@hallhub/sync/base';
import type { MqttChannel, TransportFactory } from '../kit/index.ts';
import { createHttpTransport } from './http.ts';
import type { MemoryLine } from './memory.ts';
import { createMqttLine } from './mqtt-line.ts';
import { createSerialTransport } from './serial.ts';
import { createTcpTransport } from './tcp.ts';
import { createUdpTransport } from './udp.ts';
import { createUsbTransport } from './usb.ts';

/** The lines of a real machine, and the in-memory ones that it is given, by name. */
export function systemTransports(options: {
  readonly clock: Clock;
  /** For lines behind MQTT gateways. */
  readonly mqtt?: MqttChannel;
  readonly memoryLines?: ReadonlyMap<string, MemoryLine>;
}): TransportFactory {
  return (settings) => {
    switch (settings.kind) {
      case 'serial':
        return ok(createSerialTransport(settings, options.clock));
      case 'tcp':
        return ok(createTcpTransport({ host: settings.host, port: settings.port, clock: options.clock }));
      case 'udp':
        return ok(createUdpTransport(settings));
      case 'http':
        return ok(createHttpTransport({ url: settings.url, clock: options.clock }));
      case 'mqtt-line':
        return options.mqtt
          ? ok(createMqttLine(settings, options.mqtt))
          : failure('E-DEV-0302', 'there is no broker here for a line over MQTT');
      case 'usb':
        return ok(createUsbTransport(settings));
      case 'memory': {
        const line = options.memoryLines?.get(settings.name);
        return line ? ok(line.host) : failure('E-DEV-0302', `no in-memory line is called ${settings.name}`);
      }
      case 'url':
      case 'mqtt':
      case 'http-listen':
        return failure('E-DEV-0302', `this protocol needs a byte line, not ${settings.kind}`);
    }
  };
}
