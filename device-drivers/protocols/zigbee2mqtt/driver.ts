import { type Failure, type Result, err, failure, ok, seconds } from '@hallhub/sync/base';
import type { ButtonPanel, Climate, Curtain, Meter, Occupancy, Switch } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type MqttChannel,
  type OrderStep,
  createCommandLedger,
  createEmitter,
  createMqttDevice,
  createUrlFirmware,
  giveMqttOrder,
} from '../../kit/index.ts';
import { createKnownState } from '../known-state.ts';
import {
  type Zigbee2mqttMessage,
  type Zigbee2mqttReport,
  askDevice,
  askService,
  askUpdate,
  coverOrder,
  decodeZigbee2mqtt,
  switchOrder,
  zigbee2mqttFilters,
} from './messages.ts';
import type { Zigbee2mqttParams } from './params.ts';

/** A cover is waited for so long; then it has only taken the order. */
const MOVES_WITHIN = seconds(10);

type Reading<C extends Climate | Meter> = Parameters<Parameters<C['onReading']>[0]>[0];

/**
 * One device behind Zigbee2MQTT. It is ready while the service answers and does not say that the device is off line. The
 * state that the service publishes after an order says only that the device took it (`optimistic`); what it says after
 * it was asked to read the device is observed.
 */
export function createZigbee2mqttDriver(
  deviceId: string,
  params: Zigbee2mqttParams,
  { clock, log, random }: DriverEnvironment,
  channel: MqttChannel,
): Driver {
  const { base, name } = params;
  const ledger = createCommandLedger({ clock });
  const origin = Buffer.from(random(6)).toString('hex');
  let transactions = 0;
  const transaction = (): string => `${origin}-${++transactions}`;
  /** The properties whose values the device can be asked for. */
  const readable = params.answers ? [...params.switches, ...(params.cover ? ['position'] : [])] : [];
  let isOffline = false;
  const device = createMqttDevice<Zigbee2mqttReport>({
    deviceId,
    channel,
    clock,
    log,
    filters: zigbee2mqttFilters(params),
    decode: (topic, payload) => {
      const report = decodeZigbee2mqtt(params, topic, payload);
      if (report?.isOnline !== undefined) isOffline = !report.isOnline;
      if (report?.isState) isOffline = false;
      // A service that lives says nothing for a device that it has lost.
      return report && isOffline ? { ...report, alive: false } : report;
    },
    onReport: (report, retained) => {
      learn(report, retained);
    },
    probe: () => {
      void say(askService(base, transaction()), 'do you live?');
      const [property] = readable;
      if (property !== undefined) void say(askDevice(params, property), 'how are you?');
    },
    probeEvery: seconds(params.probeEvery),
  });
  const { onListenerError } = device;
  const say = (message: Zigbee2mqttMessage, meaning: string): Promise<Result<void>> =>
    device.send(message.topic, message.payload, meaning);
  const notReady = (): Failure | undefined =>
    device.health.state === 'ready' ? undefined : (device.health.reason ?? { code: 'E-DEV-0102' });

  const states = createKnownState(params.switches.length, clock, true);
  const changed = createEmitter<Parameters<Parameters<Switch['onChange']>[0]>[0]>(onListenerError);
  const moved = createEmitter<Parameters<Parameters<Curtain['onPosition']>[0]>[0]>(onListenerError);
  const seen = createEmitter<Parameters<Parameters<Occupancy['onOccupancy']>[0]>[0]>(onListenerError);
  const felt = createEmitter<Reading<Climate>>(onListenerError);
  const read = createEmitter<Reading<Meter>>(onListenerError);
  const pressed = createEmitter<Parameters<Parameters<ButtonPanel['onButton']>[0]>[0]>(onListenerError);
  const lastValues = new Map<string, { readonly name: string; readonly value: number; readonly unit: string }>();
  let position: number | undefined;
  let occupied: boolean | undefined;
  let installed: string | undefined;

  const learn = (report: Zigbee2mqttReport, retained: boolean): void => {
    const at = clock.now();
    for (const [key, on] of Object.entries(report.switches ?? {}))
      if (states.learn(Number(key), on, retained)) changed.emit({ channel: Number(key), on, at });
    // What was kept is no news: somebody may have left the room long ago.
    if (retained) return;
    const { position: now, occupied: somebody } = report;
    if (now !== undefined && now !== position) {
      position = now;
      moved.emit({ percentOpen: now, at });
    }
    if (somebody !== undefined && somebody !== occupied) {
      occupied = somebody;
      seen.emit({ occupied: somebody, at });
    }
    if (report.climate) felt.emit({ ...report.climate, at });
    for (const value of report.values ?? []) {
      if (lastValues.get(value.name)?.value === value.value) continue;
      lastValues.set(value.name, value);
      read.emit({ ...value, at });
    }
    if (report.pressed !== undefined) pressed.emit({ button: report.pressed, pressed: true, at });
    if (report.update?.installed !== undefined) ({ installed } = report.update);
    if (report.update?.percent !== undefined) firmware.progressed(report.update.percent);
  };

  const firmware = createUrlFirmware({
    clock,
    ledger,
    onListenerError,
    installed: () =>
      Promise.resolve(
        installed === undefined
          ? failure('E-DEV-0202', 'the service has not said what the device runs')
          : ok({ version: installed }),
      ),
    begin: async (url, veto): Promise<Result<void>> => {
      const refused = veto() ?? notReady();
      if (refused) return err(refused);
      const id = transaction();
      // The answer comes when all is done, or at once when it is refused.
      const { result } = device.hear(
        ({ response }) => (response?.transaction === id ? response : undefined),
        seconds(params.updateWithin),
      );
      void result.then((answer) => {
        if (!answer.ok) return;
        const { error, build } = answer.value;
        if (error !== undefined) firmware.failed(error);
        if (build !== undefined) installed = build;
        firmware.back();
      });
      return say(askUpdate(base, name, url, id), 'update');
    },
    within: seconds(params.updateWithin),
  });

  const relay: Switch = {
    set: (command) =>
      ledger.run(command, (veto) => {
        const { channel: index, on, pulse } = command.args;
        const property = params.switches[index];
        if (property === undefined) return Promise.resolve(failure('E-DEV-0203', `it has no switch ${index}`));
        if (pulse !== undefined && on && !params.onTime)
          return Promise.resolve(failure('E-DEV-0203', 'it cannot time pulses'));
        let isTaken = false;
        return device.inTurn(() =>
          giveMqttOrder({ device, clock }, command, veto, {
            ...switchOrder(params, index, on, pulse),
            meaning: `switch ${index} ${on ? 'on' : 'off'}`,
            take: (report): OrderStep => {
              if (report.switches?.[index] !== on) return undefined;
              if (isTaken) return { confirmation: 'observed', final: true };
              isTaken = true;
              if (params.answers) void say(askDevice(params, property), 'is it so?');
              return { confirmation: 'acknowledged', final: !params.answers };
            },
          }),
        );
      }),
    state: () => Promise.resolve(states.read()),
    onChange: changed.on,
  };
  const curtain: Curtain = {
    move: (command) =>
      ledger.run(command, (veto) => {
        const { to } = command.args;
        const wanted =
          typeof to === 'object' ? Math.round(to.percentOpen) : { open: 100, closed: 0, stop: undefined }[to];
        return device.inTurn(() => {
          const before = position;
          let isClaimed = false;
          const askWhere = (): void => {
            if (params.answers) void say(askDevice(params, 'position'), 'where are you?');
          };
          return giveMqttOrder({ device, clock }, command, veto, {
            ...coverOrder(params, to),
            meaning: `cover ${typeof to === 'object' ? `to ${wanted} %` : to}`,
            within: MOVES_WITHIN,
            then: askWhere,
            take: ({ isState, position: now }): OrderStep => {
              if (!isState) return undefined;
              if (wanted === undefined) return { confirmation: 'acknowledged', final: true };
              if (now !== wanted) return now === before ? undefined : { confirmation: 'acknowledged', final: false };
              // The service says the position that was asked for before the motor has begun to move.
              if (isClaimed) return { confirmation: 'observed', final: true };
              isClaimed = true;
              askWhere();
              return { confirmation: 'acknowledged', final: false };
            },
          });
        });
      }),
    onPosition: moved.on,
  };
  const meter: Meter = {
    read: () =>
      Promise.resolve(
        lastValues.size > 0
          ? ok({ values: [...lastValues.values()], at: clock.now() })
          : failure('E-DEV-0202', 'the device has not reported yet'),
      ),
    onReading: read.on,
  };
  const climate: Climate = {
    set: (command) => ledger.run(command, () => Promise.resolve(failure('E-DEV-0203', 'it only measures'))),
    onReading: felt.on,
  };

  return device.driver({
    ...(params.switches.length > 0 && { switch: relay }),
    ...(params.cover && { curtain }),
    ...(params.climate && { climate }),
    ...(params.occupancy !== undefined && { occupancy: { onOccupancy: seen.on } }),
    ...(params.values.length > 0 && { meter }),
    ...(params.actions.length > 0 && { buttonPanel: { onButton: pressed.on } }),
    ...(params.firmware && { firmware: firmware.capability }),
  });
}
