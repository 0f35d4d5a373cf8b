import { err, failure, ok } from '@hallhub/sync/base';
import { type Driver, type Protocol, parseParams } from '../../kit/index.ts';
import { createTerminal } from './driver.ts';
import { terminalSchema } from './params.ts';

/** Terminals with PUSH (ADMS) firmware, all at one port of this host. */
export const zktecoPushProtocol: Protocol = {
  name: 'zkteco-push',
  connect: ({ transport, devices }, environment) => {
    if (transport.kind !== 'http-listen' || !environment.inbox)
      return failure('E-DEV-0302', 'a terminal that pushes needs an http-listen transport');
    const inbox = environment.inbox(transport);
    const drivers: Driver[] = [];
    for (const { deviceId, params: given } of devices) {
      const params = parseParams(terminalSchema, given);
      if (!params.ok) return err({ ...params.error, detail: `${deviceId}: ${params.error.detail ?? ''}` });
      drivers.push(createTerminal({ ...environment, deviceId, params: params.value, inbox }));
    }
    return ok(drivers);
  },
};
