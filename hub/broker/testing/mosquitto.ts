import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { epochMs, manualClock } from '@hallhub/sync/base';
import { openDataDir } from '../../store/index.ts';
import { ownCertificate } from '../../tls/index.ts';
import type { ExternalBroker } from '../external.ts';
import { freePorts, startProcess, whenListening } from './process.ts';

const SHIPPED = join(import.meta.dirname, '../../../deploy/brokers/mosquitto/mosquitto.conf');
export const HUB_PASSWORD = 'a password for the tests';

export interface RunningBroker {
  readonly broker: ExternalBroker;
  /** Kills it without a chance to say good-bye and starts it again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A certificate for loopback, and the authority behind it. */
export async function testCertificate(): Promise<{ readonly key: string; readonly cert: string; readonly ca: string }> {
  const dir = openDataDir(mkdtempSync(join(tmpdir(), 'hallhub-broker-tls-')));
  const clock = manualClock(epochMs(Date.now()));
  const certificate = await ownCertificate({ dir, clock, names: [], hubId: 'hub-test' });
  dir.release();
  return certificate;
}

/** mosquitto with the configuration that ships, with other ports, folders and user. */
export async function startMosquitto(): Promise<RunningBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-mosquitto-'));
  const { key, cert, ca } = await testCertificate();
  const [port = 0] = await freePorts(1);
  mkdirSync(join(folder, 'certs'));
  writeFileSync(join(folder, 'certs/server.crt'), cert);
  writeFileSync(join(folder, 'certs/server.key'), key);
  const config = readFileSync(SHIPPED, 'utf8')
    .replace('listener 8883', `listener ${port} 127.0.0.1`)
    .replaceAll('/etc/mosquitto/', `${folder}/`)
    .replaceAll('/var/lib/mosquitto/', `${folder}/`);
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `${config}\nuser ${userInfo().username}\n`);
  execFileSync('mosquitto_ctrl', ['dynsec', 'init', join(folder, 'dynamic-security.json'), 'hub', HUB_PASSWORD]);

  const start = async () => {
    const running = await startProcess('/usr/sbin/mosquitto', ['-c', file]);
    await whenListening(port, running.output);
    return running;
  };
  let running = await start();
  return {
    broker: { urls: [`mqtts://127.0.0.1:${port}`], username: 'hub', password: HUB_PASSWORD, ca },
    restart: async () => {
      await running.kill();
      running = await start();
    },
    stop: () => running.kill(),
  };
}
