import { failure, ok, seconds } from '@hallhub/sync/base';
import { z } from 'zod';
import {
  type BusDefinition,
  type Driver,
  type DriverEnvironment,
  type Protocol,
  httpDoorSchema,
  parseParams,
} from '../../kit/index.ts';
import { httpClient } from '../../transports/index.ts';
import type { HttpDeviceOptions } from './device.ts';

/** What every device that is an HTTP server needs to be told. */
export const httpDeviceFields = {
  user: z.string().min(1).max(64).default('admin'),
  password: z.string().max(128).default(''),
  /** Its address, where it reports to a port of ours; else the line's. */
  url: z.url({ protocol: /^https?$/ }).exactOptional(),
  /** Where it reports, over a line of `http-listen`. */
  door: httpDoorSchema.exactOptional(),
  /** Seconds within which it answers; busy ones take more than 5. */
  answersWithin: z.int().min(2).max(60).default(10),
};

export interface HttpDeviceParams {
  readonly user: string;
  readonly password: string;
  readonly url?: string;
  readonly door?: z.output<typeof httpDoorSchema>;
  readonly answersWithin: number;
}

/** How one device is reached, and where its events come from. */
export type HttpDevicePlace = Pick<
  HttpDeviceOptions,
  'deviceId' | 'environment' | 'http' | 'url' | 'user' | 'password' | 'events' | 'answersWithin'
>;

/** A protocol of devices that are HTTP servers: over a `url` their events are streamed, over `http-listen` they are reported. */
export function httpDeviceProtocol<P extends HttpDeviceParams>(options: {
  readonly name: string;
  readonly params: z.ZodType<P>;
  readonly stream: (params: P) => Omit<Extract<HttpDeviceOptions['events'], { from: 'stream' }>, 'from'>;
  readonly create: (place: HttpDevicePlace, params: P) => Driver;
}): Protocol {
  const driverOf = (
    deviceId: string,
    params: P,
    transport: BusDefinition['transport'],
    environment: DriverEnvironment,
  ): Driver | string => {
    const url = params.url ?? (transport.kind === 'url' ? transport.url : undefined);
    if (url === undefined) return 'url: the address of the device';
    const place = {
      deviceId,
      environment,
      http: environment.http ?? httpClient(environment),
      url,
      user: params.user,
      password: params.password,
      answersWithin: seconds(params.answersWithin),
    };
    if (transport.kind === 'url')
      return options.create({ ...place, events: { from: 'stream', ...options.stream(params) } }, params);
    if (transport.kind !== 'http-listen' || !environment.inbox)
      return `it needs an address or a port to report to, not a ${transport.kind} line`;
    if (!params.door) return 'door: where it reports';
    const inbox = environment.inbox(transport);
    return options.create({ ...place, events: { from: 'reports', inbox, door: params.door } }, params);
  };
  return {
    name: options.name,
    connect: ({ transport, devices }, environment) => {
      const drivers: Driver[] = [];
      for (const { deviceId, params } of devices) {
        const parsed = parseParams(options.params, params);
        if (!parsed.ok) return parsed;
        const driver = driverOf(deviceId, parsed.value, transport, environment);
        if (typeof driver === 'string') return failure('E-DEV-0302', driver);
        drivers.push(driver);
      }
      return ok(drivers);
    },
  };
}
