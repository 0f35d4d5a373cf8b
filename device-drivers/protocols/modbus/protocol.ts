import { type Result, err, ms, ok } from '@hallhub/sync/base';
import {
  type BusDefinition,
  type Driver,
  type DriverEnvironment,
  type Protocol,
  parseParams,
} from '../../kit/index.ts';
import { type RelayBoardParams, checkUnits, createRelayBoardDriver, relayBoardSchema } from './relay-board.ts';
import { createRtuBus } from './rtu-bus.ts';

const NOMINAL_BAUD_RATE = 9_600;

/** Relay boards on a Modbus RTU line; all that share the line share one queue. */
export const modbusRtuProtocol: Protocol = {
  name: 'modbus-rtu',
  module: import.meta.url,
  connect: (definition: BusDefinition, environment: DriverEnvironment): Result<readonly Driver[]> => {
    const boards: { deviceId: string; params: RelayBoardParams }[] = [];
    for (const device of definition.devices) {
      const params = parseParams(relayBoardSchema, device.params);
      if (!params.ok) return err({ ...params.error, detail: `${device.deviceId}: ${params.error.detail ?? ''}` });
      boards.push({ deviceId: device.deviceId, params: params.value });
    }
    const units = checkUnits(boards.map(({ params }) => params.unit));
    if (!units.ok) return units;
    const transport = environment.transportFactory(definition.transport);
    if (!transport.ok) return err(transport.error);
    const { transport: settings } = definition;
    const bus = createRtuBus({
      ...environment,
      transport: transport.value,
      baudRate: ('baudRate' in settings ? settings.baudRate : undefined) ?? NOMINAL_BAUD_RATE,
      // The slowest unit sets the pace of its bus.
      replyTimeout: ms(Math.max(...boards.map(({ params }) => params.replyTimeoutMs))),
      quiet: ms(Math.max(...boards.map(({ params }) => params.quietMs))),
    });
    return ok(boards.map((board) => createRelayBoardDriver({ ...environment, ...board, bus })));
  },
};
