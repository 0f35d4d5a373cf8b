import { type Failure, type Result, err, ms, ok } from '@hallhub/sync/base';
import {
  type BusDefinition,
  type BusDevice,
  type Driver,
  type DriverEnvironment,
  type Protocol,
  type Transport,
  parseParams,
} from '../../kit/index.ts';
import type { ModbusBus } from './bus.ts';
import { conflictOf } from './claims.ts';
import { type UnitParams, unitSchema } from './params.ts';
import { createRtuBus } from './rtu-bus.ts';
import { createTcpBus } from './tcp-bus.ts';
import { createUnitDriver } from './unit-driver.ts';

const NOMINAL_BAUD_RATE = 9_600;

/** The slowest unit sets the pace of its bus. */
const slowest = (units: readonly { readonly params: UnitParams }[], of: 'replyTimeoutMs' | 'quietMs') =>
  ms(Math.max(...units.map(({ params }) => params[of])));

/** With which of the devices already there it cannot be, and over what. Parameters that make no sense are told by `connect`. */
function clashOf({ params }: BusDevice, others: readonly BusDevice[]): Failure | undefined {
  const mine = parseParams(unitSchema, params);
  if (!mine.ok) return undefined;
  for (const { deviceId, params: theirs } of others) {
    const other = parseParams(unitSchema, theirs);
    const conflict = other.ok ? conflictOf(mine.value, other.value) : undefined;
    if (conflict) return { ...conflict, detail: `${deviceId} has ${conflict.detail ?? ''}` };
  }
  return undefined;
}

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
  module: import.meta.url,
  clash: clashOf,
  connect: (definition, environment) =>
    connect(definition, environment, (transport, units) => {
      const { transport: settings } = definition;
      return createRtuBus({
        ...environment,
        transport,
        baudRate: ('baudRate' in settings ? settings.baudRate : undefined) ?? NOMINAL_BAUD_RATE,
        replyTimeout: slowest(units, 'replyTimeoutMs'),
        quiet: slowest(units, 'quietMs'),
      });
    }),
};

/** Units that speak Modbus TCP, or stand behind a gateway that does. */
export const modbusTcpProtocol: Protocol = {
  name: 'modbus-tcp',
  module: import.meta.url,
  clash: clashOf,
  connect: (definition, environment) =>
    connect(definition, environment, (transport, units) =>
      createTcpBus({ ...environment, transport, replyTimeout: slowest(units, 'replyTimeoutMs') }),
    ),
};
