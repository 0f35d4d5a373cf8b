import { readFileSync } from 'node:fs';
import { createHttpHall } from '@hallhub/sync/adapters/http-feed';
import type { HttpHall } from '@hallhub/sync/adapters/http-feed';
import type { DurationMs } from '@hallhub/sync/base';
import { minutes, systemRandom } from '@hallhub/sync/base';
import { requestKinds } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import { createOutbox } from '@hallhub/sync/outbox';
import type { Replica } from '@hallhub/sync/replica';
import { createReplica } from '@hallhub/sync/replica';
import type { Db } from '@hallhub/sync/sqlite';
import {
  feedSchema,
  outboxSchema,
  receiverSchema,
  replicaSchema,
  sqliteOutboxStore,
  sqliteReplicaStore,
  storeFailure,
} from '@hallhub/sync/sqlite';
import { agentInboxSchema, agentsSchema } from './agents/index.ts';
import type { Attendance } from './attendance/index.ts';
import { attendanceSchema, createAttendance } from './attendance/index.ts';
import type { Audit } from './audit/index.ts';
import { auditSchema, createAudit } from './audit/index.ts';
import { busSchema } from './broker/index.ts';
import type { Cards } from './cards/index.ts';
import { cardSchema, createCards } from './cards/index.ts';
import type { Certificates } from './certificates/index.ts';
import { certificateHandler, certificateSchema, createCertificates } from './certificates/index.ts';
import { devicesSchema } from './devices/index.ts';
import { firmwareSchema } from './firmware/index.ts';
import type { Fleet } from './fleet.ts';
import { createFleet } from './fleet.ts';
import type { Admission } from './gates/compose.ts';
import { createAdmission } from './gates/compose.ts';
import { gateDeskSchema } from './gates/desk/index.ts';
import { gateTerminalsSchema, gatesSchema } from './gates/index.ts';
import { gateCodeSchema } from './gates/qr/index.ts';
import { hallSchema, readEpoch } from './hall/epoch.ts';
import type { SelfService } from './kiosks/index.ts';
import { createSelfService, kioskAgents, kioskSchema } from './kiosks/index.ts';
import type { Lockers } from './lockers/index.ts';
import { createLockers, lockersSchema } from './lockers/index.ts';
import type { Notifications } from './notifications/index.ts';
import { createChannels, createNotifications, notificationsSchema } from './notifications/index.ts';
import type { HubOptions } from './options.ts';
import { profilesSchema } from './profiles/index.ts';
import type { HallQueue } from './queue/index.ts';
import { createHallQueue, queueSchema } from './queue/index.ts';
import type { Requests } from './requests/index.ts';
import { createRequests, requestsSchema } from './requests/index.ts';
import type { Staff } from './staff/index.ts';
import { createStaff, may, staffSchema } from './staff/index.ts';
import type { DataDir } from './store/index.ts';
import { openStore } from './store/index.ts';
import type { Vault } from './vault/index.ts';
import { openVault, vaultSchema } from './vault/index.ts';

/** The tables of every part that keeps its state in the hub's database. A new domain adds one line. */
export const schemaComponents = [
  vaultSchema,
  auditSchema,
  staffSchema,
  hallSchema,
  replicaSchema,
  outboxSchema,
  requestsSchema,
  gatesSchema,
  notificationsSchema,
  gateTerminalsSchema,
  gateDeskSchema,
  gateCodeSchema,
  attendanceSchema,
  certificateSchema,
  kioskSchema,
  cardSchema,
  queueSchema,
  lockersSchema,
  devicesSchema,
  agentsSchema,
  agentInboxSchema,
  profilesSchema,
  firmwareSchema,
  feedSchema,
  receiverSchema,
  busSchema,
];

/** Everything that a hub is made of, apart from what listens. */
export interface Parts extends Fleet, Admission, Certificates {
  readonly db: Db;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly staff: Staff;
  readonly hall: HttpHall;
  readonly replica: Replica;
  readonly outbox: Outbox;
  readonly requests: Requests;
  readonly notifications: Notifications;
  readonly attendance: Attendance;
  readonly selfService: SelfService;
  readonly queue: HallQueue;
  readonly lockers: Lockers;
  /** Absent where no campus-card system is joined. */
  readonly cards: Cards | undefined;
}

/** Before this a clock is not believed: a machine whose clock battery died wakes up in the past. */
const CLOCK_FLOOR = Date.UTC(2026, 0, 1);
/** How far this machine's clock may be from the hall's before nobody is judged by it. */
const CLOCK_TOLERANCE = minutes(10);

