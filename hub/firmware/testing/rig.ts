import { createHash } from 'node:crypto';
import type { AgentHost } from '@hallhub/device-drivers/agent';
import { silentLog } from '@hallhub/device-drivers/kit';
import type { Clock } from '@hallhub/sync/base';
import { ok, systemRandom, unwrap } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { auditSchema, createAudit } from '../../audit/index.ts';
import type { DeviceConfig } from '../../config/index.ts';
import { createHardware, createRegistry, devicesSchema } from '../../devices/index.ts';
import { firmwareSchema } from '../schema.ts';
import type { FirmwareService } from '../service.ts';
import { createFirmware } from '../service.ts';

/** Drivers, registry and roll-outs of a hub over one database file, of which the roll-outs can be started anew. */
export interface FirmwareRig {
  readonly db: Db;
  readonly registry: ReturnType<typeof createRegistry>;
  readonly firmware: FirmwareService;
  readonly audit: ReturnType<typeof createAudit>;
  /** The roll-outs' part of the hub ends and begins anew over the same file. */
  restart(): void;
  /** Uploads an image in chunks; answers with its SHA-256. */
  upload(bytes: Uint8Array, image: { version: string; profile: string; models?: readonly string[] }): string;
  stop(): Promise<void>;
}

export function createFirmwareRig(options: {
  readonly file: string;
  readonly clock: Clock;
  readonly host: AgentHost;
  readonly devices: readonly DeviceConfig[];
}): FirmwareRig {
  const { clock, host } = options;
  const db = openDatabase({ file: options.file });
  migrate({ db, components: [auditSchema, devicesSchema, firmwareSchema] });
  const audit = createAudit({ db, clock });
  const registry = createRegistry({
    db,
    clock,
    random: systemRandom,
    log: silentLog,
    audit,
    digest: (text) => createHash('sha256').update(text).digest(),
    timeZone: 'Asia/Shanghai',
    host,
    hardware: createHardware({ db, clock, audit }),
    configured: () => options.devices,
    areaOf: () => undefined,
    profilesOf: () => undefined,
    profiles: () => [],
    serialPorts: () => Promise.resolve([]),
    usbDevices: () => Promise.resolve(ok([])),
  });
  const fleet = registry.commands.fleet('before');
  const create = (): FirmwareService =>
    createFirmware({
      db,
      clock,
      random: systemRandom,
      audit,
      log: silentLog,
      host: fleet,
      registry,
      timeZone: 'Asia/Shanghai',
      baseUrl: 'http://hub.example:8080',
    });
  let firmware = create();
  registry.start();
  host.start();
  firmware.start();
  return {
    db,
    registry,
    audit,
    get firmware() {
      return firmware;
    },
    restart: () => {
      firmware.stop();
      firmware = create();
      firmware.start();
    },
    upload: (bytes, { version, profile, models = [] }) => {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const { images } = firmware;
      unwrap(
        images.begin(
          { sha256, name: `tasmota-${version}.bin`, version, profiles: [profile], models, size: bytes.length },
          'staff:op',
        ),
      );
      for (let start = 0; start < bytes.length; start += 1_000) {
        unwrap(images.append(sha256, start, bytes.subarray(start, start + 1_000), 'staff:op'));
      }
      return sha256;
    },
    stop: async () => {
      firmware.stop();
      registry.stop();
      await host.stop();
      db.close();
    },
  };
}
