import { askedFeed, askedSink, createAsker } from '@hallhub/sync/adapters/pipe';
import { type Cancel, type RandomBytes, type Result, minutes, ok, uuidv7 } from '@hallhub/sync/base';
import { defineKinds } from '@hallhub/sync/contract';
import { type OutboxStatus, createOutbox } from '@hallhub/sync/outbox';
import { type ReplicaStatus, createReplica } from '@hallhub/sync/replica';
import { type Db, type Sealer, sqliteOutboxStore, sqliteReplicaStore, transact } from '@hallhub/sync/sqlite';
import type { BundleKeys } from '@hallhub/firmware-profiles/bundle';
import type { DeviceLog } from '../../kit/index.ts';
import type { SerialPortInfo, UsbDeviceInfo } from '../../transports/index.ts';
import type { AgentHost } from '../types.ts';
import { createCommandInbox } from './command-inbox.ts';
import type { Connection } from './connection.ts';
import {
  type ClockReading,
  type Hello,
  MOST_PORTS,
  agentKindList,
  briefHealth,
  type agentKinds,
  topics,
} from './contract.ts';
import type { CrashLoop } from './crash-loop.ts';
import type { FetchImage } from './firmware-image.ts';
import { createGreeting } from './greeting.ts';
import { type CreateHost, createHosting } from './hosting.ts';
import { createHubQuestions } from './hub-questions.ts';
import { createHubTime } from './hub-time.ts';
import { type StationClock, createKnownTimes } from './known-times.ts';
import { createForwardingLog } from './log-forwarder.ts';
import type { FetchBytes } from './fetched-bytes.ts';
import type { CreatePart } from './part.ts';
import { createStationProfiles } from './profiles.ts';
import { reportDevices } from './reports.ts';
import { createSheddingOutbox } from './shedding.ts';
import { createStationStore } from './store.ts';

