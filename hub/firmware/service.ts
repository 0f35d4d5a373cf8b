import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { UpdateCommand, UpdateProgress } from '@hallhub/device-drivers/capabilities';
import type { DeviceLog } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ok, plus, seconds, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { DeviceRegistry, DeviceView } from '../devices/index.ts';
import type { Downloads, Way } from './downloads.ts';
import { createDownloads } from './downloads.ts';
import type { ImageView, Images } from './images.ts';
import { createImages } from './images.ts';
import type { LocalMinute } from './local-minute.ts';
import { localMinute } from './local-minute.ts';
import type { Plan } from './plan.ts';
import { reachOf } from './plan.ts';
import type { Rollout, RolloutEffect, RolloutInput, RolloutState, Seen, Target, TargetState } from './rules.ts';
import { ORDER_LIFE, advance, isInFlight, isOver, newTarget } from './rules.ts';
import type { RolloutRecord } from './store.ts';
import { createRolloutStore } from './store.ts';

export interface TargetView extends Pick<
  Target,
  'deviceId' | 'state' | 'tries' | 'from' | 'reported' | 'code' | 'startedAt' | 'endedAt' | 'takenUpAt'
> {
  /** While it is in flight: bytes, or hundredths where the device fetches by itself. */
  readonly progress?: Pick<UpdateProgress, 'state' | 'sent' | 'total'>;
}

export interface RolloutView {
  readonly id: string;
  readonly image: { readonly sha256: string; readonly name: string; readonly version: string };
  readonly state: RolloutState;
  /** Cancelled ones still wait for devices that cannot be stopped. */
  readonly over: boolean;
  readonly counts: Readonly<Record<TargetState, number>>;
  readonly total: number;
  readonly createdAt: EpochMs;
  readonly createdBy: string;
  readonly endedAt: EpochMs | null;
}

export interface RolloutDetail extends RolloutView {
  readonly plan: Plan;
  /** The stage under way, from 0, and how many devices have had their turn when it is over. */
  readonly stage: number;
  readonly reach: number;
  readonly stageOpensAt: EpochMs;
  readonly targets: readonly TargetView[];
}

export interface FirmwareService {
  readonly images: Images;
  readonly downloads: Downloads;
  /** Devices of the image's profiles. Error: `E-FW-0103`. */
  candidates(sha256: string): Result<readonly DeviceView[]>;
  rollouts(): readonly RolloutView[];
  /** Error: `E-FW-0201`. */
  rollout(id: string): Result<RolloutDetail>;
  /**
   * Begins a roll-out over `devices`, or over all that the image is for. Errors: `E-FW-0103`, `E-FW-0106`, `E-FW-0202`,
   * `E-FW-0203` and `E-FW-0205` (with the device).
   */
  launch(
    order: { readonly sha256: string; readonly devices?: readonly string[]; readonly plan: Plan },
    by: string,
  ): Result<RolloutDetail>;
  /** Errors: `E-FW-0201`, `E-FW-0204`. */
  steer(id: string, what: 'pause' | 'resume' | 'cancel', by: string): Result<RolloutDetail>;
  onChange(listener: (rolloutId: string) => void): Cancel;
  /** Goes on with what an earlier process began. */
  start(): void;
  stop(): void;
  purge(before: EpochMs): number;
}

const BEAT = seconds(5);
/** Between two notes of how far a device is: a write to the disk each. */
const REMEMBER_EVERY = seconds(1);

