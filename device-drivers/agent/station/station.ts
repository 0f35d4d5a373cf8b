import { MESSAGE_LIMIT, askedFeed, askedSink, createAsker } from '@hallhub/sync/adapters/pipe';
import {
  type Cancel,
  type Clock,
  type DurationMs,
  type RandomBytes,
  type Result,
  epochMs,
  failure,
  minutes,
  ms,
  ok,
  plus,
  seconds,
  uuidv7,
} from '@hallhub/sync/base';
import { defineKinds } from '@hallhub/sync/contract';
import { type OutboxStatus, createOutbox } from '@hallhub/sync/outbox';
import { type ReplicaStatus, createReplica } from '@hallhub/sync/replica';
import { type Db, type Sealer, sqliteOutboxStore, sqliteReplicaStore, transact } from '@hallhub/sync/sqlite';
import { type CapabilityName, listenerName, shapeOf } from '../../capabilities/index.ts';
import { type BundleKeys, openBundle, overlaid } from '@hallhub/firmware-profiles/bundle';
import { type ProfileCatalogue, builtInFiles } from '@hallhub/firmware-profiles/schema';
import type { DeviceLog } from '../../kit/index.ts';
import { followDevices } from '../follow.ts';
import type { AgentHost, AgentHostOptions, AssignableHost, DeviceDefinition } from '../types.ts';
import { createCommandInbox } from './command-inbox.ts';
import type { Connection } from './connection.ts';
import {
  type AgentDevice,
  type ClockReading,
  type Hello,
  LIVE_FOR,
  type LiveMessage,
  agentKindList,
  type agentKinds,
  deviceReported,
  healthChanged,
  helloAnswerSchema,
  hubAskSchema,
  topics,
} from './contract.ts';
import type { CrashLoop } from './crash-loop.ts';
import type { FetchImage } from './firmware-image.ts';
import { createHubTime } from './hub-time.ts';
import { createForwardingLog } from './log-forwarder.ts';
import type { CreatePart } from './part.ts';
import { createSheddingOutbox } from './shedding.ts';
import { createStationStore } from './store.ts';
import { decodeMessage, encodeMessage } from './wire.ts';

export interface StationOptions {
  readonly agent: string;
  readonly version: string;
  readonly connection: Connection;
  /** Opened and migrated: the schemas of station, replica and outbox. */
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
  /** Builds the host for the devices that the hub has assigned to this agent. */
  readonly createHost: (options: Pick<AgentHostOptions, 'devices' | 'log' | 'profiles'>) => AssignableHost;
  /** Whose bundles of profiles are believed. */
  readonly profileKeys: BundleKeys;
  readonly crashLoop: Pick<CrashLoop, 'safeMode' | 'stable' | 'leave'>;
  /** Fetches the images of devices that are fed by their drivers; without it those cannot be updated. */
  readonly fetchImage?: FetchImage;
  /** How many events may wait before the least important are shed. */
  readonly mostEvents?: number;
  /** The parts of domains that run here. */
  readonly parts?: readonly CreatePart[];
  /** The hub withdrew this agent: keys and data are to be destroyed. */
  readonly onWithdrawn: () => void;
  /** The hub wants a fresh start out of the safe mode. */
  readonly onRestart: () => void;
}

export interface StationStatus {
  readonly connected: boolean;
  readonly safeMode: string | undefined;
  readonly replica: ReplicaStatus;
  readonly outbox: OutboxStatus;
  /** The hub's time minus this machine's, in milliseconds; undefined while it was never heard. */
  readonly hubOffset: number | undefined;
  readonly clockTrusted: boolean;
}

/**
 * An agent without its process: the devices that the hub has assigned to it, and the link to the hub over a broker. It
 * goes on with what it knows when the hub cannot be reached, and reports when it can.
 */
export interface Station {
  start(): void;
  stop(): Promise<void>;
  status(): StationStatus;
  /** The devices' host; undefined before the first assignment and in safe mode. */
  readonly host: AgentHost | undefined;
  onChange(listener: () => void): Cancel;
}

/** What an agent says that uses the profiles of its program. */
const BUILT_IN = 'built-in';
const HELLO_EVERY = minutes(1);
/** A round trip so long tells the hub's time too loosely; it is asked again soon. */
const SLOW_HELLO = seconds(1);
const AFTER_SLOW_HELLO = seconds(2);
/** A clock that is further from the hub's than this is not believed. */
const CLOCK_TOLERANCE = minutes(2);
/** Changes of the assignment that come together are taken over at once. */
const REASSIGN_AFTER = ms(300);
/** So many of the last frames go up; what is larger than a message is refused. */
const MOST_FRAMES = 60;
/** A clock that ran on by more while the hub was not heard is not believed: nobody keeps a gate without its hub so long. */
const LONGEST_AWAY = ms(60 * 86_400_000);
const STABLE_AFTER = minutes(2);

