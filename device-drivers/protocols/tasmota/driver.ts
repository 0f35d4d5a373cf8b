import { type Failure, type Result, err, failure, ok, seconds } from '@hallhub/sync/base';
import type { ButtonPanel, Curtain, Meter, Switch } from '../../capabilities/index.ts';
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
  type TasmotaMessage,
  type TasmotaReport,
  askSensors,
  askState,
  askVersion,
  beginUpgrade,
  decodeTasmota,
  pulseTime,
  setOtaUrl,
  shutterOrder,
  switchOrder,
  tasmotaFilters,
} from './messages.ts';
import type { TasmotaParams } from './params.ts';

const ANSWER = seconds(5);
/** A shutter is waited for so long; then it has only taken the order. */
const MOVES_WITHIN = seconds(10);

export function createTasmotaDriver(
  deviceId: string,
  params: TasmotaParams,
  { clock, log }: DriverEnvironment,
  channel: MqttChannel,
): Driver {
  const { topic } = params;
  const ledger = createCommandLedger({ clock });
  const device = createMqttDevice<TasmotaReport>({
    deviceId,
    channel,
    clock,
    log,
    filters: tasmotaFilters(topic),
    decode: (from, payload) => decodeTasmota(params, from, payload),
    onReport: (report, retained) => {
      onReport(report, retained);
    },
    probe: () => {
      void say(askState(topic), 'how are you?');
    },
    probeEvery: seconds(params.probeEvery),
  });
  const { onListenerError } = device;
  const say = (message: TasmotaMessage, meaning: string): Promise<Result<void>> =>
    device.send(message.topic, message.payload, meaning);
  const ask = async <T>(
    message: TasmotaMessage,
    meaning: string,
    take: (report: TasmotaReport) => T | undefined,
  ): Promise<Result<T>> => {
    const { result, cancel } = device.hear(take, ANSWER);
    const sent = await say(message, meaning);
    if (sent.ok) return result;
    cancel();
    return sent;
  };

  const relays = createKnownState(params.relays, clock, true);
  const changed = createEmitter<Parameters<Parameters<Switch['onChange']>[0]>[0]>(onListenerError);
  const moved = createEmitter<Parameters<Parameters<Curtain['onPosition']>[0]>[0]>(onListenerError);
  const read = createEmitter<Parameters<Parameters<Meter['onReading']>[0]>[0]>(onListenerError);
  const pressed = createEmitter<Parameters<Parameters<ButtonPanel['onButton']>[0]>[0]>(onListenerError);
  const lastValue = new Map<string, number>();
  let position: number | undefined;

  const firmware = createUrlFirmware({
    clock,
    ledger,
    onListenerError,
    installed: async () => {
      const version = await ask(askVersion(topic), 'which program?', (report) => report.version);
      return version.ok ? ok({ version: version.value }) : version;
    },
    begin: (url, veto) => device.inTurn(() => begin(url, veto)),
    isVersion: (installed, ordered) => installed === ordered || installed.startsWith(`${ordered}(`),
    within: seconds(params.updateWithin),
  });
  const begin = async (url: string, veto: () => Failure | undefined): Promise<Result<void>> => {
    const refused = veto() ?? notReady();
    if (refused) return err(refused);
    const address = await ask(setOtaUrl(topic, url), 'where the program is', ({ otaUrl }) => otaUrl);
    if (!address.ok) return address;
    if (address.value !== url) return failure('E-DEV-0203', 'it keeps another address for programs');
    const late = veto();
    if (late) return err(late);
    const answer = await ask(beginUpgrade(topic), 'fetch it', ({ upgrade }) => upgrade);
    if (!answer.ok) return answer;
    return answer.value.includes(' from ') ? ok() : failure('E-DEV-0203', answer.value);
  };
  const notReady = (): Failure | undefined =>
    device.health.state === 'ready' ? undefined : (device.health.reason ?? { code: 'E-DEV-0102' });

  const onReport = (report: TasmotaReport, retained: boolean): void => {
    const at = clock.now();
    for (const [key, on] of Object.entries(report.power ?? {})) {
      const relay = Number(key);
      if (relays.learn(relay, on, retained)) changed.emit({ channel: relay, on, at });
    }
    if (retained) return;
    for (const { name, value, unit } of report.values ?? []) {
      if (lastValue.get(name) === value) continue;
      lastValue.set(name, value);
      read.emit({ name, value, unit, at });
    }
    if (report.shutter && report.shutter.position !== position) {
      ({ position } = report.shutter);
      moved.emit({ percentOpen: position, at });
    }
    for (const { button, pressed: down } of report.buttons ?? []) pressed.emit({ button, pressed: down, at });
    if (report.upgrade?.startsWith('Failed')) firmware.failed(report.upgrade);
    if (report.isBack) firmware.back();
  };

  const relay: Switch = {
    set: (command) =>
      ledger.run(command, (veto) => {
        const { channel: index, on, pulse: duration } = command.args;
        if (index >= params.relays) return Promise.resolve(failure('E-DEV-0203', `it has no relay ${index}`));
        const pulse = duration === undefined || !on ? undefined : pulseTime(duration);
        if (duration !== undefined && on && (!params.pulse || pulse === undefined))
          return Promise.resolve(failure('E-DEV-0203', 'it cannot time such a pulse'));
        let [isSwitched, isTimed] = [false, pulse === undefined];
        return device.inTurn(() =>
          giveMqttOrder({ device, clock }, command, veto, {
            ...switchOrder(params, { channel: index, on, ...(pulse !== undefined && { pulse }) }),
            meaning: `relay ${index} ${on ? 'on' : 'off'}${duration === undefined ? '' : ` for ${duration} ms`}`,
            take: (report): OrderStep => {
              if (report.isUnknownCommand) return { refused: 'it does not know this order' };
              if (report.isResult && report.power?.[index] === on) isSwitched = true;
              if (report.pulse?.[index] === pulse) isTimed = true;
              return isSwitched && isTimed ? { confirmation: 'observed', final: true } : undefined;
            },
          }),
        );
      }),
    state: () => Promise.resolve(relays.read()),
    onChange: changed.on,
  };
  const curtain = (shutter: number): Curtain => ({
    move: (command) =>
      ledger.run(command, (veto) => {
        const { to } = command.args;
        const target = { open: 100, closed: 0, stop: undefined };
        const wanted = typeof to === 'object' ? Math.round(to.percentOpen) : target[to];
        return device.inTurn(() =>
          giveMqttOrder({ device, clock }, command, veto, {
            ...shutterOrder(topic, shutter, to),
            meaning: `shutter ${typeof to === 'object' ? `to ${wanted} %` : to}`,
            within: MOVES_WITHIN,
            take: (report): OrderStep => {
              if (report.isUnknownCommand) return { refused: 'it does not know this order' };
              const { shutter: now, isResult } = report;
              if (!now || !isResult) return undefined;
              const isStill = now.direction === 0;
              if (wanted === undefined) return isStill ? { confirmation: 'observed', final: true } : undefined;
              if (now.target !== wanted) return undefined;
              const isThere = isStill && now.position === wanted;
              return { confirmation: isThere ? 'observed' : 'acknowledged', final: isThere };
            },
          }),
        );
      }),
    onPosition: moved.on,
  });
  const meter: Meter = {
    read: async () => {
      const values = await ask(askSensors(topic), 'what do you measure?', (report) => report.values);
      return values.ok ? ok({ values: values.value, at: clock.now() }) : values;
    },
    onReading: read.on,
  };

  return device.driver({
    ...(params.relays > 0 && { switch: relay }),
    ...(params.shutter !== undefined && { curtain: curtain(params.shutter) }),
    ...(params.values.length > 0 && { meter }),
    ...(params.buttons.length > 0 && { buttonPanel: { onButton: pressed.on } }),
    ...(params.firmware && { firmware: firmware.capability }),
  });
}
