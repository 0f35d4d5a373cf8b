import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { Clock, RandomBytes, Result } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { CertificateService } from '../certificates/index.ts';
import type { Config } from '../config/index.ts';
import type { Devices } from '../devices/index.ts';
import type { Gates } from '../gates/index.ts';
import type { Notifications } from '../notifications/index.ts';
import type { Requests } from '../requests/index.ts';
import type { Vault } from '../vault/index.ts';
import { createKioskAlerts } from './alerts.ts';
import { kioskFleet } from './fleet.ts';
import { createRecogniser } from './known.ts';
import type { KioskPrinting } from './printing.ts';
import { createKioskPrinting } from './printing.ts';
import type { ServiceCards } from './service-cards.ts';
import { createServiceCards } from './service-cards.ts';
import type { Kiosks } from './service.ts';
import { createKiosks } from './service.ts';
import { kioskStore } from './store.ts';
import type { Upkeep } from './upkeep.ts';
import { createUpkeep } from './upkeep.ts';
import type { FleetKioskView } from './views.ts';

/** Everything of self-service places. */
export interface SelfService {
  readonly kiosks: Kiosks;
  readonly printing: KioskPrinting;
  readonly upkeep: Upkeep;
  readonly serviceCards: ServiceCards;
  readonly fleet: () => readonly FleetKioskView[];
  start(): void;
  stop(): void;
}

export function createSelfService(deps: {
  readonly config: Pick<Config, 'kiosks' | 'selfService' | 'devices'>;
  readonly timeZone: string;
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly vault: Vault;
  readonly audit: Audit;
  readonly host: Pick<AgentHost, 'capability' | 'health' | 'onDevices'>;
  readonly certificates: CertificateService;
  readonly gates: Pick<Gates, 'identify'>;
  readonly requests: () => Pick<Requests, 'data'>;
  readonly notifications: Pick<Notifications, 'notify'>;
  readonly devices: Pick<Devices, 'traffic' | 'events'>;
  readonly mayServe: (accountId: string) => boolean;
  readonly restartAgent: (agent: string) => Promise<Result<void>>;
  readonly hallUp: () => boolean;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;
}): SelfService {
  const { config, db, clock, random, vault, audit, host, certificates } = deps;
  const rules = config.selfService;
  const store = kioskStore(db);
  const serviceCards = createServiceCards({ db, store, vault, audit, clock, mayServe: deps.mayServe });
  const kiosks = createKiosks({
    kiosks: config.kiosks,
    rules,
    host,
    recogniser: createRecogniser({ vault, certificates, gates: deps.gates, requests: deps.requests, clock }),
    certificates,
    serviceCards,
    notifications: deps.notifications,
    store,
    vault,
    hallUp: deps.hallUp,
    clock,
    random,
    log: deps.log,
  });
  const fleet = kioskFleet({
    kiosks,
    certificates,
    lastRefill: (kioskId) => store.lastRefill(kioskId, 'paper'),
    clock,
  });
  const alerts = createKioskAlerts({ fleet, recipients: rules.alerts, notifications: deps.notifications, clock });
  return {
    kiosks,
    printing: createKioskPrinting({ kiosks, certificates, store, host, clock, random, timeZone: deps.timeZone }),
    upkeep: createUpkeep({
      db,
      clock,
      random,
      kiosks,
      store,
      audit,
      certificates,
      host,
      devices: deps.devices,
      configured: config.devices,
      rules,
      restartAgent: deps.restartAgent,
    }),
    serviceCards,
    fleet,
    start: () => {
      kiosks.start();
      alerts.start();
    },
    stop: () => {
      alerts.stop();
      kiosks.stop();
    },
  };
}
