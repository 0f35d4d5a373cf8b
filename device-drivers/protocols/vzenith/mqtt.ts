import { seconds } from '@hallhub/sync/base';
import { z } from 'zod';
import type { Barrier } from '../../capabilities/index.ts';
import {
  type Driver,
  type DriverEnvironment,
  type MqttChannel,
  type MqttReport,
  type Protocol,
  createCommandLedger,
  createMqttDevice,
  giveMqttOrder,
} from '../../kit/index.ts';
import { mqttProtocol } from '../mqtt-protocol.ts';
import { numberAt, objectAt, parseObject, textAt } from '../mqtt-values.ts';
import { createPlateFeed } from '../plate-camera/plate-feed.ts';
import { type PlateMessage, pulse, readAlarmInfo, vzenithFields } from './messages.ts';

export const vzenithMqttSchema = z.strictObject({
  ...vzenithFields,
  /** The camera's serial number, as its topics have it. */
  serial: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a serial number'),
  /** Seconds after which a camera that says nothing is away. */
  heartbeatWithin: z.int().min(5).max(600).default(40),
});
export type VzenithMqttParams = z.output<typeof vzenithMqttSchema>;

export interface VzenithReport extends MqttReport {
  readonly plate?: PlateMessage;
  readonly reply?: { readonly id: string; readonly code: number };
}

const up = (serial: string): string => `device/${serial}/message/up/`;
const down = (serial: string): string => `device/${serial}/message/down/`;

/** Undefined for what is no message of this camera. Never says a plate: that is personal. */
export function decodeVzenith(
  params: VzenithMqttParams,
  topic: string,
  payload: Uint8Array,
): VzenithReport | undefined {
  const json = parseObject(payload);
  if (!json) return undefined;
  if (topic === `${down(params.serial)}gpio_out/reply`) {
    const [id, code] = [textAt(json, 'id'), numberAt(json, 'code')];
    if (id === undefined || code === undefined) return undefined;
    return { meaning: `order answered with ${code}`, alive: true, reply: { id, code } };
  }
  if (!topic.startsWith(up(params.serial))) return undefined;
  const name = topic.slice(up(params.serial).length);
  if (name !== 'ivs_result') return /^[a-z_]{1,32}$/.test(name) ? { meaning: name, alive: true } : undefined;
  const content = objectAt(json, 'payload');
  const alarm = [content, objectAt(content, 'body'), json].map((at) => objectAt(at, 'AlarmInfoPlate'));
  const found = alarm.find((one) => Object.keys(one).length > 0);
  const plate = found && readAlarmInfo(found, { directions: params.directions, base64: true });
  return plate && { meaning: plate.replayed ? 'a plate of the past' : 'a plate', alive: true, plate };
}

/** The order to pulse an output. `timestamp` is in seconds: its unit is not stated, and it is not what expires an order. */
export const encodeOpen = (
  serial: string,
  order: { readonly id: string; readonly now: number; readonly io: number; readonly hold: number },
) => ({
  topic: `${down(serial)}gpio_out`,
  payload: JSON.stringify({
    id: order.id,
    sn: serial,
    name: 'gpio_out',
    version: '1.0',
    timestamp: Math.floor(order.now / 1_000),
    payload: { type: 'gpio_out', body: pulse(order.io, order.hold) },
  }),
});

function createVzenithMqttDriver(
  deviceId: string,
  params: VzenithMqttParams,
  { clock, log }: DriverEnvironment,
  channel: MqttChannel,
): Driver {
  const { serial } = params;
  const ledger = createCommandLedger({ clock });
  const device = createMqttDevice<VzenithReport>({
    deviceId,
    channel,
    clock,
    log,
    filters: [`${up(serial)}+`, `${down(serial)}gpio_out/reply`],
    decode: (topic, payload) => decodeVzenith(params, topic, payload),
    onReport: ({ plate }, retained) => {
      // Whatever a broker kept is of the past.
      if (plate) feed.take(retained ? { ...plate, replayed: true } : plate);
    },
    // There is no harmless question; it speaks by itself.
    probe: () => undefined,
    personal: true,
    answersWithin: seconds(params.heartbeatWithin),
    probeEvery: seconds(params.heartbeatWithin),
  });
  const feed = createPlateFeed({ deviceId, clock, log, onListenerError: device.onListenerError });
  const barrier: Barrier = {
    open: (command) =>
      ledger.run(command, (veto) => {
        const { hold, direction } = command.args;
        const io = params.outputs[direction];
        const message = encodeOpen(serial, { id: command.id, now: clock.now(), io, hold });
        return device.inTurn(() =>
          giveMqttOrder({ device, clock }, command, veto, {
            ...message,
            meaning: `pulse output ${io}`,
            take: ({ reply }) => {
              if (reply?.id !== command.id) return undefined;
              return reply.code === 200
                ? { confirmation: 'acknowledged', final: true }
                : { refused: `the camera answered ${reply.code}` };
            },
          }),
        );
      }),
  };
  return device.driver({ plateReader: { onPlate: feed.onPlate }, barrier });
}

/** Plate cameras of Vzenith (臻识) at the hub's broker. */
export const vzenithMqttProtocol: Protocol = mqttProtocol({
  name: 'vzenith-mqtt',
  params: vzenithMqttSchema,
  create: createVzenithMqttDriver,
});
