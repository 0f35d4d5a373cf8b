import { failure, ok } from '@hallhub/sync/base';
import type { z } from 'zod';
import { type Driver, type DriverEnvironment, type HttpInbox, type Protocol, parseParams } from '../kit/index.ts';

/** A protocol whose devices report by HTTP, each at a door of its own. */
export function inboxProtocol<P>(options: {
  readonly name: string;
  readonly params: z.ZodType<P>;
  readonly create: (deviceId: string, params: P, environment: DriverEnvironment, inbox: HttpInbox) => Driver;
}): Protocol {
  return {
    name: options.name,
    connect: ({ transport, devices }, environment) => {
      if (transport.kind !== 'http-listen')
        return failure(
          'E-DEV-0302',
          `${options.name} needs a port to report to (http-listen), not a ${transport.kind} line`,
        );
      const { inbox } = environment;
      if (!inbox) return failure('E-DEV-0302', 'no device can report to this host');
      const box = inbox(transport);
      const drivers: Driver[] = [];
      for (const { deviceId, params } of devices) {
        const parsed = parseParams(options.params, params);
        if (!parsed.ok) return parsed;
        drivers.push(options.create(deviceId, parsed.value, environment, box));
      }
      return ok(drivers);
    },
  };
}
