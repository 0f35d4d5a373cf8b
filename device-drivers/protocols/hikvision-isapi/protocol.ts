import { seconds } from '@hallhub/sync/base';
import type { Protocol } from '../../kit/index.ts';
import { cameraProtocol } from '../plate-camera/camera-protocol.ts';
import { readStatus } from './document.ts';
import { encodeOpen, hikvisionSchema, paths, readEvent } from './messages.ts';

/** Plate cameras that speak ISAPI: events by `alertStream` or reported to an HTTP host, orders by Digest. */
export const hikvisionIsapiProtocol: Protocol = cameraProtocol({
  name: 'hikvision-isapi',
  params: hikvisionSchema,
  make: (params) => ({
    stream: { path: paths.events, quietAtMost: seconds(params.quietAtMost) },
    probe: { path: paths.info, every: seconds(30) },
    read: (part) => readEvent(params, part),
    open: ({ direction }) => {
      const { path, body } = encodeOpen(params, direction);
      return {
        path,
        call: { method: 'PUT', headers: { 'content-type': 'application/xml' }, body: Buffer.from(body) },
        meaning: `open (${direction})`,
      };
    },
    accepted: readStatus,
  }),
});
