import { seconds } from '@hallhub/sync/base';
import type { Protocol } from '../../kit/index.ts';
import { cameraProtocol } from '../plate-camera/camera-protocol.ts';
import { dahuaSchema, encodeOpen, paths, readEvent, readStatus } from './messages.ts';

/** Plate cameras with Dahua's CGI: events by a stream that is held open, orders by Digest. */
export const dahuaCgiProtocol: Protocol = cameraProtocol({
  name: 'dahua-cgi',
  params: dahuaSchema,
  make: (params) => ({
    stream: { path: paths.events, quietAtMost: seconds(params.quietAtMost) },
    probe: { path: paths.info, every: seconds(30) },
    read: (part) => readEvent(params, part),
    open: () => ({ path: encodeOpen(params.channel), call: { method: 'GET' }, meaning: 'open' }),
    accepted: readStatus,
  }),
});
