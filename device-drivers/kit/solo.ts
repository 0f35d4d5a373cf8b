import type { z } from 'zod';
import { type Result, err, failure, ok } from '@hallhub/sync/base';
import type { Driver } from './driver.ts';
import { parseParams } from './params.ts';
import type { BusDefinition, DriverEnvironment, Protocol } from './protocol.ts';
import type { Transport } from './transport.ts';

/** What the driver of a device with a line to itself is made of. */
export interface SoloDevice<P> extends DriverEnvironment {
  readonly deviceId: string;
  readonly transport: Transport;
  readonly params: P;
}

/**
 * A protocol whose devices have their line to themselves and speak when they like. Errors of `connect`: `E-DEV-0302` for a
 * second device on the line, parameters that make no sense, or no such line.
 */
export function soloProtocol<P>(options: {
  readonly name: string;
  readonly params: z.ZodType<P>;
  readonly create: (device: SoloDevice<P>) => Driver;
}): Protocol {
  return {
    name: options.name,
    listensOnly: true,
    connect: (bus: BusDefinition, environment: DriverEnvironment): Result<readonly Driver[]> => {
      const [device, ...others] = bus.devices;
      if (!device || others.length > 0)
        return failure('E-DEV-0302', `a device of ${options.name} has its line to itself`);
      const params = parseParams(options.params, device.params);
      if (!params.ok) return err(params.error);
      const transport = environment.transportFactory(bus.transport);
      if (!transport.ok) return err(transport.error);
      const { deviceId } = device;
      return ok([options.create({ ...environment, deviceId, transport: transport.value, params: params.value })]);
    },
  };
}
