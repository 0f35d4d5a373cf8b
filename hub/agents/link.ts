import type { Hello, ProfileKeys } from '@hallhub/device-drivers/agent/station';
import {
  PROFILE_BUNDLE,
  PROFILE_KEYS,
  agentDeviceSchema,
  eventsShed,
  helloSchema,
  logged,
  topics,
} from '@hallhub/device-drivers/agent/station';
import type { DeviceLog } from '@hallhub/device-drivers/kit';
import type { Asker } from '@hallhub/sync/adapters/pipe';
import { askerIn, createAnswerer, createAsker, eventMethods, feedMethods } from '@hallhub/sync/adapters/pipe';
import type { Cancel, Clock, DurationMs, EpochMs, Failure, RandomBytes, Result } from '@hallhub/sync/base';
import { epochMs, err, failure, ok, seconds, uuidv7 } from '@hallhub/sync/base';
import type { CloudEvent } from '@hallhub/sync/contract';
import type { Feed } from '@hallhub/sync/feed';
import { createFeed } from '@hallhub/sync/feed';
import type { Db, FeedRecord, FeedStore, Sealer } from '@hallhub/sync/sqlite';
import { afterCommit, sqliteFeedStore, sqliteReceiver } from '@hallhub/sync/sqlite';
import type { DeviceBus } from '../broker/index.ts';
import type { AgentClock } from './agent-clock.ts';
import { createAgentClock } from './agent-clock.ts';
import { inHubTime } from './in-hub-time.ts';
import type { AgentInboxCounts } from './inbox.ts';
import type { Handover } from './handover.ts';
import { createHandover } from './handover.ts';
import { createAgentInbox } from './inbox.ts';
import type { RemoteDevice, RemoteHost } from './remote-host.ts';
import { createRemoteHost } from './remote-host.ts';
import type { EventsShed } from './shed-log.ts';
import { createShedLog } from './shed-log.ts';

/** An agent as the hub sees it now. */
export interface AgentState {
  readonly connected: boolean;
  /** What it said when it last greeted. */
  readonly hello: Hello | undefined;
  readonly heardAt: EpochMs | undefined;
  /** Its clock minus the hub's, in milliseconds. */
  readonly clockOffset: number | undefined;
  /** What it last said that it could not keep, by its clock. */
  readonly shed: EventsShed | undefined;
}

/** What a domain makes of what agents tell of its part that runs there, and what it projects to them. */
export interface HubPart {
  /** Types of events that are this domain's. */
  readonly types: readonly string[];
  /** Why an event cannot be taken; it has no effect yet. */
  refusal(agent: string, event: CloudEvent): Failure | undefined;
  /** Inside the transaction that ends the event's waiting. */
  apply(agent: string, event: CloudEvent): Failure | undefined;
  /** The agent is to have everything of this domain that is meant for it: at the start, and when it is enrolled anew. */
  assign(agent: string): void;
}

/** The hub's end of its agents: what they ask, what they report, what they are to host. */
export interface AgentLink {
  /** The devices that hang on agents. */
  readonly host: RemoteHost;
  /** What waits to be fetched by agents. */
  readonly handover: Pick<Handover, 'take'>;
  /** What is projected to each agent; domains put their records here and then call {@link AgentLink.projected}. */
  readonly feeds: FeedStore;
  projected(agent: string): void;
  state(agent: string): AgentState;
  leaveSafeMode(agent: string): ReturnType<Asker['ask']>;
  /** Its process ends and is started again by whoever supervises it. Errors: `E-AGENT-0103` it is away. */
  restart(agent: string): Promise<Result<void>>;
  /** Asks something of a domain's part on an agent. Errors: `E-AGENT-0103`, those of the link, and the part's own. */
  askPart(agent: string, part: string, name: string, params: unknown): Promise<Result<unknown>>;
  /** Before {@link AgentLink.start}. */
  join(part: HubPart): void;
  /** Makes its devices those of the configuration, and its profiles the hub's: at the start, and when it is enrolled anew. */
  assign(agent: string): void;
  /** Other profiles are in use: the hub's side of all devices is made to fit, and all agents are told. */
  assignAll(): void;
  /** Says that the hub has withdrawn it, as far as it hears, and forgets its feed. */
  withdraw(agent: string): Promise<void>;
  onChange(listener: (agent: string) => void): Cancel;
  /** Events of agents that wait for their effects here, and those that could not have them. */
  inbox(): AgentInboxCounts;
  /**
   * Joins the bus, and makes each agent's devices those of the configuration. What waited is told from the next turn of the
   * event loop on: whoever listens to devices does so by then.
   */
  start(bus: DeviceBus): void;
  stop(): void;
  purge(before: EpochMs): number;
}

