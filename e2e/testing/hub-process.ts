import { join } from 'node:path';
import type { Program } from './program.ts';
import { runProgram } from './program.ts';

/** The launcher that users start. */
export const LAUNCHER = join(import.meta.dirname, '../../hub/bin/hallhub.mjs');

/** A hub in a process of its own. Every port is one that the system gave it. */
export interface HubProcess extends Program {
  readonly url: string;
  readonly mqttPort: number;
  /** Behind the `#` of a kiosk's page. */
  kioskToken(kioskId: string): Promise<string>;
  /** Behind the `#` of the one-time link. @throws when somebody may log in already. */
  firstOperatorToken(): Promise<string>;
}

export interface HubFiles {
  readonly configFile: string;
  readonly dataDir: string;
  /** One that the system chooses, where it is absent or 0. */
  readonly httpPort?: number;
}

/** `hallhub run`, not waited for. */
export function launchHub(options: HubFiles): Program {
  return runProgram({
    command: process.execPath,
    arguments: [LAUNCHER, 'run'],
    env: {
      HALLHUB_CONFIG: options.configFile,
      HALLHUB_DATA_DIR: options.dataDir,
      HALLHUB_HTTP_PORT: String(options.httpPort ?? 0),
      NODE_ENV: 'production',
    },
  });
}

/** `hallhub run`; resolves when the hub says that it is up. */
export async function startHub(files: HubFiles): Promise<HubProcess> {
  const program = launchHub(files);
  const line = await program.says(/^(.*"msg":"hub is up".*)$/m);
  const { url, mqttPort } = JSON.parse(line) as { url: string; mqttPort: number };
  return Object.assign(program, {
    url: loopback(url),
    mqttPort,
    kioskToken: (kioskId: string) => program.says(new RegExp(`/kiosk/${kioskId}#token=(\\S+)`)),
    firstOperatorToken: () => program.says(/\/join#token=(\S+)/),
  });
}

/** `localhost` may be another program's IPv6 socket on the same port. */
export const loopback = (url: string): string => url.replace('//localhost:', '//127.0.0.1:');
