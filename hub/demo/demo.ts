import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { builtInProtocols } from '@hallhub/device-drivers/agent';
import pino from 'pino';
import { ippProtocol } from '@hallhub/device-drivers/protocols/ipp';
import { systemTransports } from '@hallhub/device-drivers/transports';
import { FailureError, systemClock } from '@hallhub/sync/base';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';
import { startReferenceHall } from '@hallhub/sync/reference-hall';
import type { Environment } from '../config/index.ts';
import { configSchema } from '../config/index.ts';
import { createLog } from '../log.ts';
import type { Hub } from '../main.ts';
import { createHub } from '../main.ts';
import { untilStopped } from '../process.ts';
import { openDataDir, secretFile } from '../store/index.ts';
import { demoConfig } from './config.ts';
import { DORM_DEVICES, seedDormPast, seedDormRequests } from './dorm.ts';
import { seedQueueRequests } from './queue.ts';
import type { HallFloor } from './hall-floor.ts';
import { createHallFloor } from './hall-floor.ts';
import { floorRoutes } from './routes.ts';
import { demoCards } from './cards.ts';
import { specimenSigner } from './specimen-signer.ts';

export interface Demo {
  readonly hub: Hub;
  readonly hall: ReferenceHall;
  readonly floor: HallFloor;
  close(): Promise<void>;
}

export interface DemoOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly hallPort: number;
  /** Where the hub's log goes; nowhere when left out. */
  readonly logFile?: string;
}

/** A whole university on one machine: a hall, a hub, and devices that speak their own bytes over in-memory lines. */
export async function startDemo({ dataDir, port, hallPort, logFile }: DemoOptions): Promise<Demo> {
  const clock = systemClock({ mode: 'demo' });
  mkdirSync(dataDir, { recursive: true });
  const secrets = openDataDir(join(dataDir, 'demo'));
  const token = secretFile(secrets, 'hall.token', () => Buffer.from(randomBytes(24).toString('base64url'))).toString(
    'utf8',
  );
  const hall = await startReferenceHall({
    dataDir: join(dataDir, 'hall'),
    port: hallPort,
    clock,
    hubs: [{ id: 'hub-demo', token }],
    seed: true,
  });
  const floor = createHallFloor({
    clock,
    readers: ['east-reader', 'west-reader', 'kiosk-reader', ...DORM_DEVICES.readers],
    turnstiles: ['east-turnstile', 'west-turnstile', ...DORM_DEVICES.turnstiles],
    printers: ['kiosk-printer'],
  });
  const config = configSchema.parse(
    demoConfig({ url: hall.url, token, keyId: hall.keyId, publicKey: hall.publicKey }, port),
  );
  const cards = demoCards({ dataDir: join(dataDir, 'demo'), clock, hall });
  seedDormRequests(hall, clock);
  seedQueueRequests(hall, clock);
  seedDormPast(dataDir, clock, config.hub.timeZone);
  const hub = await createHub({
    signer: specimenSigner(clock),
    campusCards: cards,
    config,
    dataDir: join(dataDir, 'hub'),
    clock,
    log:
      logFile === undefined
        ? createLog({ level: 'silent' })
        : createLog({ level: 'info', destination: pino.destination(logFile) }),
    demo: true,
    transports: systemTransports({ clock, memoryLines: floor.lines }),
    protocols: [
      ...builtInProtocols.filter(({ name }) => name !== 'ipp' && name !== 'audio-out'),
      floor.counter.audioOut,
      ippProtocol({ connect: (name) => floor.printers.get(name)?.connect() }),
    ],
  }).catch(async (error: unknown) => {
    await hall.close();
    secrets.release();
    throw error;
  });
  floorRoutes({ hub, hall, floor, payments: cards.payments });
  await floor.start();
  await hub.listen().catch(async (error: unknown) => {
    await floor.stop();
    await hall.close();
    secrets.release();
    throw error;
  });
  return {
    hub,
    hall,
    floor,
    close: async () => {
      await hub.close();
      await floor.stop();
      await hall.close();
      cards.close();
      secrets.release();
    },
  };
}

/** `hallhub demo`. */
export async function runDemo(env: Environment): Promise<number> {
  const port = portOf(env['HALLHUB_HTTP_PORT'], 8080);
  const dataDir = resolve(env['HALLHUB_DATA_DIR'] ?? 'data');
  const logFile = join(dataDir, 'hub.log');
  const demo = await startDemo({
    dataDir,
    logFile,
    port,
    hallPort: portOf(env['HALLHUB_HALL_PORT'], port === 0 ? 0 : port + 1),
  });
  const { hub, hall } = demo;
  const token = hub.staff.firstOperatorToken();
  const lines = [
    '',
    '  hallhub 演示已启动 / The demo is running',
    '',
    `  演示大厅 / Hall floor        ${hub.url}/floor`,
    `  网上办事大厅 / Online hall   ${hall.url}`,
    ...hub.selfService.kiosks
      .list()
      .map(
        ({ id }) => `  自助机 / Kiosk               ${hub.url}/kiosk/${id}#token=${hub.selfService.kiosks.token(id)}`,
      ),
    token === undefined
      ? `  工作人员 / Staff             ${hub.url}/login`
      : `  首位管理员 / First operator  ${hub.url}/join#token=${token}`,
    '',
    `  日志 / Log                   ${logFile}`,
    '',
    '  Ctrl-C 结束 / ends it. 数据保留 / State is kept.',
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  await untilStopped();
  process.stdout.write('\n  正在结束 / Stopping …\n');
  await demo.close();
  return 0;
}

function portOf(text: string | undefined, otherwise: number): number {
  if (text === undefined || text === '') return otherwise;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port < 65_536) return port;
  throw new FailureError({ code: 'E-CONF-0102', detail: `"${text}" is no port` });
}
