import { err, ok } from '@hallhub/sync/base';
import { type Driver, type Protocol, parseParams } from '../../kit/index.ts';
import { clashOf } from './clash.ts';
import { type Controller, createController } from './controller.ts';
import { createDoor } from './driver.ts';
import { createLink } from './link.ts';
import { doorSchema } from './params.ts';

/** Door controllers over UDP, a device for each door. */
export const uhppoteProtocol: Protocol = {
  name: 'uhppote',
  clash: clashOf,
  connect: ({ transport: settings, devices }, environment) => {
    const transport = environment.transportFactory(settings);
    if (!transport.ok) return err(transport.error);
    const link = createLink({ ...environment, transport: transport.value });
    const controllers = new Map<number, Controller>();
    const drivers: Driver[] = [];
    for (const [index, device] of devices.entries()) {
      const parsed = parseParams(doorSchema, device.params);
      if (!parsed.ok) return err({ ...parsed.error, detail: `${device.deviceId}: ${parsed.error.detail ?? ''}` });
      const clash = clashOf(device, devices.slice(0, index));
      if (clash) return err(clash);
      const params = parsed.value;
      const controller = controllers.get(params.serial) ?? createController({ ...environment, link, params });
      controllers.set(params.serial, controller);
      drivers.push(createDoor({ ...environment, deviceId: device.deviceId, params, link, controller }));
    }
    return ok(drivers);
  },
};
