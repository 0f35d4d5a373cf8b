import type { ClockOrigin, Failure, MonoMs, Result } from '@hallhub/sync/base';
import type { CapabilityName } from '../../capabilities/index.ts';
import type {
  BusDefinition,
  DeviceHealth,
  HttpAnswer,
  HttpDoor,
  HttpReport,
  MqttChannelState,
  OrderLife,
  PublishOptions,
  ReconnectPolicy,
  Traffic,
} from '../../kit/index.ts';

/** What a bus's worker is born with. */
export interface Birth {
  readonly protocol: { readonly name: string; readonly module: string };
  readonly bus: BusDefinition;
  readonly lineName: string;
  readonly reconnect?: ReconnectPolicy;
  /** When the host's clock started, so that both threads read the same monotonic time. */
  readonly clockOrigin: ClockOrigin;
  /** The broker's name and state, where the host has one. */
  readonly mqtt?: { readonly name: string; readonly state: MqttChannelState };
}

/** From the host to the worker. Devices are named by their place on the bus. */
export type ToWorker =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'ping' }
  | {
      readonly type: 'call';
      readonly id: number;
      readonly device: number;
      readonly capability: CapabilityName;
      readonly method: string;
      readonly args: readonly unknown[];
    }
  | { readonly type: 'line-data'; readonly bytes: Uint8Array }
  | { readonly type: 'line-down'; readonly reason: Failure }
  | { readonly type: 'settled'; readonly id: number; readonly result: Result<void> }
  | { readonly type: 'mqtt-state'; readonly state: MqttChannelState }
  | {
      readonly type: 'mqtt-message';
      readonly subscription: number;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly retained: boolean;
    }
  | { readonly type: 'inbox-report'; readonly door: number; readonly exchange: number; readonly report: HttpReport };

/** From the worker to the host. */
export type FromWorker =
  | { readonly type: 'built'; readonly capabilities: readonly (readonly CapabilityName[])[] }
  | { readonly type: 'unfit'; readonly reason: Failure }
  | { readonly type: 'stopped' }
  | { readonly type: 'pong' }
  | { readonly type: 'health'; readonly device: number; readonly health: DeviceHealth }
  | { readonly type: 'traffic'; readonly device: number; readonly traffic: Traffic }
  | {
      readonly type: 'event';
      readonly device: number;
      readonly capability: CapabilityName;
      readonly event: string;
      readonly data: unknown;
    }
  | { readonly type: 'result'; readonly id: number; readonly result: Result<unknown> }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly fields: object;
      readonly text: string;
    }
  | { readonly type: 'line-open'; readonly id: number }
  | { readonly type: 'line-write'; readonly id: number; readonly bytes: Uint8Array; readonly order?: OrderLife }
  | { readonly type: 'line-close'; readonly id: number; readonly drop: boolean }
  | {
      readonly type: 'mqtt-publish';
      readonly id: number;
      readonly topic: string;
      readonly payload: Uint8Array;
      readonly options: PublishOptions;
      /** When what it `lives` is over. */
      readonly until?: MonoMs;
    }
  | { readonly type: 'mqtt-subscribe'; readonly subscription: number; readonly filter: string }
  | { readonly type: 'mqtt-unsubscribe'; readonly subscription: number }
  | { readonly type: 'inbox-listen'; readonly id: number; readonly door: number; readonly at: HttpDoor }
  | { readonly type: 'inbox-leave'; readonly door: number }
  | {
      readonly type: 'inbox-answer';
      readonly id: number;
      readonly exchange: number;
      readonly answer: HttpAnswer;
      readonly order?: OrderLife;
    };
