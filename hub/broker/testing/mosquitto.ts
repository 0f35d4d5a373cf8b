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

/** The broker of {@link startMosquitto}, and the files that a hub's configuration names. */
interface RunningMosquitto extends RunningBroker {
  readonly kind: 'mosquitto';
  readonly url: string;
  readonly passwordFile: string;
  readonly caFile: string;
  /** Kills it without a chance to say good-bye. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

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
export async function startMosquitto(): Promise<RunningMosquitto> {
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
  const passwordFile = join(folder, 'broker.password');
  writeFileSync(passwordFile, HUB_PASSWORD, { mode: 0o600 });
  const caFile = join(folder, 'broker-ca.pem');
  writeFileSync(caFile, ca);
  const kill = (): Promise<void> => running.kill();
  return {
    kind: 'mosquitto',
    url: `mqtts://127.0.0.1:${port}`,
    passwordFile,
    caFile,
    kill,
    start: async () => {
      running = await start();
    },
    broker: { urls: [`mqtts://127.0.0.1:${port}`], username: 'hub', password: HUB_PASSWORD, ca },
    restart: async () => {
      await running.kill();
      running = await start();
    },
    stop: kill,
  };
}