/** A device's assignment ends when the configuration says so, not by itself. */
const FOR_EVER = epochMs(Date.UTC(9999, 0, 1));
const lasting = (id: string, kind: string, data: FeedRecord['data']): FeedRecord => ({
  id,
  kind,
  schemaVersion: '1.0',
  validFrom: epochMs(0),
  validUntil: FOR_EVER,
  data,
});

/** An agent that has not come so long after the hub's start is away; until then it is on its way. */
const EXPECTED_WITHIN = seconds(35);

const local = (topic: string): string => topic.replace(/^(up|down)\//, '');

export function createAgentLink(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly sealer: Sealer;
  readonly digest: (text: string) => Uint8Array;
  readonly log: DeviceLog;
  /** The devices on agents, with what the profiles in use promise of them; read at the start and by {@link AgentLink.assignAll}. */
  readonly devices: () => readonly RemoteDevice[];
  /** False for an agent whose credentials were withdrawn: whatever the broker thinks, it is not heard. */
  readonly isAdmitted: (agent: string) => boolean;
  /** The signed bundle of profiles in use; undefined: the agents use their program's. */
  readonly profiles: () => { readonly version: string; readonly bytes: Uint8Array } | undefined;
  /** Whose bundles an agent is to believe, issued to it; undefined for one that is not enrolled. */
  readonly profileKeys: (agent: string) => ProfileKeys | undefined;
  /** Every agent of the configuration, with devices or without. */
  readonly agents: readonly string[];
  /** Age of the hub's picture of the hall; undefined when it never was whole. */
  readonly pictureAge: () => DurationMs | undefined;
}): AgentLink {
  const { db, clock, random, log } = deps;
  let bus: DeviceBus | undefined;
  let undo: readonly Cancel[] = [];
  const parts: HubPart[] = [];
  const partOf = ({ type }: CloudEvent): HubPart | undefined => parts.find(({ types }) => types.includes(type));
  const listeners = new Set<(agent: string) => void>();
  const changed = (agent: string): void => {
    for (const listener of listeners) listener(agent);
  };
  const send = async (agent: string, topic: string, payload: Uint8Array): Promise<void> => {
    try {
      // The pipe may lose it all the same; whoever needs an answer asks again.
      await bus?.send(agent, local(topic), payload);
    } catch (error) {
      log.warn({ agent, topic, error }, 'a message to an agent could not be sent');
    }
  };
  const askers = new Map<string, Asker>();
  const askerOf = (agent: string): Asker => {
    const asker =
      askers.get(agent) ??
      createAsker({
        clock,
        random,
        send: (payload) => {
          void send(agent, topics.hubAsks, payload);
          return connected(agent);
        },
      });
    askers.set(agent, asker);
    return asker;
  };
  const connected = (agent: string): boolean => deps.isAdmitted(agent) && bus?.connected().includes(agent) === true;

  const feeds = sqliteFeedStore({
    db,
    clock,
    sealer: deps.sealer,
    digest: deps.digest,
    incarnation: () => uuidv7(clock.now(), random),
  });
  const open = new Map<string, Feed>();
  const feedFor = (agent: string): Feed => {
    const feed = open.get(agent) ?? createFeed({ log: feeds.log(agent), clock });
    open.set(agent, feed);
    return feed;
  };

  const clocks = new Map<string, AgentClock>();
  const clockOf = (agent: string): AgentClock => {
    const known = clocks.get(agent) ?? createAgentClock(clock);
    clocks.set(agent, known);
    return known;
  };
  const handover = createHandover({ clock, random });
  const host = createRemoteHost({
    handover,
    db,
    agentClock: clockOf,
    clock,
    log,
    pipe: {
      connected,
      command: (agent, payload) => {
        void send(agent, topics.command, payload);
      },
      ask: async (agent, method, params, within = seconds(8)) => {
        if (!connected(agent)) return err({ code: 'E-AGENT-0103', detail: agent });
        const never = new AbortController();
        return askerOf(agent).ask(method, params, { signal: never.signal, within });
      },
    },
  });
  const states = new Map<string, { hello: Hello; heardAt: EpochMs }>();
  const sheds = createShedLog(db);
  const receiver = sqliteReceiver({
    db,
    clock,
    fault: (error) => {
      log.error({ error }, 'an event of an agent could not be handled');
    },
    handle: (sender, event) => {
      const agent = askerIn(sender);
      if (event.type === logged.type) {
        const line = logged.schema.safeParse(event.data);
        if (!line.success) return { code: 'E-AGENT-0102', detail: event.type };
        log[line.data.level]({ agent, fields: line.data.fields }, `agent: ${line.data.message}`);
        return undefined;
      }
      if (event.type === eventsShed.type) {
        const shed = eventsShed.schema.safeParse(event.data);
        if (!shed.success) return { code: 'E-AGENT-0102', detail: event.type };
        log.warn({ agent, shed: shed.data }, 'the store of an agent was full, and it did not keep everything');
        sheds.note(agent, shed.data);
        afterCommit(db, () => {
          changed(agent);
        });
        return undefined;
      }
      const refusal = (partOf(event) ?? host).refusal(agent, event);
      if (!refusal)
        inbox.put(
          agent,
          inHubTime(event, (reading) => clockOf(agent).toHub(reading)),
        );
      return refusal;
    },
  });
  const inbox = createAgentInbox({
    db,
    clock,
    sealer: deps.sealer,
    apply: (agent, event) => (partOf(event) ?? host).apply(agent, event),
    onFault: (error, event) => {
      log.error({ error, ...event }, 'an event of an agent could not be dealt with and is kept');
    },
  });
  const now = (): EpochMs => clock.now();
  const answerer = createAnswerer({
    methods: {
      ...feedMethods({ feedFor, now }),
      ...eventMethods({
        receiver,
        now,
        heard: (agent, reading) => {
          clockOf(agent).heard(reading);
        },
      }),
      hello: (params, { from }) => {
        const hello = helloSchema.safeParse(params);
        if (!hello.success) return err({ code: 'E-AGENT-0102', class: 'reject', detail: 'hello' });
        clockOf(from).heard(hello.data.clock);
        states.set(from, { hello: hello.data, heardAt: now() });
        host.hello(from, hello.data);
        changed(from);
        const picture = deps.pictureAge();
        return ok({ at: now(), ...(picture !== undefined && { picture }) });
      },
    },
    send: (agent, payload) => {
      void send(agent, topics.answer, payload);
    },
    fault: (error) => {
      log.error({ error }, 'a question of an agent could not be answered');
    },
  });

  let devices = deps.devices();
  host.assign(devices);
  const assign = (agent: string): void => {
    if (!deps.isAdmitted(agent)) return;
    const mine = devices.filter((device) => device.agent === agent);
    const records = mine.map(({ definition }) =>
      lasting(definition.id, 'agent-device', agentDeviceSchema.parse({ params: {}, ...definition })),
    );
    const inUse = deps.profiles();
    const bundles = inUse
      ? [
          lasting(PROFILE_BUNDLE, 'profile-bundle', {
            version: inUse.version,
            bundle: Buffer.from(inUse.bytes).toString('base64'),
          }),
        ]
      : [];
    const keys = deps.profileKeys(agent);
    const keySets = keys ? [lasting(PROFILE_KEYS, 'profile-keys', keys)] : [];
    // Profiles before the devices that need them, and before those who signs them: the agent takes all in one go.
    const told = [
      feeds.replaceKind(agent, 'profile-keys', keySets),
      feeds.replaceKind(agent, 'profile-bundle', bundles),
      feeds.replaceKind(agent, 'agent-device', records),
    ];
    for (const part of parts) part.assign(agent);
    if (told.some(Boolean)) feedFor(agent).notify();
  };

  const assignAgents = (): void => {
    for (const agent of deps.agents) assign(agent);
  };

  return {
    host,
    handover,
    feeds,
    projected: (agent) => {
      feedFor(agent).notify();
    },
    state: (agent) => {
      const state = states.get(agent);
      return {
        connected: connected(agent),
        hello: state?.hello,
        heardAt: state?.heardAt,
        clockOffset: machineOffset(clocks.get(agent)?.offset, state?.hello.clockSteered),
        shed: sheds.last(agent),
      };
    },
    askPart: async (agent, part, name, params) => {
      if (!connected(agent)) return err({ code: 'E-AGENT-0103', detail: agent });
      const never = new AbortController();
      return askerOf(agent).ask('part', { part, name, params }, { signal: never.signal, within: seconds(3) });
    },
    join: (part) => {
      parts.push(part);
    },
    restart: async (agent) => {
      if (!connected(agent)) return failure('E-AGENT-0103', agent);
      const answer = await askerOf(agent).ask(
        'restart',
        {},
        { signal: new AbortController().signal, within: seconds(3) },
      );
      return answer.ok ? ok() : answer;
    },
    leaveSafeMode: (agent) => askerOf(agent).ask('leave-safe-mode', {}, { signal: new AbortController().signal }),
    assign,
    assignAll: () => {
      devices = deps.devices();
      host.assign(devices);
      assignAgents();
    },
    withdraw: async (agent) => {
      // One that does not hear it is shut out all the same; its own keys stay on its disk then.
      await askerOf(agent).ask('withdraw', {}, { signal: new AbortController().signal, within: seconds(3) });
      answerer.gone(agent);
      feeds.drop(agent);
      open.delete(agent);
      states.delete(agent);
      clocks.delete(agent);
      sheds.forget(agent);
      changed(agent);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    inbox: () => inbox.counts(),
    start: (joined) => {
      bus = joined;
      inbox.start();
      assignAgents();
      undo = [
        clock.after(EXPECTED_WITHIN, () => {
          for (const agent of deps.agents) if (!connected(agent)) host.connection(agent, false);
        }),
        joined.onTransient(({ deviceId, topic, payload }) => {
          // A broker outside may be slow to shut somebody out.
          if (!deps.isAdmitted(deviceId)) return;
          if (topic === local(topics.ask)) answerer.receive(deviceId, payload);
          else if (topic === local(topics.agentAnswers)) askers.get(deviceId)?.receive(payload);
          else if (topic === local(topics.live)) host.live(deviceId, payload);
        }),
        joined.onPresence(({ deviceId, connected: here }) => {
          if (!here) {
            answerer.gone(deviceId);
            askers.get(deviceId)?.cut();
          }
          host.connection(deviceId, here);
          changed(deviceId);
        }),
      ];
    },
    stop: () => {
      for (const cancel of undo) cancel();
      answerer.close();
      inbox.stop();
      for (const asker of askers.values()) asker.cut();
      bus = undefined;
    },
    purge: (before) => feeds.purge(before) + receiver.purge(before) + inbox.purge(before),
  };
}

/** What the agent's machine shows minus the hub's time, whatever the agent itself goes by. */
const machineOffset = (offset: number | undefined, steered = 0): number | undefined =>
  offset === undefined ? undefined : offset - steered;