export function createFirmware(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly audit: Pick<Audit, 'record'>;
  readonly log: DeviceLog;
  /** The fleet with its journal: every order through it is on record. */
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onHealth'>;
  readonly registry: Pick<DeviceRegistry, 'list' | 'inService'>;
  readonly timeZone: string;
  /** Where agents fetch, and devices that know TLS: `https://hub.example.edu:8443`. */
  readonly baseUrl: string;
  /** Where devices fetch by themselves that know none: `http://192.0.2.7:8081`. Absent: from `baseUrl`. */
  readonly plainUrl?: string | undefined;
}): FirmwareService {
  const { db, clock, random, audit, log, host, registry } = deps;
  const store = createRolloutStore(db);
  const minute: LocalMinute = localMinute(deps.timeZone);
  /** Those that are not over. */
  const open = new Map(store.open().map((record) => [record.id, record]));
  const images = createImages({
    db,
    clock,
    audit,
    inUse: (sha256) => [...open.values()].some((record) => record.sha256 === sha256),
  });
  const downloads = createDownloads({
    db,
    clock,
    random,
    images,
    isUnderWay: ({ rollout: id, sha256, deviceId }) => {
      const record = open.get(id);
      return (
        record?.sha256 === sha256 &&
        record.targets.some((target) => target.deviceId === deviceId && isInFlight(target.state))
      );
    },
  });
  const listeners = new Set<(rolloutId: string) => void>();
  const changed = (id: string): void => {
    for (const listener of listeners) listener(id);
  };
  const looking = new Set<string>();
  const progress = new Map<string, UpdateProgress>();
  const followed = new Map<string, Cancel>();
  const rememberAt = new Map<string, number>();
  let running = false;
  let stops: Cancel[] = [];
  let cancelBeat: Cancel | undefined;

  /** Decides, writes, and only then does what follows. */
  const apply = (id: string, input: RolloutInput): void => {
    const before = open.get(id);
    if (!before || !running) return;
    const now = clock.now();
    const { rollout, effects } = advance(before, input, now);
    keep(before, rollout, now);
    for (const effect of effects) carryOut(id, effect);
  };
  const keep = (before: RolloutRecord, after: Rollout, now: EpochMs): void => {
    if (isSame(before, after)) return;
    transact(db, () => {
      store.save(before, after, now);
    });
    if (isOver(after)) open.delete(before.id);
    else open.set(before.id, { ...before, ...after });
    for (const { deviceId, state } of after.targets) if (!isInFlight(state)) unfollow(deviceId);
    changed(before.id);
  };
  const tick = (id: string): void => {
    apply(id, { type: 'tick', minute: minute(clock.now()) });
  };
  const tell = (id: string, input: RolloutInput): void => {
    apply(id, input);
    tick(id);
  };
  const beat = (): void => {
    cancelBeat = clock.after(BEAT, beat);
    for (const id of [...open.keys()]) {
      try {
        tick(id);
      } catch (error) {
        // A disk that takes nothing: nothing was ordered, and the next beat tries again.
        log.error({ rollout: id, error }, 'a roll-out could not go on');
      }
    }
  };

  const carryOut = (id: string, effect: RolloutEffect): void => {
    const { deviceId } = effect;
    const failed = (error: unknown): void => {
      log.error({ rollout: id, deviceId, error }, 'a step of a firmware roll-out failed');
    };
    switch (effect.type) {
      case 'look':
        if (looking.has(deviceId)) return;
        looking.add(deviceId);
        look(id, deviceId)
          .catch((error: unknown): RolloutInput => {
            failed(error);
            return { type: 'seen', deviceId, seen: { answered: false }, minute: minute(clock.now()) };
          })
          .then((input) => {
            looking.delete(deviceId);
            tell(id, input);
          })
          .catch(failed);
        return;
      case 'order':
        order(id, deviceId)
          .catch((error: unknown) => {
            failed(error);
            return failure('E-DEV-0303', deviceId);
          })
          .then((receipt) => {
            // How far it came is known better now than when it was written last.
            const last = progress.get(deviceId);
            if (last) remember(deviceId, last);
            tell(id, { type: 'receipt', deviceId, nth: effect.nth, receipt });
          })
          .catch(failed);
        return;
      case 'stop':
        host
          .capability(deviceId, 'firmware')
          ?.cancel({ ...envelope(id), name: 'cancel', args: {} })
          .catch(failed);
    }
  };
  const envelope = (rollout: string) => {
    const now = clock.now();
    return {
      id: uuidv7(now, random),
      issuedAt: now,
      expiresAt: plus(now, ORDER_LIFE),
      issuedBy: `firmware:${rollout}`,
    };
  };

  const look = async (id: string, deviceId: string): Promise<RolloutInput> => {
    const image = images.get(open.get(id)?.sha256 ?? '');
    const firmware = host.capability(deviceId, 'firmware');
    if (!registry.inService(deviceId)) return { type: 'unfit', deviceId, code: 'E-DEV-0405' };
    if (!firmware || !image.ok) return { type: 'unfit', deviceId, code: 'E-DEV-0404' };
    follow(deviceId);
    const seen = (answer: Seen): RolloutInput => ({
      type: 'seen',
      deviceId,
      seen: answer,
      minute: minute(clock.now()),
    });
    // What is remembered of a device that is away is not its own word.
    const state = host.health(deviceId)?.state;
    if (state !== 'ready' && state !== 'degraded') return seen({ answered: false });
    const [installed, at, source] = await Promise.all([firmware.installed(), firmware.progress(), firmware.source()]);
    if (!installed.ok || !source.ok) return seen({ answered: false });
    const { version, model } = installed.value;
    const { models } = image.value;
    if (models.length > 0 && !models.some((one) => model?.startsWith(one) === true)) {
      return { type: 'unfit', deviceId, code: 'E-FW-0302' };
    }
    const busy = at.ok && (at.value.state === 'sending' || at.value.state === 'installing');
    return seen({ answered: true, version, busy, fed: source.value.from === 'bytes' });
  };
  const order = async (id: string, deviceId: string): Promise<Awaited<ReturnType<typeof send>>> => {
    const record = open.get(id);
    const firmware = host.capability(deviceId, 'firmware');
    if (!record || !firmware) return failure('E-DEV-0404', deviceId);
    follow(deviceId);
    return send(record, deviceId, firmware);
  };
  const send = async (
    { id, sha256, version, imageName, targets }: RolloutRecord,
    deviceId: string,
    firmware: NonNullable<ReturnType<typeof host.capability<'firmware'>>>,
  ) => {
    const source = await firmware.source();
    if (!source.ok) return source;
    const far = registry.list().find((device) => device.id === deviceId)?.agent !== undefined;
    const way: Way = source.value.from === 'url' && deps.plainUrl !== undefined ? 'plain' : 'hub';
    const path = (): string =>
      `/firmware/${downloads.link({ sha256, deviceId, rollout: id, way })}/${encodeURIComponent(imageName)}`;
    // An agent fetches for a device that is fed: no message of the broker takes an image.
    const image: UpdateCommand['args']['image'] =
      source.value.from === 'bytes' && !far
        ? { from: 'bytes', bytes: images.bytes(sha256) }
        : {
            from: 'url',
            url: `${way === 'plain' ? deps.plainUrl : deps.baseUrl}${path()}`,
            sha256,
          };
    const confirmed = targets.find((target) => target.deviceId === deviceId)?.confirmed ?? 0;
    const resumes = source.value.from === 'bytes' && confirmed > 0;
    const args = { version, image, ...(resumes && { resumeFrom: confirmed }) };
    return firmware.update({ ...envelope(id), name: 'update', args });
  };

  const follow = (deviceId: string): void => {
    if (followed.has(deviceId)) return;
    const stop = host.capability(deviceId, 'firmware')?.onProgress((event) => {
      const isNews = event.takenUpAt !== progress.get(deviceId)?.takenUpAt;
      progress.set(deviceId, event);
      if (isNews || clock.monotonic() >= (rememberAt.get(deviceId) ?? 0)) remember(deviceId, event);
      for (const { id, targets } of open.values()) {
        if (targets.some((target) => target.deviceId === deviceId && isInFlight(target.state))) changed(id);
      }
    });
    if (stop) followed.set(deviceId, stop);
  };
  /** What a device has confirmed outlives this process, so that its transfer can be taken up. */
  const remember = (deviceId: string, { state, sent, takenUpAt }: UpdateProgress): void => {
    if (state === 'idle' || state === 'done' || state === 'cancelled') return;
    rememberAt.set(deviceId, clock.monotonic() + REMEMBER_EVERY);
    for (const { id, targets } of [...open.values()]) {
      if (!targets.some((target) => target.deviceId === deviceId && target.state === 'sending')) continue;
      apply(id, { type: 'progress', deviceId, confirmed: sent, takenUpAt });
    }
  };
  const unfollow = (deviceId: string): void => {
    followed.get(deviceId)?.();
    rememberAt.delete(deviceId);
    followed.delete(deviceId);
    progress.delete(deviceId);
  };

  const candidatesOf = ({ profiles }: ImageView): readonly DeviceView[] =>
    registry
      .list()
      .filter(({ profile, capabilities }) => capabilities.includes('firmware') && profiles.includes(profile));
  const view = (record: RolloutRecord): RolloutView => {
    const counts = { waiting: 0, sending: 0, installing: 0, done: 0, failed: 0, skipped: 0, cancelled: 0 };
    for (const { state } of record.targets) counts[state] += 1;
    const { id, sha256, imageName, version, state, createdAt, createdBy, endedAt } = record;
    return {
      id,
      image: { sha256, name: imageName, version },
      state,
      over: isOver(record),
      counts,
      total: record.targets.length,
      createdAt,
      createdBy,
      endedAt,
    };
  };
  const detail = (record: RolloutRecord): RolloutDetail => ({
    ...view(record),
    plan: record.plan,
    stage: record.stage,
    reach: reachOf(record.plan, record.stage, record.targets.length),
    stageOpensAt: record.stageOpensAt,
    targets: record.targets.map((target) => targetView(target, progress.get(target.deviceId))),
  });
  const find = (id: string): RolloutRecord | undefined => open.get(id) ?? store.get(id);
  const rollout = (id: string): Result<RolloutDetail> => {
    const record = find(id);
    return record ? ok(detail(record)) : failure('E-FW-0201', id);
  };

  return {
    images,
    downloads,
    candidates: (sha256) => {
      const image = images.get(sha256);
      return image.ok ? ok(candidatesOf(image.value)) : image;
    },
    rollouts: () => store.list().map(view),
    rollout,
    launch: ({ sha256, devices, plan }, by) => {
      const image = images.get(sha256);
      if (!image.ok) return image;
      const { name, version, size, received } = image.value;
      if (received < size) return failure('E-FW-0106', sha256);
      const able = candidatesOf(image.value).map(({ id }) => id);
      const chosen = [...new Set(devices ?? able)];
      const unable = chosen.find((id) => !able.includes(id));
      if (unable !== undefined) return failure('E-FW-0205', unable);
      if (chosen.length === 0) return failure('E-FW-0202');
      const taken = [...open.values()].flatMap(({ targets }) => targets.map(({ deviceId }) => deviceId));
      const twice = chosen.find((id) => taken.includes(id));
      if (twice !== undefined) return failure('E-FW-0203', twice);
      const now = clock.now();
      const record: RolloutRecord = {
        id: uuidv7(now, random),
        sha256,
        imageName: name,
        version,
        plan,
        state: 'running',
        stage: 0,
        stageOpensAt: now,
        forgiven: 0,
        targets: chosen.map((id) => newTarget(id, now)),
        createdAt: now,
        createdBy: by,
        endedAt: null,
      };
      transact(db, () => {
        store.add(record);
        audit.record({
          actor: by,
          action: 'firmware.launch',
          subject: `rollout:${record.id}`,
          detail: { image: sha256, version, devices: chosen.length },
        });
      });
      open.set(record.id, record);
      changed(record.id);
      tick(record.id);
      return rollout(record.id);
    },
    steer: (id, what, by) => {
      const before = open.get(id);
      if (!before) return store.get(id) ? failure('E-FW-0204', id) : failure('E-FW-0201', id);
      const now = clock.now();
      const step = advance(before, { type: what }, now);
      transact(db, () => {
        audit.record({ actor: by, action: `firmware.${what}`, subject: `rollout:${id}` });
        keep(before, step.rollout, now);
      });
      for (const effect of step.effects) carryOut(id, effect);
      tick(id);
      return rollout(id);
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start: () => {
      running = true;
      stops = [
        host.onHealth(({ deviceId, health }) => {
          // Degraded is enough: it may be so because of its firmware.
          if (health.state !== 'ready' && health.state !== 'degraded') return;
          for (const { id, targets } of [...open.values()]) {
            if (targets.some((target) => target.deviceId === deviceId && isInFlight(target.state))) {
              tell(id, { type: 'ready', deviceId });
            }
          }
        }),
      ];
      for (const id of [...open.keys()]) apply(id, { type: 'restart' });
      beat();
    },
    stop: () => {
      for (const [deviceId, event] of progress) remember(deviceId, event);
      running = false;
      cancelBeat?.();
      for (const stop of [...stops, ...followed.values()]) stop();
      stops = [];
      followed.clear();
    },
    purge: (before) => store.purge(before) + images.purge((clock.now() - 86_400_000) as EpochMs) + downloads.purge(),
  };
}

const isSame = (before: Rollout, after: Rollout): boolean =>
  before.state === after.state &&
  before.stage === after.stage &&
  before.forgiven === after.forgiven &&
  before.targets.every((target, position) => target === after.targets[position]);

function targetView(target: Target, at: UpdateProgress | undefined): TargetView {
  const { deviceId, state, tries, from, reported, code, startedAt, endedAt, takenUpAt } = target;
  return {
    deviceId,
    state,
    tries,
    ...(from !== undefined && { from }),
    ...(reported !== undefined && { reported }),
    ...(code !== undefined && { code }),
    ...(startedAt !== undefined && { startedAt }),
    ...(endedAt !== undefined && { endedAt }),
    ...(takenUpAt !== undefined && { takenUpAt }),
    ...(at && isInFlight(state) && { progress: { state: at.state, sent: at.sent, total: at.total } }),
  };
}
