import type { AgentHost, DeviceDefinition, HostedDevice } from '@hallhub/device-drivers/agent';
import { lineName } from '@hallhub/device-drivers/agent';
import type { CommandMessage, Hello } from '@hallhub/device-drivers/agent/station';
import {
  commandSettled,
  decodeMessage,
  deviceReported,
  encodeMessage,
  fromWire,
  healthChanged,
  liveMessageSchema,
  toWire,
} from '@hallhub/device-drivers/agent/station';
import type { CapabilityMap, CapabilityName } from '@hallhub/device-drivers/capabilities';
import { listenerName, shapeOf } from '@hallhub/device-drivers/capabilities';
import type { Command, DeviceHealth, DeviceLog, Emitter, Receipt, Traffic } from '@hallhub/device-drivers/kit';
import { createCommandLedger, createEmitter } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, Failure, Result } from '@hallhub/sync/base';
import { err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { CloudEvent } from '@hallhub/sync/contract';

/** A device that hangs on an agent, as the configuration and its profile have it. */
export interface RemoteDevice {
  readonly agent: string;
  readonly definition: DeviceDefinition;
  readonly capabilities: readonly CapabilityName[];
}

/** How the hub reaches an agent. All of it may be lost on the way. */
export interface AgentPipe {
  connected(agent: string): boolean;
  command(agent: string, payload: Uint8Array): void;
  ask(agent: string, method: 'call' | 'traffic', params: Readonly<Record<string, unknown>>): Promise<Result<unknown>>;
}

/**
 * The devices of all agents, behind the same port as those that are plugged into the hub. Commands go out again and
 * again, with one id, until their receipt has come or they have expired; the agent does each once.
 */
export interface RemoteHost extends AgentHost {
  /** Takes over what hangs on agents now. Who holds a capability that stays goes on holding it. */
  assign(devices: readonly RemoteDevice[]): void;
  /** The last frames, asked of the agent. Error: `E-AGENT-0103`. */
  askTraffic(deviceId: string): Promise<Result<readonly Traffic[]>>;
  /** Whether a device of this id hangs on an agent. */
  has(deviceId: string): boolean;
  connection(agent: string, connected: boolean): void;
  hello(agent: string, hello: Hello): void;
  /** What a device reports now. Anything else than a fresh event of one of the agent's own devices is dropped. */
  live(agent: string, payload: Uint8Array): void;
  /**
   * What an agent says became of a command, however late: also when nobody here waits for it any more. Called inside the
   * transaction that counts the message.
   */
  onReceipt(
    listener: (event: { readonly deviceId: string; readonly commandId: string; readonly receipt: Receipt }) => void,
  ): Cancel;
  /** Takes an event of an agent's outbox, inside the transaction that counts it. The failure rejects it. */
  take(agent: string, event: CloudEvent): Failure | undefined;
}

/** A command whose receipt has not come is sent again after this. */
const REPEAT = ms(1_000);
/** A receipt may come so much later than the command's expiry. */
const GRACE = seconds(2);

interface Member {
  device: RemoteDevice;
  health: DeviceHealth;
  /** Of every capability that it ever had: what comes back is the same object with the same listeners. */
  readonly standIns: Map<CapabilityName, { readonly methods: object; readonly events: Map<string, Emitter<unknown>> }>;
}

export function createRemoteHost(deps: {
  readonly pipe: AgentPipe;
  /** An agent's clock minus the hub's, in milliseconds; 0 while it is not known. */
  readonly clockOffset: (agent: string) => number;
  readonly clock: Clock;
  readonly log: DeviceLog;
}): RemoteHost {
  const { pipe, clock, log } = deps;
  const onListenerError = (error: unknown): void => {
    log.error({ error }, 'a listener of a device on an agent failed');
  };
  const healthSeen = createEmitter<{ deviceId: string; health: DeviceHealth }>(onListenerError);
  const trafficSeen = createEmitter<{ deviceId: string; traffic: Traffic }>(onListenerError);
  const ledger = createCommandLedger({ clock });
  const receiptSeen = createEmitter<{ deviceId: string; commandId: string; receipt: Receipt }>(onListenerError);
  /** By device and command, so that no agent settles what another was told. */
  const waiting = new Map<string, (receipt: Receipt) => void>();

  const setHealth = (member: Member, health: DeviceHealth): void => {
    const before = member.health;
    member.health = health;
    if (before.state !== health.state || before.reason?.code !== health.reason?.code) {
      healthSeen.emit({ deviceId: member.device.definition.id, health });
    }
  };
  const away = (): DeviceHealth => ({ state: 'down', since: clock.now(), reason: { code: 'E-AGENT-0103' } });

  /** The device where it hangs now; undefined once it, or this capability of it, was taken away. */
  const deviceWith = (member: Member, capability: CapabilityName): RemoteDevice | undefined => {
    const { device } = member;
    return members.get(device.definition.id) === member && device.capabilities.includes(capability)
      ? device
      : undefined;
  };
  const send = (member: Member, capability: CapabilityName, command: Command) =>
    new Promise<Receipt>((resolve) => {
      const device = deviceWith(member, capability);
      if (!device) {
        resolve(failure('E-DEV-0203', `no ${capability} any more`));
        return;
      }
      const { agent, definition } = device;
      if (!pipe.connected(agent)) {
        resolve(failure('E-AGENT-0103', agent));
        return;
      }
      const { id, name, args, issuedAt, expiresAt, issuedBy } = command;
      const message: CommandMessage = {
        id,
        device: definition.id,
        capability,
        name,
        args,
        issuedAt,
        expiresAt,
        issuedBy,
      };
      const payload = encodeMessage(message);
      let cancelRepeat: Cancel | undefined;
      const repeat = (): void => {
        if (clock.now() >= expiresAt) return;
        pipe.command(agent, payload);
        cancelRepeat = clock.after(REPEAT, repeat);
      };
      const cancelExpiry = clock.after(ms(Math.max(0, expiresAt - clock.now()) + GRACE), () => {
        settle(failure('E-DEV-0202', `no receipt from ${agent}`));
      });
      const settle = (receipt: Receipt): void => {
        cancelRepeat?.();
        cancelExpiry();
        waiting.delete(`${definition.id}/${id}`);
        resolve(receipt);
      };
      waiting.set(`${definition.id}/${id}`, settle);
      repeat();
    });

  const standIn = (member: Member, name: CapabilityName): object => {
    const known = member.standIns.get(name);
    if (known) return known.methods;
    const { commands, calls, events } = shapeOf(name);
    const methods: Record<string, unknown> = {};
    const emitters = new Map<string, Emitter<unknown>>();
    for (const command of Object.keys(commands)) {
      methods[command] = (given: Command) =>
        ledger.run(given, async (veto) => {
          const refusal = veto();
          return refusal ? err(refusal) : send(member, name, given);
        });
    }
    for (const call of Object.keys(calls)) {
      methods[call] = async (...args: readonly unknown[]): Promise<Result<unknown>> => {
        const device = deviceWith(member, name);
        if (!device) return failure('E-DEV-0203', `no ${name} any more`);
        const { agent, definition } = device;
        const answer = await pipe.ask(agent, 'call', {
          device: definition.id,
          capability: name,
          name: call,
          args: toWire(args),
        });
        if (!answer.ok) return answer;
        const value = calls[call]?.result.safeParse(fromWire(answer.value));
        return value?.success === true ? ok(value.data) : failure('E-AGENT-0102', `${name}.${call}`);
      };
    }
    for (const event of Object.keys(events)) {
      const emitter = createEmitter<unknown>(onListenerError);
      emitters.set(event, emitter);
      methods[listenerName(event)] = emitter.on;
    }
    member.standIns.set(name, { methods, events: emitters });
    return methods;
  };

  let members = new Map<string, Member>();
  const devicesChanged = createEmitter<undefined>(onListenerError);
  const assign: RemoteHost['assign'] = (devices) => {
    const next = new Map<string, Member>();
    for (const device of devices) {
      const { id } = device.definition;
      const member: Member = members.get(id) ?? {
        device,
        health: { state: 'starting', since: clock.now() },
        standIns: new Map(),
      };
      member.device = device;
      for (const name of device.capabilities) standIn(member, name);
      next.set(id, member);
    }
    members = next;
    devicesChanged.emit(undefined);
  };
  const ownOf = (agent: string, deviceId: string): Member | undefined => {
    const member = members.get(deviceId);
    return member?.device.agent === agent ? member : undefined;
  };
  /**
   * Hands an event to whoever listens; false where it is none of this device's. What it could until a moment ago counts: its
   * agent hears of other profiles later than the hub, and its outbox may have waited.
   */
  const emit = (member: Member, capability: CapabilityName, event: string, raw: unknown): boolean => {
    const emitter = member.standIns.get(capability)?.events.get(event);
    const shape = shapeOf(capability).events[event];
    const data = shape?.data.safeParse(inOurTime(raw, deps.clockOffset(member.device.agent), clock.monotonic()));
    if (!emitter || data?.success !== true) return false;
    emitter.emit(data.data);
    return true;
  };

  return {
    start: () => undefined,
    stop: () => {
      for (const settle of [...waiting.values()]) settle(failure('E-DEV-0206', 'the hub stops'));
      return Promise.resolve();
    },
    devices: (): readonly HostedDevice[] =>
      [...members.values()].map(({ device, health }) => ({
        id: device.definition.id,
        profile: device.definition.profile,
        line: `${device.agent}: ${lineName(device.definition.transport)}`,
        capabilities: device.capabilities,
        health,
      })),
    has: (deviceId) => members.has(deviceId),
    capability: <N extends CapabilityName>(deviceId: string, name: N): CapabilityMap[N] | undefined => {
      const member = members.get(deviceId);
      return member && deviceWith(member, name) && (standIn(member, name) as CapabilityMap[N]);
    },
    health: (deviceId) => members.get(deviceId)?.health,
    traffic: () => [],
    onHealth: healthSeen.on,
    onTraffic: trafficSeen.on,
    onDevices: devicesChanged.on,
    assign,
    onReceipt: receiptSeen.on,
    askTraffic: async (deviceId) => {
      const member = members.get(deviceId);
      if (!member) return failure('E-AGENT-0101', deviceId);
      const answer = await pipe.ask(member.device.agent, 'traffic', { device: deviceId });
      return answer.ok ? ok(fromWire(answer.value) as readonly Traffic[]) : answer;
    },
    connection: (agent, connected) => {
      if (connected) return;
      for (const member of members.values()) if (member.device.agent === agent) setHealth(member, away());
    },
    hello: (agent, { devices }) => {
      for (const { id, health } of devices) {
        const member = ownOf(agent, id);
        if (member) setHealth(member, health as DeviceHealth);
      }
    },
    live: (agent, payload) => {
      const message = liveMessageSchema.safeParse(decodeMessage(payload));
      if (!message.success || clock.now() >= message.data.expiresAt) return;
      const { device, capability, event, data } = message.data;
      const member = ownOf(agent, device);
      if (!member || !emit(member, capability, event, data)) {
        log.warn({ agent, device, capability, event }, 'an agent reported what it cannot know');
      }
    },
    take: (agent, { type, subject, data }) => {
      if (type === commandSettled.type) {
        const settled = commandSettled.schema.safeParse(data);
        if (!settled.success) return { code: 'E-AGENT-0102', detail: type };
        const { command, confirmation, failure: reason } = settled.data;
        if (!ownOf(agent, subject)) return { code: 'E-AGENT-0101', detail: subject };
        const receipt: Receipt = confirmation
          ? ok({ commandId: command, confirmation, at: clock.now() })
          : err((reason ?? { code: 'E-AGENT-0102' }) as Failure);
        receiptSeen.emit({ deviceId: subject, commandId: command, receipt });
        waiting.get(`${subject}/${command}`)?.(receipt);
        return undefined;
      }
      // Of an agent that is newer than its hub: kept there among the dead letters until the hub has caught up.
      if (type !== deviceReported.type && type !== healthChanged.type) return { code: 'E-AGENT-0102', detail: type };
      const member = ownOf(agent, subject);
      // It may have been taken away from this agent while the event was on its way.
      if (!member) return { code: 'E-AGENT-0101', detail: subject };
      if (type === healthChanged.type) {
        const changed = healthChanged.schema.safeParse(data);
        if (!changed.success) return { code: 'E-AGENT-0102', detail: type };
        // An old story told late must not say that a device is well whose agent is away.
        if (pipe.connected(agent)) setHealth(member, changed.data.health as DeviceHealth);
        return undefined;
      }
      const reported = deviceReported.schema.safeParse(data);
      if (!reported.success) return { code: 'E-AGENT-0102', detail: type };
      const { capability, event, data: raw } = reported.data;
      return emit(member, capability, event, fromWire(raw))
        ? undefined
        : { code: 'E-AGENT-0102', detail: `${capability}.${event}` };
    },
  };
}

/** What another machine says, in the hub's time; its monotonic instants mean nothing here and become `mono`. */
function inOurTime(raw: unknown, offset: number, mono: number): unknown {
  if (typeof raw !== 'object' || raw === null) return raw;
  return {
    ...raw,
    ...('at' in raw && typeof raw.at === 'number' && { at: raw.at - offset }),
    ...('lastByteAt' in raw && { lastByteAt: mono }),
  };
}
