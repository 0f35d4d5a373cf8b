import { failure, ok } from '@hallhub/sync/base';
import type { z } from 'zod';
import { type Driver, type DriverEnvironment, type MqttChannel, type Protocol, parseParams } from '../kit/index.ts';

/** A protocol whose devices hang on the hub's broker, each with a topic of its own. */
export function mqttProtocol<P>(options: {
  readonly name: string;
  readonly params: z.ZodType<P>;
  readonly create: (deviceId: string, params: P, environment: DriverEnvironment, channel: MqttChannel) => Driver;
}): Protocol {
  return {
    name: options.name,
    connect: ({ transport, devices }, environment) => {
      if (transport.kind !== 'mqtt')
        return failure('E-DEV-0302', `${options.name} needs a broker, not a ${transport.kind} line`);
      const { mqtt } = environment;
      if (!mqtt) return failure('E-DEV-0302', 'there is no broker here');
      const drivers: Driver[] = [];
      for (const { deviceId, params } of devices) {
        const parsed = parseParams(options.params, params);
        if (!parsed.ok) return parsed;
        drivers.push(options.create(deviceId, parsed.value, environment, mqtt));
      }
      return ok(drivers);
    },
  };
}
