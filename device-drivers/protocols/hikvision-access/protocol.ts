import { seconds } from '@hallhub/sync/base';
import type { Protocol } from '../../kit/index.ts';
import { httpDeviceProtocol } from '../http-device/protocol.ts';
import { createAccessTerminal } from './driver.ts';
import { paths } from './messages.ts';
import { accessTerminalSchema } from './params.ts';

/** Access terminals that speak ISAPI: events by `alertStream` or reported to an HTTP host, orders by Digest. */
export const hikvisionAccessProtocol: Protocol = httpDeviceProtocol({
  name: 'hikvision-access',
  params: accessTerminalSchema,
  stream: ({ quietAtMost }) => ({ path: paths.events, quietAtMost: seconds(quietAtMost) }),
  create: createAccessTerminal,
});
