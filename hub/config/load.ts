import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Document } from 'yaml';
import { LineCounter, isMap, parseDocument } from 'yaml';
import type { z } from 'zod';
import { airLockMistake } from './deciding.ts';
import { GATE_PARTS } from './gates.ts';
import { KIOSK_PARTS } from './kiosks.ts';
import { lockerMistakes } from './lockers.ts';
import { queueMistakes } from './queue.ts';
import type { Config } from './schema.ts';
import { configSchema } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A mistake in the file: where it is, and what was expected there. Lines count from 1. */
interface Mistake {
  readonly line: number;
  readonly path: string;
  readonly message: string;
}

/**
 * Reads and checks a configuration file. `HALLHUB_HTTP_PORT` overrides `http.port`; relative file names inside are taken
 * from the file's own folder.
 *
 * Errors: `E-CONF-0101` unreadable, `E-CONF-0102` mistakes, one `line N: path: what was expected` each.
 */
export function loadConfig(file: string, env: Environment): Result<Config> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    return failure('E-CONF-0101', `${file}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const checked = checkConfig(text, env);
  if (!checked.ok) return failure('E-CONF-0102', `${file}\n${checked.error.map(describe).join('\n')}`);
  const resolved = resolveFiles(checked.value, dirname(resolve(file)));
  const unreadable = filesOf(resolved).filter((name) => !isReadable(name));
  return unreadable.length > 0
    ? failure(
        'E-CONF-0102',
        `${file}\n${unreadable.map((name) => `  ${name} is named there and cannot be read`).join('\n')}`,
      )
    : ok(resolved);
}

export function checkConfig(text: string, env: Environment): Result<Config, readonly Mistake[]> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    return {
      ok: false,
      error: document.errors.map((error) => ({
        line: lines.linePos(error.pos[0]).line,
        path: '(yaml)',
        message: error.message.split('\n')[0] ?? 'not YAML',
      })),
    };
  }
  const plain = toPlain(document, env['HALLHUB_HTTP_PORT']);
  if (!plain.ok) return { ok: false, error: [{ line: 1, path: '(yaml)', message: plain.error }] };
  const parsed = configSchema.safeParse(plain.value);
  if (!parsed.success)
    return { ok: false, error: parsed.error.issues.flatMap((issue) => mistakes(issue, document, lines)) };
  const dangling = crossReferences(parsed.data).map(({ path, message }) => ({
    line: lineOf(path, document, lines),
    path: path.join('.'),
    message,
  }));
  return dangling.length > 0 ? { ok: false, error: dangling } : ok(parsed.data);
}

/** The file's values with the port of the environment in place. YAML can be well-formed and still not resolve. */
function toPlain(document: Document, port: string | undefined): Result<unknown, string> {
  try {
    if (port !== undefined && port !== '' && isMap(document.contents)) document.setIn(['http', 'port'], Number(port));
    return ok(document.toJS() ?? {});
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

const describe = ({ line, path, message }: Mistake): string => `  line ${line}: ${path}: ${message}`;

type Path = readonly (string | number)[];

function mistakes(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): Mistake[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      line: lineOf([...path, key], document, lines),
      path: [...path, key].join('.'),
      message: 'unknown key',
    }));
  }
  return [{ line: lineOf(path, document, lines), path: path.join('.') || '(top)', message: issue.message }];
}

/** The line of the value at `path`, or of its nearest parent that stands in the file. */
function lineOf(path: Path, document: Document, lines: LineCounter): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)) {
      return lines.linePos(Number(node.range[0])).line;
    }
  }
  return 1;
}

/** Names that point at something which the file does not define, and names defined twice. */
function crossReferences(config: Config): { readonly path: Path; readonly message: string }[] {
  const found: { path: Path; message: string }[] = [];
  const unique = (list: 'agents' | 'devices' | 'areas' | 'gates' | 'kiosks'): Set<string> => {
    const seen = new Set<string>();
    config[list].forEach(({ id }, index) => {
      if (seen.has(id)) found.push({ path: [list, index, 'id'], message: `"${id}" is used twice in ${list}` });
      seen.add(id);
    });
    return seen;
  };
  const agents = unique('agents');
  const devices = unique('devices');
  const areas = unique('areas');
  const gates = unique('gates');
  const kiosks = unique('kiosks');
  const points = config.attendance.checkIn.map(({ id }) => id);
  points.forEach((id, index) => {
    if (points.indexOf(id) !== index)
      found.push({ path: ['attendance', 'checkIn', index, 'id'], message: `"${id}" is used twice in checkIn` });
  });
  const need = (known: Set<string>, value: string | undefined, path: Path, what: string): void => {
    if (value !== undefined && !known.has(value)) found.push({ path, message: `no ${what} has the id "${value}"` });
  };
  config.agents.forEach(({ id }, index) => {
    // Both are names on the broker.
    if (devices.has(id)) found.push({ path: ['agents', index, 'id'], message: `"${id}" is a device, too` });
  });
  config.devices.forEach(({ agent, transport }, index) => {
    need(agents, agent, ['devices', index, 'agent'], 'agent');
    if (agent !== undefined && transport.kind === 'memory')
      found.push({ path: ['devices', index, 'transport'], message: 'an in-memory line ends at this process' });
    if (agent !== undefined && transport.kind === 'mqtt')
      found.push({ path: ['devices', index, 'agent'], message: "a device on the hub's broker hangs on no agent" });
  });
  config.gates.forEach((gate, index) => {
    need(areas, gate.area, ['gates', index, 'area'], 'area');
    for (const part of GATE_PARTS) need(devices, gate[part], ['gates', index, part], 'device');
    gate.interlock.forEach((other, at) => {
      const path = ['gates', index, 'interlock', at];
      need(gates, other, path, 'gate');
      const twin = config.gates.find(({ id }) => id === other);
      const mistake = twin && airLockMistake(gate, twin, config.devices);
      if (mistake !== undefined) found.push({ path, message: mistake });
    });
    if (
      [gate.reader, gate.scanner, gate.plateReader, gate.faceTerminal, gate.terminal].every(
        (part) => part === undefined,
      )
    )
      found.push({
        path: ['gates', index],
        message: 'nothing to show a credential to: give a reader, scanner or camera',
      });
  });
  const channels = new Set(config.notifications.channels.map(({ id }) => id));
  config.notifications.gateAlarms.forEach((name, index) => {
    need(channels, name, ['notifications', 'gateAlarms', index], 'channel');
  });
  config.selfService.alerts.forEach(({ channel }, index) => {
    need(channels, channel, ['selfService', 'alerts', index, 'channel'], 'channel');
  });
  need(channels, config.selfService.oneTimeCodes?.channel, ['selfService', 'oneTimeCodes', 'channel'], 'channel');
  const shut = new Set(config.areas.filter(({ curfew }) => curfew).map(({ id }) => id));
  config.attendance.buildings.forEach((building, index) => {
    need(shut, building.area, ['attendance', 'buildings', index, 'area'], 'area with a curfew');
    if (config.attendance.buildings.findIndex(({ area }) => area === building.area) !== index)
      found.push({ path: ['attendance', 'buildings', index, 'area'], message: `"${building.area}" is there twice` });
    for (const list of ['digest', 'alerts'] as const)
      building[list].forEach(({ channel }, at) => {
        need(channels, channel, ['attendance', 'buildings', index, list, at, 'channel'], 'channel');
      });
  });
  const elsewhere = new Map<string | undefined, string>([
    ...config.gates.flatMap((gate) => GATE_PARTS.map((part) => [gate[part], `the gate "${gate.id}"`] as const)),
    ...config.kiosks.flatMap((kiosk) => KIOSK_PARTS.map((part) => [kiosk[part], `the kiosk "${kiosk.id}"`] as const)),
  ]);
  config.attendance.checkIn.forEach(({ id: point, area, devices: own }, index) => {
    need(areas, area, ['attendance', 'checkIn', index, 'area'], 'area');
    own.forEach((device, at) => {
      const path = ['attendance', 'checkIn', index, 'devices', at];
      need(devices, device, path, 'device');
      // What somebody shows there would be an entry here, or a check-in there.
      const other = elsewhere.get(device);
      if (other !== undefined) found.push({ path, message: `"${device}" belongs to ${other}` });
      elsewhere.set(device, `the check-in point "${point}"`);
    });
  });
  config.homeAssistant.allow.forEach(({ device, capability }, index) => {
    const path = ['homeAssistant', 'allow', index, 'device'];
    if (device !== '*') need(devices, device, path, 'device');
    else if (capability === 'barrier') found.push({ path, message: 'name the barrier that may be opened from there' });
  });
  config.kiosks.forEach((kiosk, index) => {
    for (const part of KIOSK_PARTS) need(devices, kiosk[part], ['kiosks', index, part], 'device');
    need(agents, kiosk.agent, ['kiosks', index, 'agent'], 'agent');
    kiosk.elsewhere.forEach((other, at) => {
      need(kiosks, other, ['kiosks', index, 'elsewhere', at], 'kiosk');
    });
    if (kiosk.modes.includes('print') && kiosk.printer === undefined)
      found.push({ path: ['kiosks', index], message: 'it prints certificates, and has no printer' });
  });
  for (const { path, message } of queueMistakes(config.queue.halls, { devices, kiosks }))
    found.push({ path: ['queue', 'halls', ...path], message });
  for (const { path, message } of lockerMistakes(config.lockers, { hub: config.hub.id, agents, devices, channels }))
    found.push({ path: ['lockers', ...path], message });
  if ((config.hall.token === undefined) === (config.hall.tokenFile === undefined)) {
    found.push({ path: ['hall'], message: 'give either token or tokenFile' });
  }
  const hallUrl = new URL(config.hall.url);
  if (hallUrl.protocol !== 'https:' && !isLoopback(hallUrl.hostname)) {
    found.push({ path: ['hall', 'url'], message: 'https only: the token would travel in the open' });
  }
  const { site } = config.certificates.verification;
  if (site && !site.url.startsWith('https:') && !isLoopback(new URL(site.url).hostname)) {
    const path = ['certificates', 'verification', 'site', 'url'];
    found.push({ path, message: 'https only: the token would travel in the open' });
  }
  if (config.http.tls.mode === 'off' && !isLoopback(config.http.host)) {
    found.push({ path: ['http', 'tls'], message: 'plain HTTP is for loopback only; use own-ca or files' });
  }
  found.push(...brokerMistakes(config.mqtt));
  if (config.mqtt.broker === 'embedded' && config.mqtt.tls === 'off' && !isLoopback(config.mqtt.host)) {
    found.push({ path: ['mqtt', 'tls'], message: 'plain MQTT is for loopback only; use own-ca' });
  }
  return found;
}

/** What a broker outside needs, and what has no sense with the one inside. */
function brokerMistakes(mqtt: Config['mqtt']): { readonly path: Path; readonly message: string }[] {
  const mistake = (key: string, message: string) => ({ path: ['mqtt', key], message });
  const keys = ['url', 'user', 'passwordFile'] as const;
  if (mqtt.broker === 'embedded') {
    return [...keys, 'caFile' as const, 'managementUrl' as const]
      .filter((key) => mqtt[key] !== undefined)
      .map((key) => mistake(key, 'only for a broker outside: say which with mqtt.broker'));
  }
  const missing = [...keys, ...(mqtt.broker === 'rabbitmq' ? (['managementUrl'] as const) : [])]
    .filter((key) => mqtt[key] === undefined)
    .map((key) => mistake('broker', `${mqtt.broker} needs mqtt.${key}`));
  const open = (['url', 'managementUrl'] as const)
    .filter((key) => mqtt[key]?.some((url) => /^(mqtt|http):/.test(url) && !isLoopback(new URL(url).hostname)))
    .map((key) => mistake(key, 'TLS only: passwords would travel in the open'));
  return [...missing, ...open];
}

function filesOf({ hall, http, certificates, lockers, mqtt }: Config): readonly string[] {
  const tls = http.tls.mode === 'files' ? [http.tls.certFile, http.tls.keyFile] : [];
  const { signing } = certificates;
  const keys =
    signing?.kind === 'pkcs12' ? [signing.file, signing.passwordFile] : signing && [signing.module, signing.pinFile];
  return [
    ...[
      hall.tokenFile,
      hall.caFile,
      certificates.fallbackFontFile,
      certificates.templates,
      mqtt.passwordFile,
      mqtt.caFile,
      certificates.verification.site?.tokenFile,
      certificates.verification.site?.caFile,
      ...lockers.peers.map(({ caFile }) => caFile),
      ...lockers.busBoxes.map(({ keyFile }) => keyFile),
    ],
    ...Object.values(certificates.fonts).flatMap(({ regular, bold }) => [
      regular,
      ...(bold === undefined ? [] : [bold]),
    ]),
    ...[...tls, ...(keys ?? []), ...certificates.verification.trust],
  ].filter((name) => name !== undefined);
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

function resolveFiles(config: Config, folder: string): Config {
  const from = (name: string | undefined): string | undefined =>
    name === undefined ? undefined : resolve(folder, name);
  const tokenFile = from(config.hall.tokenFile);
  const caFile = from(config.hall.caFile);
  const fallbackFontFile = from(config.certificates.fallbackFontFile);
  const templates = from(config.certificates.templates);
  const passwordFile = from(config.mqtt.passwordFile);
  const brokerCaFile = from(config.mqtt.caFile);
  const { tls } = config.http;
  const { signing } = config.certificates;
  const { site } = config.certificates.verification;
  return {
    ...config,
    http: {
      ...config.http,
      tls:
        tls.mode === 'files'
          ? { ...tls, certFile: resolve(folder, tls.certFile), keyFile: resolve(folder, tls.keyFile) }
          : tls,
    },
    mqtt: { ...config.mqtt, ...(passwordFile && { passwordFile }), ...(brokerCaFile && { caFile: brokerCaFile }) },
    hall: { ...config.hall, ...(tokenFile && { tokenFile }), ...(caFile && { caFile }) },
    lockers: {
      ...config.lockers,
      peers: config.lockers.peers.map((peer) => ({
        ...peer,
        ...(peer.caFile !== undefined && { caFile: resolve(folder, peer.caFile) }),
      })),
      busBoxes: config.lockers.busBoxes.map((box) => ({ ...box, keyFile: resolve(folder, box.keyFile) })),
    },
    certificates: {
      ...config.certificates,
      fonts: Object.fromEntries(
        Object.entries(config.certificates.fonts).map(([name, { regular, bold }]) => [
          name,
          { regular: resolve(folder, regular), ...(bold !== undefined && { bold: resolve(folder, bold) }) },
        ]),
      ),
      ...(fallbackFontFile && { fallbackFontFile }),
      ...(templates && { templates }),
      verification: {
        ...config.certificates.verification,
        trust: config.certificates.verification.trust.map((file) => resolve(folder, file)),
        ...(site && {
          site: {
            ...site,
            tokenFile: resolve(folder, site.tokenFile),
            ...(site.caFile !== undefined && { caFile: resolve(folder, site.caFile) }),
          },
        }),
      },
      ...(signing && { signing: signingFrom(signing, folder) }),
    },
  };
}

type Signing = NonNullable<Config['certificates']['signing']>;
const signingFrom = (signing: Signing, folder: string): Signing =>
  signing.kind === 'pkcs12'
    ? { ...signing, file: resolve(folder, signing.file), passwordFile: resolve(folder, signing.passwordFile) }
    : { ...signing, module: resolve(folder, signing.module), pinFile: resolve(folder, signing.pinFile) };