/** Makes the parts and joins them. Nothing moves before they are started. */
export function createParts(
  { config, clock, log, random = systemRandom, protocols, transports, signer, campusCards }: HubOptions,
  dir: DataDir,
): Parts {
  const db: Db = openStore({ dir, components: schemaComponents, clock });
  const vault = openVault(dir, db);
  const onFault =
    (part: string) =>
    (error: unknown): void => {
      log.error({ part, code: storeFailure(error)?.code, err: error }, 'a part of the hub met an error and goes on');
    };
  const audit = createAudit({ db, clock });
  const staff = createStaff({ db, clock, audit });
  const tell = (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void => {
    log[level](fields, message);
  };
  const calendar = { timeZone: config.hub.timeZone, ...config.hub.calendar };

  const pictureAge = (): DurationMs | undefined => {
    const age = replica.staleness();
    return Number.isFinite(age) ? age : undefined;
  };
  const fleet = createFleet({
    ...{ config, clock, log, random, db, vault, audit, onFault, pictureAge },
    ...(protocols && { protocols }),
    ...(transports && { transports }),
  });
  const { host, agents, devices } = fleet;

  const hall = createHttpHall({
    url: config.hall.url,
    token: config.hall.token ?? readFileSync(config.hall.tokenFile ?? '', 'utf8').trim(),
    hub: config.hub.id,
    epoch: readEpoch(db),
    keys: Object.entries(config.hall.keys).map(([keyId, publicKey]) => ({ keyId, publicKey })),
    ...(config.hall.caFile !== undefined && { ca: readFileSync(config.hall.caFile, 'utf8') }),
    clock,
    random,
  });
  const outbox = createOutbox({
    sink: hall.sink,
    store: sqliteOutboxStore({ db, name: 'hall', sealer: vault.sealer }),
    hub: config.hub.id,
    epoch: readEpoch(db),
    clock,
    random,
    fault: onFault('outbox'),
  });

  const clockTrusted = (): boolean => clock.now() >= CLOCK_FLOOR && Math.abs(replica.clockOffset()) <= CLOCK_TOLERANCE;
  const notifications = createNotifications({
    db,
    clock,
    random,
    vault,
    channels: createChannels(config.notifications.channels, { clock }),
    log: tell,
  });
  const { gates, desk } = createAdmission({
    ...{ config, calendar, db, clock, random, vault, audit, outbox, fleet, notifications, pictureAge, clockTrusted },
    log: tell,
    requests: () => requests,
  });

  const papers = createCertificates({
    ...{ config: config.certificates, hub: config.hub, epoch: readEpoch(db), devices: config.devices, onFault },
    ...{ db, clock, random, vault, audit, outbox, hall, host, log: tell },
    ...(signer && { signer }),
  });
  const { certificates } = papers;

  const attendance = createAttendance({
    db,
    clock,
    random,
    host,
    vault,
    audit,
    outbox,
    notifications,
    gates,
    requests: () => requests,
    config: config.attendance,
    areas: config.areas,
    gateConfigs: config.gates,
    calendar,
    clockTrusted,
    fetchFile: ({ url, sha256 }) => hall.file({ url, sha256, signal: AbortSignal.timeout(20_000) }),
    log: tell,
  });
  const queue = createHallQueue({
    ...{ config, calendar, db, clock, random, vault, audit, outbox, host, clockTrusted, log: tell },
    requests: () => requests,
  });
  const lockers = createLockers({
    ...{ config, calendar, dir, db, clock, random, vault, audit, outbox, notifications, log: tell },
    incarnation: readEpoch(db),
  });
  agents.join(gates.part);
  const requests = createRequests({
    db,
    clock,
    vault,
    handlers: [
      ...Object.values({
        ...gates.handlers,
        'visitor-access': desk.following(gates.handlers['visitor-access']),
        roster: attendance.following.roster(gates.handlers.roster),
        leave: attendance.following.leave(gates.handlers.leave),
      }),
      certificateHandler({ certificates, vault }),
      queue.appointments.handler,
      lockers.consignments.handler,
    ],
    follow: (change) => {
      queue.claims.follow(change);
    },
  });
  const replica = createReplica({
    source: hall.source,
    store: sqliteReplicaStore({ db, source: 'hall', sealer: vault.sealer }),
    kinds: requestKinds,
    project: requests.project,
    clock,
    random,
    fault: onFault('replica'),
  });

  const cards = campusCards && createCards({ ...campusCards, db, clock, vault, audit, log: tell });
  const selfService = createSelfService({
    config,
    timeZone: config.hub.timeZone,
    db,
    clock,
    random,
    vault,
    audit,
    host,
    certificates,
    gates,
    requests: () => requests,
    notifications,
    devices,
    mayServe: (accountId) => {
      const account = staff.list().find(({ id }) => id === accountId);
      return account !== undefined && !account.disabled && may(account.grants, ['operator', 'counter']);
    },
    restartAgent: (agent) => agents.restart(agent),
    hallUp: () => replica.status().feed.state === 'online',
    log: tell,
  });

  agents.join(
    kioskAgents({
      kiosks: config.kiosks,
      devices: fleet.configured,
      timeZone: config.hub.timeZone,
      token: (kioskId) => selfService.kiosks.token(kioskId),
      feeds: agents.feeds,
      projected: (agent) => {
        agents.projected(agent);
      },
    }),
  );

  return {
    db,
    vault,
    audit,
    staff,
    ...fleet,
    hall,
    replica,
    outbox,
    requests,
    gates,
    desk,
    attendance,
    ...papers,
    selfService,
    queue,
    lockers,
    cards,
    notifications,
  };
}
