import { type Failure, type Result, err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { ButtonPanel, Curtain, Meter, Switch } from '../../capabilities/index.ts';
import {
  type Command,
  type Confirmation,
  type Driver,
  type DriverEnvironment,
  type MqttChannel,
  type Receipt,
  createCommandLedger,
  createEmitter,
  createMqttDevice,
  createUrlFirmware,
} from '../../kit/index.ts';
import { createKnownState } from '../known-state.ts';
import { type Json, textAt } from '../mqtt-values.ts';
import {
  type ShellyCall,
  type ShellyReport,
  type ShellyStatus,
  askInfo,
  askStatus,
  decodeShelly,
  encodeCall,
  moveCover,
  readStatus,
  setSwitch,
  shellyFilters,
  update,
} from './messages.ts';
import type { ShellyParams } from './params.ts';

const ANSWER = seconds(5);
/** A cover is waited for so long; then it has only taken the order. */
const MOVES_WITHIN = seconds(10);
/** Ids are 31 bits; they begin anywhere, so that an answer to a call before a restart is not taken for one of now. */
const ID_BYTES = 3;

export function createShellyDriver(
  deviceId: string,
  params: ShellyParams,
  { clock, log, random }: DriverEnvironment,
  channel: MqttChannel,
): Driver {
  const { topic } = params;
  const ledger = createCommandLedger({ clock });
  let lastId = Buffer.from(random(ID_BYTES)).readUIntBE(0, ID_BYTES);
  const device = createMqttDevice<ShellyReport>({
    deviceId,
    channel,
    clock,
    log,
    filters: shellyFilters(topic),
    decode: (from, payload) => decodeShelly(params, from, payload),
    onReport: (report, retained) => {
      if (report.status) learn(report.status, retained);
      if (retained) return;
      if (report.update?.percent !== undefined) firmware.progressed(report.update.percent);
      if (report.update?.failed !== undefined) firmware.failed(report.update.failed);
      if (report.isBack) firmware.back();
    },
    probe: () => {
      void call(askStatus).then((answer) => {
        if (answer.ok) learn(readStatus(params, answer.value), false);
      });
    },
    probeEvery: seconds(params.probeEvery),
  });
  const { onListenerError } = device;

  /** Errors: those of `hear` and `send`, and `E-DEV-0203` with the device's own words. */
  const call = async (asked: ShellyCall, lives = ms(ANSWER)): Promise<Result<Json>> => {
    lastId += 1;
    const id = lastId;
    const { result, cancel } = device.hear(({ reply }) => (reply?.id === id ? reply : undefined), ANSWER);
    const message = encodeCall(topic, id, asked);
    const sent = await device.send(message.topic, message.payload, asked.method, lives);
    if (!sent.ok) {
      cancel();
      return sent;
    }
    const heard = await result;
    if (!heard.ok) return heard;
    return heard.value.error === undefined ? ok(heard.value.result ?? {}) : failure('E-DEV-0203', heard.value.error);
  };
  /** An order, and then the question whether it shows: the answers carry the numbers of their calls. */
  const order = async (
    command: Command,
    veto: () => Failure | undefined,
    asked: ShellyCall,
    shows: () => Promise<boolean>,
  ): Promise<Receipt> => {
    const late = veto() ?? notReady();
    if (late) return err(late);
    const taken = await call(asked, ms(Math.max(0, command.expiresAt - clock.now())));
    if (!taken.ok) return taken;
    const confirmation: Confirmation = (await shows()) ? 'observed' : 'acknowledged';
    return ok({ commandId: command.id, confirmation, at: clock.now() });
  };
  const notReady = (): Failure | undefined =>
    device.health.state === 'ready' ? undefined : (device.health.reason ?? { code: 'E-DEV-0102' });
  const statusNow = async (): Promise<ShellyStatus | undefined> => {
    const answer = await call(askStatus);
    if (!answer.ok) return undefined;
    const status = readStatus(params, answer.value);
    learn(status, false);
    return status;
  };

  const outputs = createKnownState(params.switches, clock, true);
  const inputs = createKnownState(params.inputs, clock, false);
  const changed = createEmitter<Parameters<Parameters<Switch['onChange']>[0]>[0]>(onListenerError);
  const moved = createEmitter<Parameters<Parameters<Curtain['onPosition']>[0]>[0]>(onListenerError);
  const read = createEmitter<Parameters<Parameters<Meter['onReading']>[0]>[0]>(onListenerError);
  const pressed = createEmitter<Parameters<Parameters<ButtonPanel['onButton']>[0]>[0]>(onListenerError);
  const lastValue = new Map<string, number>();
  let position: number | undefined;

  const learn = (status: ShellyStatus, retained: boolean): void => {
    const at = clock.now();
    for (const [id, on] of Object.entries(status.switches ?? {}))
      if (outputs.learn(Number(id), on, retained)) changed.emit({ channel: Number(id), on, at });
    for (const [id, on] of Object.entries(status.inputs ?? {}))
      if (inputs.learn(Number(id), on, retained)) pressed.emit({ button: Number(id), pressed: on, at });
    if (retained) return;
    for (const { name, value, unit } of status.values ?? []) {
      if (lastValue.get(name) === value) continue;
      lastValue.set(name, value);
      read.emit({ name, value, unit, at });
    }
    const now = status.cover?.position;
    if (now !== undefined && now !== position) {
      position = now;
      moved.emit({ percentOpen: now, at });
    }
  };

  const firmware = createUrlFirmware({
    clock,
    ledger,
    onListenerError,
    installed: async () => {
      const info = await call(askInfo);
      if (!info.ok) return info;
      const [version, model, serial] = [
        textAt(info.value, 'ver'),
        textAt(info.value, 'model'),
        textAt(info.value, 'mac'),
      ];
      if (version === undefined) return failure('E-DEV-0204', 'it does not say what it runs');
      return ok({ version, ...(model !== undefined && { model }), ...(serial !== undefined && { serial }) });
    },
    begin: (url, veto) =>
      device.inTurn(async () => {
        const refused = veto() ?? notReady();
        if (refused) return err(refused);
        const taken = await call(update(url));
        return taken.ok ? ok() : taken;
      }),
    within: seconds(params.updateWithin),
  });

  const relay: Switch = {
    set: (command) =>
      ledger.run(command, (veto) => {
        const { channel: id, on, pulse } = command.args;
        if (id >= params.switches) return Promise.resolve(failure('E-DEV-0203', `it has no output ${id}`));
        return device.inTurn(() =>
          order(command, veto, setSwitch(id, on, pulse), async () => (await statusNow())?.switches?.[id] === on),
        );
      }),
    state: () => Promise.resolve(outputs.read()),
    onChange: changed.on,
  };
  const curtain = (id: number): Curtain => ({
    move: (command) =>
      ledger.run(command, (veto) => {
        const { to } = command.args;
        const wanted =
          typeof to === 'object' ? Math.round(to.percentOpen) : { open: 100, closed: 0, stop: undefined }[to];
        return device.inTurn(() => order(command, veto, moveCover(id, to), () => arrives(wanted)));
      }),
    onPosition: moved.on,
  });
  /** Whether the motor stands still at `wanted` (anywhere, for a stop) before the caller has to be answered. */
  const arrives = async (wanted: number | undefined): Promise<boolean> => {
    const isThere = (cover: ShellyStatus['cover']): boolean => {
      const isStill = cover?.state === 'stopped' || cover?.state === 'open' || cover?.state === 'closed';
      return isStill && (wanted === undefined || cover.position === wanted);
    };
    const { result, cancel } = device.hear(({ status }) => (isThere(status?.cover) ? true : undefined), MOVES_WITHIN);
    if (isThere((await statusNow())?.cover)) {
      cancel();
      return true;
    }
    return (await result).ok;
  };
  const meter: Meter = {
    read: async () => {
      const values = (await statusNow())?.values;
      return values ? ok({ values, at: clock.now() }) : failure('E-DEV-0202', 'it does not say what it measures');
    },
    onReading: read.on,
  };

  return device.driver({
    ...(params.switches > 0 && { switch: relay }),
    ...(params.cover !== undefined && { curtain: curtain(params.cover) }),
    ...(params.values.length > 0 && { meter }),
    ...(params.inputs > 0 && { buttonPanel: { onButton: pressed.on } }),
    ...(params.firmware && { firmware: firmware.capability }),
  });
}
