import { failure, ok } from '@hallhub/sync/base';
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
import { type HttpCameraOptions, createHttpCamera } from './http-camera.ts';

/** What every camera that is an HTTP server needs to be told. */
export const cameraFields = {
  user: z.string().min(1).max(64).default('admin'),
  password: z.string().max(128).default(''),
  /** Its address, where it reports to a port of ours; else the line's. */
  url: z.url({ protocol: /^https?$/ }).exactOptional(),
  /** Where it reports, over a line of `http-listen`. */
  door: httpDoorSchema.exactOptional(),
  /** Seconds within which it answers; busy cameras take more than 5. */
  answersWithin: z.int().min(2).max(60).default(10),
};
interface CameraParams {
  readonly user: string;
  readonly password: string;
  readonly url?: string;
  readonly door?: z.output<typeof httpDoorSchema>;
}

type Made = Pick<HttpCameraOptions, 'read' | 'probe' | 'open' | 'accepted' | 'answersWithin'> & {
  readonly stream: { readonly path: string; readonly quietAtMost: HttpCameraOptions['answersWithin'] };
};

/** A protocol of cameras that are HTTP servers: over a `url` their events are streamed, over `http-listen` they are reported. */
export function cameraProtocol<P extends CameraParams>(options: {
  readonly name: string;
  readonly params: z.ZodType<P>;
  readonly make: (params: P) => Made;
}): Protocol {
  const driverOf = (
    deviceId: string,
    params: P,
    transport: BusDefinition['transport'],
    environment: DriverEnvironment,
  ): Driver | string => {
    const { stream, ...made } = options.make(params);
    const url = params.url ?? (transport.kind === 'url' ? transport.url : undefined);
    if (url === undefined) return 'url: the address of the camera';
    const common = {
      ...made,
      deviceId,
      environment,
      http: environment.http ?? httpClient(environment),
      url,
      user: params.user,
      password: params.password,
    };
    if (transport.kind === 'url') return createHttpCamera({ ...common, events: { from: 'stream', ...stream } });
    if (transport.kind !== 'http-listen' || !environment.inbox)
      return `it needs an address or a port to report to, not a ${transport.kind} line`;
    if (!params.door) return 'door: where it reports';
    return createHttpCamera({
      ...common,
      events: { from: 'reports', inbox: environment.inbox(transport), door: params.door },
    });
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