export function createStation(options: StationOptions): Station {
  const { agent, connection, db, sealer, clock, random, crashLoop } = options;
  const { safeMode } = crashLoop;
  const forwarding = createForwardingLog({ log: options.log, clock, agent });
  const { log } = forwarding;
  const store = createStationStore({ db, sealer, newId: () => uuidv7(clock.now(), random) });
  const asker = createAsker({
    clock,
    random,
    send: (payload) => connection.send(topics.ask, payload),
  });
  const fault = (part: string) => (error: unknown) => {
    log.error({ part, error }, 'a part of the agent met an error and goes on');
  };
  const parts = (options.parts ?? []).map((create) =>
    create({
      append: (what, event) => {
        shedding.append(what, event);
      },
      clockReading: () => clockReading(),
      hubNow: () => hubTime.now(),
      pictureAge: () => pictureAge(),
      clockTrusted: () => clockTrusted(),
      connected: () => connection.up,
      sealer,
    }),
  );
  const replica = createReplica({
    source: askedFeed(asker),
    store: sqliteReplicaStore({ db, source: 'hub', sealer }),
    // Kinds of parts are handed on by their names before anything is narrowed.
    kinds: defineKinds([...agentKindList, ...parts.flatMap((part) => part.kinds)]) as typeof agentKinds,
    project: (change): Result<void> => {
      const part = parts.find(({ kinds }) => kinds.some(({ kind }) => kind === change.kind));
      if (part) return part.project(change) ?? ok();
      if (change.op === 'revoke') {
        if (change.kind === 'profile-bundle') store.removeProfiles();
        else store.removeDevice(change.id);
      } else if (change.kind === 'profile-bundle') {
        store.putProfiles(change.data.version, Buffer.from(change.data.bundle, 'base64'));
      } else store.putDevice(change.data);
      return ok();
    },
    applied: () => {
      reassignSoon();
      for (const part of parts) part.applied();
    },
    fault: fault('replica'),
    clock,
    random,
    tuning: { pageSize: 100 },
  });
  const outboxStore = sqliteOutboxStore({ db, name: 'hub', sealer });
  let identity = store.identity();
  const outbox = createOutbox({
    sink: askedSink(asker, {
      identity: () => ({ epoch: identity.epoch, store: identity.id }),
      clock: () => clockReading(),
    }),
    store: outboxStore,
    hub: agent,
    epoch: identity.epoch,
    clock,
    random,
    renew: () => {
      identity = transact(db, () => {
        const renewed = store.renew();
        outboxStore.adopt(renewed.epoch);
        return renewed;
      });
      log.warn(
        { store: identity.id },
        'the database of this agent was put back to an older state; it goes on as another',
      );
    },
    fault: fault('outbox'),
    tuning: { batchSize: 50 },
  });
  const shedding = createSheddingOutbox({
    db,
    store,
    outbox,
    clock,
    agent,
    ...(options.mostEvents !== undefined && { most: options.mostEvents }),
  });
  const hubTime = createHubTime(clock);
  const commands = createCommandInbox({
    db,
    store,
    outbox,
    clock,
    log,
    host: () => host,
    hubTime,
    ...(options.fetchImage && { fetchImage: options.fetchImage }),
  });

  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  let host: AssignableHost | undefined;
  let hosted = '';
  let profilesVersion = BUILT_IN;
  /** Of this process: after it the monotonic clock begins anew. */
  const run = uuidv7(clock.now(), random);
  const clockReading = (): ClockReading => ({ at: clock.now(), mono: clock.monotonic(), run });
  let startedAt = clock.now();
  let timers: Cancel[] = [];
  let leaveParts: Cancel[] = [];
  let undo: Cancel[] = [];
  let cancelReassign: Cancel | undefined;
  let cancelHello: Cancel | undefined;
  /** Whether the hub has answered since the connection came up. */
  let greeted = false;
  let stopping = new AbortController();
  /** One assignment at a time: a line must be closed before its successor opens it. */
  let assigning: Promise<void> = Promise.resolve();

  const reassignSoon = (): void => {
    cancelReassign ??= clock.after(REASSIGN_AFTER, () => {
      cancelReassign = undefined;
      assigning = assigning.then(assign).catch(fault('devices'));
    });
  };
  const assign = async (): Promise<void> => {
    if (safeMode !== undefined || stopping.signal.aborted) return;
    const devices = store.devices();
    const assigned = store.profiles();
    const wanted = JSON.stringify([devices, assigned?.version]);
    if (wanted === hosted && host) return;
    const profiles = profilesOf(assigned);
    const assignment = { devices: devices.map(toDefinition), ...(profiles && { profiles }) };
    if (host) await host.assign(assignment);
    else {
      host = options.createHost({ ...assignment, log });
      attend(host);
      host.start();
    }
    hosted = wanted;
    log.info({ devices: devices.length }, 'the devices of this agent are hosted');
    void sayHello();
    changed();
  };
  /** The assigned bundle over the program's own; what cannot be believed is left out, and said. */
  const profilesOf = (assigned: ReturnType<typeof store.profiles>): ProfileCatalogue | undefined => {
    profilesVersion = BUILT_IN;
    if (!assigned) return undefined;
    const opened = openBundle(assigned.bundle, options.profileKeys);
    const catalogue = opened.ok ? overlaid(builtInFiles(), opened.value) : opened;
    if (!catalogue.ok) {
      log.error({ version: assigned.version, ...catalogue.error }, 'a bundle of profiles is not used');
      return undefined;
    }
    profilesVersion = assigned.version;
    return catalogue.value;
  };
  const attend = (fresh: AgentHost): void => {
    leaveParts = parts.map((part) => part.attend(fresh));
    followDevices(fresh, () =>
      fresh.devices().flatMap(({ id, capabilities }) => capabilities.flatMap((name) => hear(fresh, id, name))),
    );
    fresh.onHealth(({ deviceId, health }) => {
      shedding.append('health', {
        type: healthChanged,
        subject: deviceId,
        data: { clock: clockReading(), health },
      });
      changed();
    });
  };
  /** Whatever a device reports goes up: at once and only now where it is personal or soon stale, else for certain. */
  const hear = (from: AgentHost, device: string, name: CapabilityName): readonly Cancel[] =>
    Object.entries(shapeOf(name).events).flatMap(([event, { personal, transient }]) => {
      const listen: unknown = Reflect.get(from.capability(device, name) ?? {}, listenerName(event));
      if (typeof listen !== 'function') return [];
      const report = (data: unknown): void => {
        if (personal === true && parts.some((part) => part.deals(device))) return;
        if (personal === true || transient === true) {
          const id = uuidv7(clock.now(), random);
          const expiresAt = plus(hubTime.earliest() ?? clock.now(), LIVE_FOR);
          const message: LiveMessage = { id, device, capability: name, event, data, clock: clockReading(), expiresAt };
          connection.send(topics.live, encodeMessage(message));
        } else {
          shedding.append('reports', {
            type: deviceReported,
            subject: device,
            data: { clock: clockReading(), capability: name, event, data },
          });
        }
      };
      return [(listen as (listener: (data: unknown) => void) => Cancel)(report)];
    });

  const hello = (): Hello => ({
    version: options.version,
    clock: clockReading(),
    startedAt,
    ...(safeMode !== undefined && { safeMode }),
    profiles: profilesVersion,
    pendingEvents: outbox.status().pending,
    devices: (host?.devices() ?? []).map(({ id, profile, line, capabilities, health }) => ({
      id,
      profile,
      line,
      capabilities: [...capabilities],
      health,
    })),
  });
  const endHello = (): void => {
    cancelHello?.();
    cancelHello = undefined;
  };
  const sayHello = async (): Promise<void> => {
    endHello();
    if (!connection.up) return;
    let next: DurationMs = greeted ? seconds(5) : ms(500);
    const asked = clock.monotonic();
    const before = hubTime.offset();
    const answer = await asker.ask('hello', hello(), {
      signal: stopping.signal,
      ...(!greeted && { within: ms(500) }),
    });
    const parsed = answer.ok ? helloAnswerSchema.safeParse(answer.value) : undefined;
    if (parsed?.success) {
      const roundTrip = clock.monotonic() - asked;
      hubTime.heard(epochMs(parsed.data.at), asked);
      if (!greeted) {
        // The hub hears since now: what was asked before may have found nobody at the broker, and would be waited for in vain.
        greeted = true;
        asker.cut();
        replica.wake();
        outbox.wake();
      }
      noteTimes(parsed.data.picture);
      const offset = hubTime.offset() ?? 0;
      // A machine that hung meanwhile has measured its own sleep.
      next = roundTrip > SLOW_HELLO ? AFTER_SLOW_HELLO : HELLO_EVERY;
      if (before === undefined && Math.abs(offset) > CLOCK_TOLERANCE) {
        log.warn({ offsetMs: Math.round(offset) }, 'this machine’s clock is far from the hub’s');
      }
      commands.forget();
      shedding.confess();
      changed();
    }
    if (!stopping.signal.aborted) {
      endHello();
      cancelHello = clock.after(next, () => void sayHello());
    }
  };

  /** What a restart without the hub must know: that time has not gone back, and how old the picture of the hall is by now. */
  const noteTimes = (hubsPicture: number | undefined): void => {
    const age = hubsPicture === undefined ? Infinity : Math.max(hubsPicture, replica.staleness());
    const now = clock.now();
    store.noteTimes(now, Number.isFinite(age) ? epochMs(Math.round(now - age)) : undefined);
  };
  const pictureAge = (): DurationMs | undefined => {
    const { pictureOf } = store.times();
    return pictureOf === null ? undefined : ms(Math.max(0, clock.now() - pictureOf));
  };
  const clockTrusted = (): boolean => {
    const offset = hubTime.offset();
    if (offset !== undefined) return Math.abs(offset) <= CLOCK_TOLERANCE;
    const { last } = store.times();
    const gone = last === null ? -1 : clock.now() - last;
    return gone >= 0 && gone <= LONGEST_AWAY;
  };

  const answerHub = async (payload: Uint8Array): Promise<void> => {
    const parsed = hubAskSchema.safeParse(decodeMessage(payload));
    if (!parsed.success) return;
    const { id, ...question } = parsed.data;
    const reply = (result: Result<unknown>): void => {
      const message = result.ok ? { id, value: result.value } : { id, error: { ...result.error, class: 'reject' } };
      const encoded = encodeMessage(message);
      const tooLarge = { id, error: { code: 'E-SYNC-0105', class: 'reject', detail: question.method } };
      connection.send(topics.agentAnswers, encoded.length > MESSAGE_LIMIT ? encodeMessage(tooLarge) : encoded);
    };
    switch (question.method) {
      case 'call': {
        const { device, capability, name, args } = question.params;
        const method: unknown = Reflect.get(host?.capability(device, capability) ?? {}, name);
        const isCall = Object.hasOwn(shapeOf(capability).calls, name);
        if (!isCall || typeof method !== 'function') {
          reply(failure('E-DEV-0203', `${device} has no ${capability}.${name}`));
          return;
        }
        reply(await (method as (...args: readonly unknown[]) => Promise<Result<unknown>>)(...args));
        return;
      }
      case 'traffic':
        reply(ok((host?.traffic(question.params.device) ?? []).slice(-MOST_FRAMES)));
        return;
      case 'part': {
        const { part: name, name: method, params } = question.params;
        const part = parts.find((candidate) => candidate.name === name);
        reply(part ? part.answer(method, params) : failure('E-AGENT-0102', name));
        return;
      }
      case 'leave-safe-mode':
        crashLoop.leave();
        reply(ok());
        if (safeMode !== undefined) options.onRestart();
        return;
      case 'withdraw':
        reply(ok());
        options.onWithdrawn();
    }
  };

  return {
    start: () => {
      startedAt = clock.now();
      stopping = new AbortController();
      forwarding.to(shedding);
      if (safeMode !== undefined) log.error({ safeMode }, 'safe mode: the devices of this agent are left alone');
      undo = [
        connection.onMessage(({ topic, payload }) => {
          if (topic === topics.answer) asker.receive(payload);
          else if (topic === topics.command) commands.receive(payload);
          else if (topic === topics.hubAsks) void answerHub(payload).catch(fault('questions'));
        }),
        connection.onUp((up) => {
          greeted = false;
          if (up) {
            replica.wake();
            outbox.wake();
            void sayHello();
          } else asker.cut();
          changed();
        }),
        connection.onRefused(() => {
          log.warn({}, 'the broker refuses this agent’s credentials');
        }),
      ];
      timers = [
        clock.after(STABLE_AFTER, () => {
          crashLoop.stable();
        }),
      ];
      commands.recover();
      // What the hub had assigned when it was last heard runs at once; the hub may be away.
      assigning = assigning.then(assign).catch(fault('devices'));
      replica.start();
      outbox.start();
      connection.start();
    },
    stop: async () => {
      stopping.abort();
      for (const cancel of [...timers, ...undo]) cancel();
      cancelReassign?.();
      cancelReassign = undefined;
      endHello();
      await assigning;
      for (const leave of leaveParts.splice(0)) leave();
      await host?.stop();
      await Promise.all([replica.stop(), outbox.stop()]);
      forwarding.stop();
      await connection.stop();
    },
    status: () => ({
      connected: connection.up,
      safeMode,
      replica: replica.status(),
      outbox: outbox.status(),
      hubOffset: hubTime.offset(),
      clockTrusted: clockTrusted(),
    }),
    get host() {
      return host;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The wire's shape of a device as the host takes it. */
const toDefinition = ({ id, profile, transport, params }: AgentDevice): DeviceDefinition => ({
  id,
  profile,
  transport,
  params,
});
