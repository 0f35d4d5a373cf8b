import type { AgentHost, DeviceDefinition, HostedDevice } from '@hallhub/device-drivers/agent';
import { lineName } from '@hallhub/device-drivers/agent';
import type { ClockReading, CommandMessage, Hello } from '@hallhub/device-drivers/agent/station';
import {
  LIVE_FOR,
  commandBegun,
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
import { listenerName, longestOf, shapeOf } from '@hallhub/device-drivers/capabilities';
import type { Command, DeviceHealth, DeviceLog, Emitter, Receipt, Traffic } from '@hallhub/device-drivers/kit';
import { createCommandLedger, createEmitter } from '@hallhub/device-drivers/kit';
import { MESSAGE_LIMIT } from '@hallhub/sync/adapters/pipe';
import type { Cancel, Clock, DurationMs, Failure, Result } from '@hallhub/sync/base';
import { err, failure, ms, ok, seconds } from '@hallhub/sync/base';
import type { CloudEvent } from '@hallhub/sync/contract';
import type { Db } from '@hallhub/sync/sqlite';
import { afterCommit, onRollback } from '@hallhub/sync/sqlite';

import type { AgentClock } from './agent-clock.ts';
import type { Handover } from './handover.ts';
import { shifted } from './in-hub-time.ts';
import type { LastWords } from './last-words.ts';
import { createLastWords } from './last-words.ts';
import { createRecentIds } from './recent-ids.ts';

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
  ask(
    agent: string,
    method: 'call' | 'traffic',
    params: Readonly<Record<string, unknown>>,
    within?: DurationMs,
  ): Promise<Result<unknown>>;
}

/**
 * The devices of all agents, behind the same port as those that are plugged into the hub. Commands go out again and
 * again, with one id, until word of them has come or they have expired; the agent does each once. One that was begun in time
 * is waited for as long as such a thing takes.
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
   * transaction that ends the event's waiting.
   */
  onReceipt(
    listener: (event: { readonly deviceId: string; readonly commandId: string; readonly receipt: Receipt }) => void,
  ): Cancel;
  /** Why an event of an agent's outbox cannot be taken; it has no effect yet. Events are in the hub's time. */
  refusal(agent: string, event: CloudEvent): Failure | undefined;
  /**
   * Tells whoever listens of an event that was taken, inside the transaction that ends its waiting: listeners write what it
   * means there, and what must not be taken back follows the commit.
   *
   * @throws what a listener threw: the event has not had its effects.
   */
  apply(agent: string, event: CloudEvent): Failure | undefined;
}

/** A command of which nothing is heard is sent again after the first of these, and after twice as long each time up to the other. */
const REPEAT_FIRST = ms(1_000);
const REPEAT_MOST = seconds(30);
/** Word of a command may come so much later than its expiry, or than the longest that it may take. */
const GRACE = seconds(2);

/** A call with bytes so long has them fetched: in base64 they would fill most of a message. */
const LONG_BYTES = 96 * 1024;
/** So long an agent may take to fetch such bytes and to do with them what it is to do. */
const HANDOVER_WITHIN = seconds(60);

/** The arguments with long bytes replaced by where to fetch them, and what ends the offer with the call's answer. */
function handingOver(
  handover: Handover | undefined,
  agent: string,
  args: readonly unknown[],
): { readonly sent: readonly unknown[]; readonly close: (answer: Result<unknown>) => Result<unknown> } {
  const isLong = (arg: unknown): arg is Uint8Array => arg instanceof Uint8Array && arg.length > LONG_BYTES;
  if (!handover || !args.some(isLong)) return { sent: args, close: (answer) => answer };
  const tokens: string[] = [];
  const sent = args.map((arg) => {
    if (!isLong(arg)) return arg;
    const offer = handover.offer(agent, arg);
    tokens.push(offer.token);
    return { $fetch: offer };
  });
  return {
    sent,
    close: (answer) => {
      const whole = tokens.map((token) => handover.close(token)).every((how) => how === 'maybe-whole');
      // It may have begun with them, ended, and been asked again by a pipe that repeats: then its word is not enough.
      const doubtful = !answer.ok && answer.error.code === 'E-AGENT-0106' && whole;
      return doubtful ? failure('E-AGENT-0107', agent) : answer;
    },
  };
}

/** A command that was sent and has not ended. */
interface Pending {
  begun(): void;
  settle(receipt: Receipt): void;
}

/** So much may an agent's idea of the hub's time be wrong. */
const CLOCK_SLACK = seconds(10);

interface Member {
  device: RemoteDevice;
  health: DeviceHealth;
  /** Of every capability that it ever had: what comes back is the same object with the same listeners. */
  readonly standIns: Map<CapabilityName, { readonly methods: object; readonly events: Map<string, Emitter<unknown>> }>;
}

