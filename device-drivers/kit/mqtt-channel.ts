import type { Cancel, DurationMs, Result } from '@hallhub/sync/base';

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker kept it for whoever comes later: it says what was, not what has just happened. Never obey it as a command. */
  readonly retained: boolean;
}

export interface PublishOptions {
  readonly retain?: boolean;
  readonly lives?: DurationMs;
}

export interface MqttChannelState {
  /** Publishing reaches the broker, and what is subscribed arrives. */
  readonly up: boolean;
  /** A late subscriber of a wildcard hears the last retained message of each topic. False on RabbitMQ. */
  readonly retainsMessages: boolean;
}

/**
 * A broker as the drivers of other people's MQTT devices (Tasmota, Shelly, Zigbee2MQTT) and the announcements towards Home
 * Assistant see it: whole messages by topic, whichever broker it is. Delivery is at least once, and nothing is stored here
 * while it is down. Subscriptions outlive reconnects.
 *
 * A message is handed once to each subscription that it matches; overlapping filters of two drivers are allowed.
 */
export interface MqttChannel {
  /** What an operator would call it: `embedded broker`, `mqtt://10.0.0.5:1883`. */
  readonly name: string;
  readonly state: MqttChannelState;
  /**
   * Settles when the broker has taken the message (QoS 1). A broker that speaks MQTT 5 drops it when it could not hand it on
   * within `lives`; others do not know how.
   *
   * Errors: `E-DEV-0102` when the channel is down, `E-DEV-0103` when it broke before the broker answered.
   * @throws {RangeError} when an order ({@link isCommandTopic}) is to be retained.
   */
  publish(topic: string, payload: Uint8Array, options?: PublishOptions): Promise<Result<void>>;
  /** `filter` may hold `+` and `#` (MQTT 3.1.1, 4.7). The listener must not keep `payload` after it returns. */
  subscribe(filter: string, listener: (message: MqttMessage) => void): Cancel;
  /** Called on each change, not for the present state. */
  onState(listener: (state: MqttChannelState) => void): Cancel;
}

/**
 * Where an order stands in the conventions spoken here: Tasmota's `cmnd/…`, `…/set` and `…/get` of Zigbee2MQTT, Homie and
 * Home Assistant, `…/rpc` and `…/command` of Shelly, requests to Zigbee2MQTT's bridge, `…/message/down/…` of cameras. Nothing there is ever retained: a
 * broker that keeps "open" opens again after every restart.
 */
export const isCommandTopic = (topic: string): boolean =>
  topic.startsWith('cmnd/') || /\/(set|get|rpc|command)(\/|$)|\/bridge\/request\/|\/message\/down\//.test(topic);
