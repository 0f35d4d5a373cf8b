import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { type Result, failure, ok, systemClock } from '@hallhub/sync/base';
import { trustRoots } from '@hallhub/sync/verification';
import { type StandaloneSiteOptions, startVerifySite } from '@hallhub/sync/verify-site';
import { isLoopback, isNetwork } from './config/index.ts';
import { createLog } from './log.ts';
import { untilStopped } from './process.ts';
import { refuse } from './refuse.ts';

const USAGE = `hallhub verify-site --hub <id> --token-file <file> [options]

  The page on which anybody checks a paper, alone on a machine that the internet may reach. A hub tells it of its papers
  (certificates.verification.site of the hub's configuration); it connects to nobody.

  --hub <id>            the hub that may tell it of papers
  --token-file <file>   holds the token that this hub shows, at least 32 characters
  --host <address>      127.0.0.1
  --port <n>            8091
  --data <folder>       verify-data
  --cert, --key <pem>   TLS
  --trust-proxy <list>  plain HTTP behind these proxies: their addresses or networks, with commas between
  --trust <pem>         authorities whose signatures it believes; may stand several times
  --issuer-zh, --issuer-en <name>
                        who issues, above the page
  --time-zone <zone>    Asia/Shanghai
`;

type Given = Readonly<Partial<Record<string, string | readonly string[] | boolean>>>;
type Settings = Omit<StandaloneSiteOptions, 'clock' | 'onRefused' | 'fault'>;

/** `hallhub verify-site …`; resolves with the exit code. */
export async function verifySiteCommand(arguments_: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const settings = settingsOf(arguments_);
  if (!settings.ok) {
    process.stderr.write(USAGE);
    return refuse(settings.error.code, settings.error.detail);
  }
  const log = createLog({ level: env['HALLHUB_LOG_LEVEL'] ?? 'info' });
  const site = await startVerifySite({
    ...settings.value,
    clock: systemClock({ mode: 'production' }),
    onRefused: (counts) => {
      log.warn(counts, 'somebody asked the verify page too often');
    },
    fault: (error) => {
      log.error({ err: error }, 'a record could not be taken in');
    },
  });
  process.stdout.write(
    `The verify page: ${site.url}/verify\nFor the hub's configuration: ${site.keyId}: ${site.publicKey}\n`,
  );
  await untilStopped();
  await site.close();
  return 0;
}

/** Error: `E-VERIFY-0301` with what is wrong. */
export function settingsOf(arguments_: readonly string[]): Result<Settings> {
  const text = { type: 'string' } as const;
  const wrong = (detail: string): Result<never> => failure('E-VERIFY-0301', detail);
  let given: Given;
  try {
    given = parseArgs({
      args: [...arguments_],
      options: {
        hub: text,
        'token-file': text,
        host: text,
        port: text,
        data: text,
        cert: text,
        key: text,
        'trust-proxy': text,
        trust: { ...text, multiple: true },
        'issuer-zh': text,
        'issuer-en': text,
        'time-zone': text,
      },
    }).values;
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  const one = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined);
  const hub = one('hub');
  const tokenFile = one('token-file');
  if (hub === undefined || tokenFile === undefined) return wrong('--hub and --token-file are needed');
  const port = Number(one('port') ?? 8091);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) return wrong('--port: a number up to 65535');
  const host = one('host') ?? '127.0.0.1';
  const trustProxy = (one('trust-proxy') ?? '').split(',').filter((part) => part !== '');
  const odd = trustProxy.find((network) => !isNetwork(network));
  if (odd !== undefined) return wrong(`--trust-proxy: ${odd} is no address and no network`);
  const [cert, key] = [one('cert'), one('key')];
  if ((cert === undefined) !== (key === undefined)) return wrong('--cert and --key belong together');
  if (cert === undefined && trustProxy.length === 0 && !isLoopback(host)) {
    return wrong('plain HTTP is for loopback, or for behind a proxy: give --cert and --key, or --trust-proxy');
  }
  const timeZone = one('time-zone') ?? 'Asia/Shanghai';
  if (!isTimeZone(timeZone)) return wrong(`--time-zone: ${timeZone} is unknown`);
  try {
    const token = readFileSync(tokenFile, 'utf8').trim();
    if (token.length < 32) return wrong(`${tokenFile}: the token is shorter than 32 characters`);
    const trust = Array.isArray(given['trust']) ? (given['trust'] as readonly string[]) : [];
    return ok({
      dataDir: resolve(one('data') ?? 'verify-data'),
      host,
      port,
      trustProxy,
      hubs: [{ id: hub, token }],
      roots: trust.flatMap((file) => trustRoots(readFileSync(file, 'utf8'))),
      timeZone,
      issuer: { zh: one('issuer-zh') ?? '证明核验', en: one('issuer-en') ?? 'Certificate verification' },
      ...(cert !== undefined &&
        key !== undefined && { tls: { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } }),
    });
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
