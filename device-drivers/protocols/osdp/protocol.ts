import { type Result, err, failure, ms, ok } from '@hallhub/sync/base';
import {
  type BusDefinition,
  type Driver,
  type DriverEnvironment,
  type Protocol,
  parseParams,
} from '../../kit/index.ts';
import { createOsdpBus } from './bus.ts';
import { createOsdpDriver } from './driver.ts';
import { type OsdpParams, osdpSchema } from './params.ts';

const NOMINAL_BAUD_RATE = 9_600;

/** Readers on an OSDP line; this is its control panel. All that share the line share one queue. */
export const osdpProtocol: Protocol = {
  name: 'osdp',
  connect: (definition: BusDefinition, environment: DriverEnvironment): Result<readonly Driver[]> => {
    const readers: { deviceId: string; params: OsdpParams }[] = [];
    for (const device of definition.devices) {
      // Who a reader is and what it can do it says without a key, and nothing is to be set up.
      const given = environment.probe === true ? { ...device.params, secureChannel: 'off' } : device.params;
      const params = parseParams(osdpSchema, given);
      if (!params.ok) return err({ ...params.error, detail: `${device.deviceId}: ${params.error.detail ?? ''}` });
      if (readers.some((other) => other.params.address === params.value.address)) {
        return failure('E-DEV-0302', `two readers on one bus have address ${params.value.address}`);
      }
      readers.push({ deviceId: device.deviceId, params: params.value });
    }
    const transport = environment.transportFactory(definition.transport);
    if (!transport.ok) return err(transport.error);
    const { transport: settings } = definition;
    const bus = createOsdpBus({
      ...environment,
      transport: transport.value,
      baudRate: ('baudRate' in settings ? settings.baudRate : undefined) ?? NOMINAL_BAUD_RATE,
      // The slowest reader sets the pace of its bus.
      replyTimeout: ms(Math.max(...readers.map(({ params }) => params.replyTimeoutMs))),
      quiet: ms(Math.max(...readers.map(({ params }) => params.quietMs))),
      markByte: readers.some(({ params }) => params.markByte),
    });
    return ok(readers.map((reader) => createOsdpDriver({ ...environment, ...reader, bus })));
  },
};