export function createRemoteHost(deps: {
  readonly pipe: AgentPipe;
  readonly agentClock: (agent: string) => Pick<AgentClock, 'toHub'>;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly db: Db;
  /** Where agents fetch what is too long for a message; without it such calls fail. */
  readonly handover?: Handover;
}): RemoteHost {
  const { pipe, clock, log, db } = deps;
  let thrown: Error[] = [];
  const onListenerError = (error: unknown): void => {
    log.error({ error }, 'a listener of a device on an agent failed');
    thrown.push(error instanceof Error ? error : new Error(String(error)));
  };
  const healthSeen = createEmitter<{ deviceId: string; health: DeviceHealth }>(onListenerError);
  const trafficSeen = createEmitter<{ deviceId: string; traffic: Traffic }>(onListenerError);
  const ledger = createCommandLedger({ clock });
  const receiptSeen = createEmitter<{ deviceId: string; commandId: string; receipt: Receipt }>(onListenerError);
  const liveSeen = createRecentIds({ clock, window: ms(2 * (LIVE_FOR + CLOCK_SLACK)), most: 10_000 });
  /** By device and command, so that no agent settles what another was told. */
  const waiting = new Map<string, Pending>();

  const setHealth = (member: Member, health: DeviceHealth): void => {
    const before = member.health;
    member.health = health;
    onRollback(db, () => {
      member.health = before;
    });
    if (before.state !== health.state || before.reason?.code !== health.reason?.code) {
      healthSeen.emit({ deviceId: member.device.definition.id, health });
    }
  };
  const words = new Map<string, LastWords>();
  const wordsOf = (agent: string): LastWords => {
    const known = words.get(agent) ?? createLastWords();
    words.set(agent, known);
    return known;
  };
  /** An old story told late must not say that a device is well whose agent is away; what comes before its agent does is kept for then. */
  const hearHealth = (member: Member, reading: ClockReading, health: DeviceHealth): void => {
    const { agent, definition } = member.device;
    if (wordsOf(agent).hear(definition.id, reading, health) && pipe.connected(agent)) setHealth(member, health);
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
      // A broker outside ends the connection of who sends more than it takes: the hub's own, with all of its agents on it.
      if (payload.length > MESSAGE_LIMIT) {
        resolve(failure('E-AGENT-0105', `${payload.length} bytes for ${agent}`));
        return;
      }
      // Its life was known when it was issued; the wall clock may have been set back since.
      const left = ms(Math.max(0, Math.min(expiresAt - clock.now(), expiresAt - issuedAt)));
      const deadline = clock.monotonic() + left;
      let cancelRepeat: Cancel | undefined;
      const repeat = (pause: DurationMs): void => {
        if (clock.monotonic() >= deadline) return;
        pipe.command(agent, payload);
        cancelRepeat = clock.after(pause, () => {
          repeat(ms(Math.min(2 * pause, REPEAT_MOST)));
        });
      };
      const giveUpAfter = (patience: DurationMs): Cancel =>
        clock.after(ms(patience + GRACE), () => {
          settle(failure('E-DEV-0202', `no receipt from ${agent}`));
        });
      // Expired, it is not begun any more; begun, it has the time that such a thing takes.
      let giveUp = giveUpAfter(left);
      const begun = (): void => {
        cancelRepeat?.();
        giveUp();
        giveUp = giveUpAfter(longestOf(capability, name));
      };
      const settle = (receipt: Receipt): void => {
        cancelRepeat?.();
        giveUp();
        waiting.delete(`${definition.id}/${id}`);
        resolve(receipt);
      };
      waiting.set(`${definition.id}/${id}`, { begun, settle });
      repeat(REPEAT_FIRST);
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
        const { sent, close } = handingOver(deps.handover, agent, args);
        const params = { device: definition.id, capability: name, name: call, args: toWire(sent) };
        const answer = close(await pipe.ask(agent, 'call', params, sent === args ? undefined : HANDOVER_WITHIN));
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
    const moved: Member[] = [];
    for (const device of devices) {
      const { agent, definition } = device;
      const { id } = definition;
      const member: Member = members.get(id) ?? {
        device,
        health: { state: 'starting', since: clock.now() },
        standIns: new Map(),
      };
      if (member.device.agent !== agent) moved.push(member);
      member.device = device;
      for (const name of device.capabilities) standIn(member, name);
      next.set(id, member);
    }
    members = next;
    devicesChanged.emit(undefined);
    // What was known of it is the word of the agent that had it.
    for (const member of moved) {
      const here = pipe.connected(member.device.agent);
      setHealth(member, here ? { state: 'starting', since: clock.now() } : away());
    }
  };
  const ownOf = (agent: string, deviceId: string): Member | undefined => {
    const member = members.get(deviceId);
    return member?.device.agent === agent ? member : undefined;
  };
  /**
   * How an event is handed to whoever listens; undefined where it is none of this device's. What it could until a moment ago
   * counts: its agent hears of other profiles later than the hub, and its outbox may have waited.
   */
  const telling = (
    member: Member,
    capability: CapabilityName,
    event: string,
    raw: unknown,
  ): (() => void) | undefined => {
    const emitter = member.standIns.get(capability)?.events.get(event);
    const shape = shapeOf(capability).events[event];
    const data = shape?.data.safeParse(withOurMonotonic(raw, clock.monotonic()));
    if (!emitter || data?.success !== true) return undefined;
    return () => {
      emitter.emit(data.data);
    };
  };

  /** What an event of an agent's outbox means here, or why it means nothing. */
  const understand = (agent: string, { type, subject, data }: CloudEvent): Result<() => void> => {
    const member = ownOf(agent, subject);
    switch (type) {
      case commandBegun.type: {
        const begun = commandBegun.schema.safeParse(data);
        if (!begun.success) return failure('E-AGENT-0102', type);
        if (!member) return failure('E-AGENT-0101', subject);
        return ok(() => {
          afterCommit(db, () => waiting.get(`${subject}/${begun.data.command}`)?.begun());
        });
      }
      case commandSettled.type: {
        const settled = commandSettled.schema.safeParse(data);
        if (!settled.success) return failure('E-AGENT-0102', type);
        if (!member) return failure('E-AGENT-0101', subject);
        const { command, confirmation, failure: reason } = settled.data;
        const receipt: Receipt = confirmation
          ? ok({ commandId: command, confirmation, at: clock.now() })
          : err((reason ?? { code: 'E-AGENT-0102' }) as Failure);
        return ok(() => {
          receiptSeen.emit({ deviceId: subject, commandId: command, receipt });
          afterCommit(db, () => waiting.get(`${subject}/${command}`)?.settle(receipt));
        });
      }
      case healthChanged.type: {
        const changed = healthChanged.schema.safeParse(data);
        if (!changed.success) return failure('E-AGENT-0102', type);
        if (!member) return failure('E-AGENT-0101', subject);
        return ok(() => {
          const { clock: reading, health } = changed.data;
          hearHealth(member, reading, health as DeviceHealth);
        });
      }
      case deviceReported.type: {
        const reported = deviceReported.schema.safeParse(data);
        if (!reported.success) return failure('E-AGENT-0102', type);
        // It may have been taken away from this agent while the event was on its way.
        if (!member) return failure('E-AGENT-0101', subject);
        const { capability, event, data: raw } = reported.data;
        const tell = telling(member, capability, event, fromWire(raw));
        return tell ? ok(tell) : failure('E-AGENT-0102', `${capability}.${event}`);
      }
      default:
        // Of an agent that is newer than its hub: kept there among the dead letters until the hub has caught up.
        return failure('E-AGENT-0102', type);
    }
  };

  return {
    start: () => undefined,
    stop: () => {
      for (const pending of [...waiting.values()]) pending.settle(failure('E-DEV-0206', 'the hub stops'));
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
      if (!connected) wordsOf(agent).lapse();
      for (const [id, member] of members) {
        if (member.device.agent !== agent) continue;
        const said = wordsOf(agent).of(id);
        if (!connected) setHealth(member, away());
        else if (said) setHealth(member, said);
      }
    },
    hello: (agent, { devices, clock: reading }) => {
      wordsOf(agent).greets(reading);
      for (const { id, health } of devices) {
        const member = ownOf(agent, id);
        if (member) hearHealth(member, reading, health as DeviceHealth);
      }
    },
    live: (agent, payload) => {
      const message = liveMessageSchema.safeParse(decodeMessage(payload));
      if (!message.success) return;
      const { id, device, capability, event, data, clock: reading, expiresAt } = message.data;
      const left = expiresAt - clock.now();
      // One that would live longer than any does is not believed: its agent's idea of the time is no good.
      if (left <= 0 || left > LIVE_FOR + CLOCK_SLACK) return;
      // The pipe may double a message, and a card that was shown once must not count twice.
      if (!liveSeen.add(`${agent}/${id}`)) return;
      const member = ownOf(agent, device);
      const ahead = reading.at - deps.agentClock(agent).toHub(reading);
      const tell = member && telling(member, capability, event, shifted(data, ahead));
      if (tell) tell();
      else log.warn({ agent, device, capability, event }, 'an agent reported what it cannot know');
    },
    refusal: (agent, event) => {
      const understood = understand(agent, event);
      return understood.ok ? undefined : understood.error;
    },
    apply: (agent, event) => {
      const understood = understand(agent, event);
      if (!understood.ok) return understood.error;
      thrown = [];
      understood.value();
      const [first] = thrown;
      if (first) throw first;
      return undefined;
    },
  };
}

/** Another machine's monotonic instants mean nothing here and become `mono`. */
const withOurMonotonic = (raw: unknown, mono: number): unknown =>
  typeof raw === 'object' && raw !== null && 'lastByteAt' in raw ? { ...raw, lastByteAt: mono } : raw;
