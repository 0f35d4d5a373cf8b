import type { z } from 'zod';
import type { Protocol } from '../../kit/index.ts';
import { type HttpDeviceParams, type HttpDevicePlace, httpDeviceProtocol } from '../http-device/protocol.ts';
import { type HttpCameraOptions, createHttpCamera } from './http-camera.ts';

type Made = Omit<HttpCameraOptions, keyof HttpDevicePlace> & {
  readonly stream: Omit<Extract<HttpCameraOptions['events'], { from: 'stream' }>, 'from'>;
};

/** A protocol of plate cameras that are HTTP servers. */
export const cameraProtocol = <P extends HttpDeviceParams>(options: {
  readonly name: string;
  readonly params: z.ZodType<P>;
  readonly make: (params: P) => Made;
}): Protocol =>
  httpDeviceProtocol({
    name: options.name,
    params: options.params,
    stream: (params) => options.make(params).stream,
    create: (place, params) => createHttpCamera({ ...options.make(params), ...place }),
  });