export interface StationOptions {
  readonly agent: string;
  readonly version: string;
  readonly connection: Connection;
  /** Opened and migrated: the schemas of station, replica and outbox. */
  readonly db: Db;
  readonly sealer: Sealer;
  /** Of this machine; one that can be steered goes by the hub's time where it is wrong. */
  readonly clock: StationClock;
  readonly random: RandomBytes;
  readonly log: DeviceLog;
  readonly createHost: CreateHost;
  /** Whose bundles of profiles are believed until the hub names others. */
  readonly profileKeys: BundleKeys;
  /** Shared with the hub since the enrolment, and known to nobody between the two. */
  readonly secret: Uint8Array;
  /** The serial ports of this machine; none by default. */
  readonly serialPorts?: () => Promise<readonly SerialPortInfo[]>;
  /** The USB devices of this machine that drivers could speak to; none by default. */
  readonly usbDevices?: () => Promise<Result<readonly UsbDeviceInfo[]>>;
  readonly crashLoop: Pick<CrashLoop, 'safeMode' | 'stable' | 'leave'>;
  /** Fetches the images of devices that are fed by their drivers; without it those cannot be updated. */
  readonly fetchImage?: FetchImage;
  /** Fetches documents that are too long for a message; without it those are refused. */
  readonly fetchBytes?: FetchBytes;
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
      pictureAge: () => times.pictureAge(),
      clockTrusted: () => times.clockTrusted(),
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
        else if (change.kind === 'agent-device') store.removeDevice(change.id);
      } else if (change.kind === 'profile-keys') profiles.takeKeys(change.data);
      else if (change.kind === 'profile-bundle') {
        store.putProfiles(change.data.version, Buffer.from(change.data.bundle, 'base64'));
      } else store.putDevice(change.data);
      return ok();
    },
    applied: () => {
      hosting.assignSoon();
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
    host: () => hosting.host,
    hubTime,
    ...(options.fetchImage && { fetchImage: options.fetchImage }),
  });

  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  /** Of this process: after it the monotonic clock begins anew. */
  const run = uuidv7(clock.now(), random);
  const clockReading = (): ClockReading => ({ at: clock.now(), mono: clock.monotonic(), run });
  const times = createKnownTimes({ store, clock, hubTime, staleness: () => replica.staleness(), log });
  const profiles = createStationProfiles({ store, agent, secret: options.secret, keys: options.profileKeys, log });
  let leaveParts: readonly Cancel[] = [];
  const hosting = createHosting({
    store,
    profiles,
    clock,
    log,
    safeMode,
    createHost: options.createHost,
    attend: (host) => {
      leaveParts = parts.map((part) => part.attend(host));
      reportDevices({ host, parts, connection, outbox: shedding, hubTime, clockReading, clock, random });
      host.onHealth(changed);
    },
    onAssigned: () => {
      greeting.say();
      changed();
    },
    fault: fault('devices'),
  });
  let startedAt = clock.now();
  const greeting = createGreeting({
    connection,
    asker,
    hubTime,
    clock,
    log,
    hello: async () => {
      // Looking for ports takes a while, and what is said of devices must not be older than what was reported meanwhile.
      const ports = portsToTell((await options.serialPorts?.()) ?? []);
      const onUsb = await options.usbDevices?.();
      return {
        ports,
        usb: onUsb?.ok === true ? onUsb.value.slice(0, MOST_PORTS) : [],
        version: options.version,
        clock: clockReading(),
        ...(clock.steered !== undefined && { clockSteered: clock.steered }),
        startedAt,
        ...(safeMode !== undefined && { safeMode }),
        profiles: profiles.version,
        pendingEvents: outbox.status().pending,
        devices: (hosting.host?.devices() ?? []).map(({ capabilities, health, ...device }) => ({
          ...device,
          capabilities: [...capabilities],
          health: briefHealth(health),
        })),
      };
    },
    onFirstAnswer: () => {
      asker.cut();
      replica.wake();
      outbox.wake();
    },
    onAnswer: (picture) => {
      times.note(picture);
      commands.tidy();
      shedding.confess();
      changed();
    },
    fault: fault('greeting'),
  });
  const answerHub = createHubQuestions({
    connection,
    host: () => hosting.host,
    parts,
    ...(options.fetchBytes && { fetchBytes: options.fetchBytes }),
    leaveSafeMode: () => {
      crashLoop.leave();
      if (safeMode !== undefined) options.onRestart();
    },
    restart: options.onRestart,
    withdrawn: options.onWithdrawn,
  });
  let undo: readonly Cancel[] = [];

  return {
    start: () => {
      startedAt = clock.now();
      forwarding.to(shedding);
      greeting.start();
      if (safeMode !== undefined) log.error({ safeMode }, 'safe mode: the devices of this agent are left alone');
      undo = [
        connection.onMessage(({ topic, payload }) => {
          if (topic === topics.answer) asker.receive(payload);
          else if (topic === topics.command) commands.receive(payload);
          else if (topic === topics.hubAsks) void answerHub(payload).catch(fault('questions'));
        }),
        connection.onUp((up) => {
          if (up) {
            replica.wake();
            outbox.wake();
          } else asker.cut();
          greeting.connection();
          changed();
        }),
        connection.onRefused(() => {
          log.warn({}, 'the broker refuses this agent’s credentials');
        }),
        clock.after(STABLE_AFTER, () => {
          crashLoop.stable();
        }),
      ];
      commands.recover();
      hosting.start();
      replica.start();
      outbox.start();
      connection.start();
    },
    stop: async () => {
      greeting.stop();
      for (const cancel of undo) cancel();
      await hosting.stop(() => {
        for (const leave of leaveParts) leave();
        leaveParts = [];
      });
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
      clockTrusted: times.clockTrusted(),
    }),
    get host() {
      return hosting.host;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Ports whose name changes with the order of plugging in cannot be told from one another, and are not told. */
const portsToTell = (ports: readonly SerialPortInfo[]): Hello['ports'] =>
  ports.flatMap(({ byId, ...port }) => (byId === undefined ? [] : [{ byId, ...port }])).slice(0, MOST_PORTS);
