import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { PrinterStatus } from '@hallhub/device-drivers/capabilities';
import { printerProblem } from '@hallhub/device-drivers/capabilities';
import type { Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { err, failure, ok, uuidv7 } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/service.ts';
import type { CertificateService } from '../certificates/index.ts';
import type { Config, DeviceConfig, KioskConfig } from '../config/index.ts';
import { kioskAgent } from '../config/index.ts';
import type { Devices } from '../devices/index.ts';
import type { ServiceDeviceView, Supply } from './contract.ts';
import type { Kiosks } from './service.ts';
import type { KioskStore } from './store.ts';

/** What staff do to a kiosk, before its screen or from afar. `by` is `staff:<id>`. Error of all: `E-KIOSK-0102`. */
export interface Upkeep {
  /** The kiosk's devices with their last frames. */
  devices(kioskId: string, by: string): Promise<Result<readonly ServiceDeviceView[]>>;
  /** A page that says nothing of anybody. Errors: those of the printer. */
  testPage(kioskId: string, by: string): Promise<Result<void>>;
  refill(kioskId: string, refill: { readonly supply: Supply; readonly sheets?: number }, by: string): Result<void>;
  setOutOfService(kioskId: string, out: boolean, note: string | undefined, by: string): Result<void>;
  /** Jobs and devices of the kiosk as text: what somebody is to be sent who mends it. */
  log(kioskId: string, by: string): Result<string>;
  /** Asks for the program beside the kiosk to be started again. Errors: `E-KIOSK-0203` there is none, those of its agent. */
  restart(kioskId: string, by: string): Promise<Result<void>>;
}

const FRAMES = 20;
const LOG_LINES = 500;

export function createUpkeep(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly kiosks: Pick<Kiosks, 'list' | 'look' | 'changed' | 'leave'>;
  readonly store: KioskStore;
  readonly audit: Audit;
  readonly certificates: Pick<CertificateService, 'jobs'>;
  readonly host: Pick<AgentHost, 'capability' | 'health'>;
  readonly devices: Pick<Devices, 'traffic' | 'events'>;
  readonly configured: readonly DeviceConfig[];
  readonly rules: Config['selfService'];
  readonly restartAgent: (agent: string) => Promise<Result<void>>;
}): Upkeep {
  const { db, clock, kiosks, store, audit, host } = deps;
  const find = (kioskId: string): KioskConfig | undefined => kiosks.list().find(({ id }) => id === kioskId);
  const unknown = (kioskId: string) => failure('E-KIOSK-0102', kioskId);
  const devicesOf = ({ printer, reader, cardReader, scanner, receiptPrinter }: KioskConfig): readonly DeviceConfig[] =>
    [printer, reader, cardReader, scanner, receiptPrinter].flatMap(
      (id) => deps.configured.find((device) => device.id === id) ?? [],
    );
  const record = (
    by: string,
    action: string,
    kioskId: string,
    detail: Readonly<Record<string, string | number>> = {},
  ) => {
    audit.record({ actor: by, action: `kiosk.${action}`, subject: `kiosk:${kioskId}`, detail });
  };

  return {
    devices: async (kioskId, by) => {
      const kiosk = find(kioskId);
      if (!kiosk) return unknown(kioskId);
      const views = devicesOf(kiosk).map(async ({ id, label, profile }): Promise<ServiceDeviceView> => {
        const health = host.health(id);
        const traffic = await deps.devices.traffic(id, by);
        // What a card or a code says of its holder stands in the frames of readers.
        const isPersonal = id !== kiosk.printer && id !== kiosk.receiptPrinter;
        return {
          id,
          label,
          profile,
          state: health?.state ?? 'down',
          ...(health?.reason && { code: health.reason.code }),
          frames: (traffic.ok ? traffic.value.slice(-FRAMES) : []).map(({ at, direction, bytes, meaning }) => ({
            at,
            direction,
            meaning,
            hex: isPersonal ? '' : Buffer.from(bytes.subarray(0, 256)).toString('hex'),
          })),
        };
      });
      return ok(await Promise.all(views));
    },
    testPage: async (kioskId, by) => {
      const kiosk = find(kioskId);
      if (!kiosk) return unknown(kioskId);
      const printer = kiosk.printer === undefined ? undefined : host.capability(kiosk.printer, 'pagePrinter');
      if (!printer) return failure('E-CERT-0403', kiosk.printer);
      const status: Result<PrinterStatus> = await printer.status();
      const problem = status.ok ? printerProblem(status.value) : status.error;
      if (problem) return err(problem);
      record(by, 'test-page', kioskId);
      // Nobody prints one for weeks: the hub does not carry 17 MiB of PDF library for it from its start on.
      const { testPage } = await import('./test-page.ts');
      const page = await testPage({ kiosk: kioskId, at: clock.now() });
      const job = await printer.createJob({ name: uuidv7(clock.now(), deps.random), copies: 1, duplex: false });
      if (!job.ok) return job;
      const sent = await printer.sendDocument(job.value.jobId, page, 'application/pdf');
      kiosks.look(kioskId);
      return sent.ok ? ok() : sent;
    },
    refill: (kioskId, { supply, sheets }, by) => {
      const kiosk = find(kioskId);
      if (!kiosk) return unknown(kioskId);
      const filled = supply === 'paper' ? (sheets ?? deps.rules.refillSheets) : undefined;
      transact(db, () => {
        store.refill(kioskId, supply, clock.now(), filled, by);
        record(by, 'refill', kioskId, { supply, ...(filled !== undefined && { sheets: filled }) });
      });
      kiosks.look(kioskId);
      kiosks.changed(kioskId);
      return ok();
    },
    setOutOfService: (kioskId, out, note, by) => {
      if (!find(kioskId)) return unknown(kioskId);
      transact(db, () => {
        if (out) store.setOutOfService(kioskId, clock.now(), note, by);
        else store.setInService(kioskId);
        record(by, out ? 'out-of-service' : 'in-service', kioskId, note === undefined ? {} : { note });
      });
      kiosks.changed(kioskId);
      return ok();
    },
    log: (kioskId, by) => {
      const kiosk = find(kioskId);
      if (!kiosk) return unknown(kioskId);
      record(by, 'log-export', kioskId);
      const jobs = deps.certificates
        .jobs()
        .filter(({ printerId }) => printerId === kiosk.printer)
        .map(({ attemptId, requestedAt, changedAt, state, pages, copies, impressions, code }) =>
          line(changedAt, `job ${attemptId} of ${stamp(requestedAt)}: ${state}`, { pages, copies, impressions, code }),
        );
      const events = devicesOf(kiosk).flatMap(({ id }) =>
        deps.devices.events(LOG_LINES, id).map(({ at, type }) => line(at, `${id}: ${type}`, {})),
      );
      const health = devicesOf(kiosk).map(({ id }) => {
        const now = host.health(id);
        return line(now?.since ?? clock.now(), `${id} is ${now?.state ?? 'unknown'}`, { code: now?.reason?.code });
      });
      return ok(`${[...jobs, ...events, ...health].sort().slice(-LOG_LINES).join('\n')}\n`);
    },
    restart: async (kioskId, by) => {
      const kiosk = find(kioskId);
      if (!kiosk) return unknown(kioskId);
      const agent =
        kioskAgent(kiosk, deps.configured) ?? devicesOf(kiosk).find((device) => device.agent !== undefined)?.agent;
      if (agent === undefined) return failure('E-KIOSK-0203');
      record(by, 'restart', kioskId, { agent });
      kiosks.leave(kioskId);
      return deps.restartAgent(agent);
    },
  };
}

const stamp = (at: EpochMs): string => new Date(at).toISOString();
function line(at: EpochMs, text: string, detail: Readonly<Record<string, string | number | undefined>>): string {
  const known = Object.entries(detail).filter(([, value]) => value !== undefined);
  return [stamp(at), text, ...known.map(([name, value]) => `${name}=${String(value)}`)].join('  ');
}
