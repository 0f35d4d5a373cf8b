import { type Result, err, ms, ok } from '@hallhub/sync/base';
import {
  type BusDefinition,
  type Driver,
  type DriverEnvironment,
  type Protocol,
  type Transport,
  parseParams,
} from '../../kit/index.ts';
import type { ModbusBus } from './bus.ts';
import { clashOf } from './clash.ts';
import { type UnitParams, unitSchema } from './params.ts';
import { createRtuBus } from './rtu-bus.ts';
import { createTcpBus } from './tcp-bus.ts';
import { createUnitDriver } from './unit-driver.ts';

/** Of a line whose speed is not known here, such as one behind a serial server. */
const NOMINAL_BAUD_RATE = 9_600;

export const baudRateOf = (transport: object): number =>
  'baudRate' in transport && typeof transport.baudRate === 'number' ? transport.baudRate : NOMINAL_BAUD_RATE;

/** The slowest unit sets the pace of its bus. */
const slowest = (units: readonly { readonly params: UnitParams }[], of: 'replyTimeoutMs' | 'quietMs') =>
  ms(Math.max(...units.map(({ params }) => params[of])));

/** The drivers of all units on a line; all that share it share one queue. */
function connect(
  definition: BusDefinition,
  environment: DriverEnvironment,
  createBus: (
    transport: Transport,
    units: readonly { readonly deviceId: string; readonly params: UnitParams }[],
  ) => ModbusBus,
): Result<readonly Driver[]> {
  const units: { deviceId: string; params: UnitParams }[] = [];
  for (const device of definition.devices) {
    const params = parseParams(unitSchema, device.params);
    if (!params.ok) return err({ ...params.error, detail: `${device.deviceId}: ${params.error.detail ?? ''}` });
    const clash = clashOf(device, units);
    if (clash) return err(clash);
    units.push({ deviceId: device.deviceId, params: params.value });
  }
  const transport = environment.transportFactory(definition.transport);
  if (!transport.ok) return err(transport.error);
  const bus = createBus(transport.value, units);
  return ok(units.map((unit) => createUnitDriver({ ...environment, ...unit, bus })));
}

/** Units on a Modbus RTU line: RS-485, or a transparent serial server behind TCP. */
export const modbusRtuProtocol: Protocol = {
  name: 'modbus-rtu',
  clash: clashOf,
  connect: (definition, environment) =>
    connect(definition, environment, (transport, units) =>
      createRtuBus({
        ...environment,
        transport,
        baudRate: baudRateOf(definition.transport),
        replyTimeout: slowest(units, 'replyTimeoutMs'),
        quiet: slowest(units, 'quietMs'),
      }),
    ),
};

/** Units that speak Modbus TCP, or stand behind a gateway that does. */
export const modbusTcpProtocol: Protocol = {
  name: 'modbus-tcp',
  clash: clashOf,
  connect: (definition, environment) =>
    connect(definition, environment, (transport, units) =>
      createTcpBus({ ...environment, transport, replyTimeout: slowest(units, 'replyTimeoutMs') }),
    ),
};
