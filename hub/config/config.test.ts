import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkConfig, loadConfig, parseDuration } from './index.ts';
import { configJsonSchema } from './json-schema.ts';

const GOOD = `hub:
  id: hub-south
  label: { zh: 南校区, en: South campus }
  campus: south
hall:
  url: https://hall.example.edu
  token: 0123456789abcdef
  keys: { k1: GbxnUWg3wj1mzTVeO65dFqEaX2ZJc1x5uUqB1mJ1O0E= }
areas:
  - id: campus
    label: { zh: 校园, en: Campus }
    maxStaleness: 4h
devices:
  - { id: reader, profile: p, transport: { kind: memory, name: r }, label: { zh: 读卡器, en: Reader } }
gates:
  - { id: south, label: { zh: 南门, en: South }, area: campus, reader: reader, barrier: reader }
`;

describe('configuration', () => {
  it('fills in what the file leaves out', () => {
    const config = checkConfig(GOOD, {});
    expect(config).toMatchObject({
      ok: true,
      value: {
        http: { port: 8080, tls: { mode: 'own-ca' } },
        areas: [{ maxStaleness: 14_400_000 }],
        gates: [{ hold: 700 }],
      },
    });
  });

  it('takes a key of the hall raw or as SPKI', () => {
    const spki = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
    const key = (text: string) => {
      const config = checkConfig(GOOD.replace(/k1: \S+/, `k1: ${text}`), {});
      return config.ok && config.value.hall.keys['k1'];
    };
    const raw = spki.subarray(12).toString('base64');
    expect([key(spki.toString('base64')), key(raw)]).toEqual([raw, raw]);
  });

  it('names a file that cannot be read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hallhub-config-'));
    const file = join(folder, 'hallhub.yaml');
    writeFileSync(file, GOOD.replace('token: 0123456789abcdef', 'tokenFile: hall.token'));
    expect(loadConfig(file, {})).toMatchObject({
      ok: false,
      error: { code: 'E-CONF-0102', detail: expect.stringContaining('hall.token') as string },
    });
    writeFileSync(join(folder, 'hall.token'), 'x');
    expect(loadConfig(file, {})).toMatchObject({
      ok: true,
      value: { hall: { tokenFile: join(folder, 'hall.token') } },
    });
    expect(loadConfig(join(folder, 'none.yaml'), {})).toMatchObject({ ok: false, error: { code: 'E-CONF-0101' } });
  });

  it('takes the port from the environment', () => {
    expect(checkConfig(GOOD, { HALLHUB_HTTP_PORT: '9090' })).toMatchObject({
      ok: true,
      value: { http: { port: 9090 } },
    });
    expect(checkConfig(GOOD, { HALLHUB_HTTP_PORT: 'ninety' })).toMatchObject({
      ok: false,
      error: [{ path: 'http.port' }],
    });
  });

  it('takes a broker outside, one address or several', () => {
    const outside = (more: string) =>
      checkConfig(`${GOOD}mqtt:\n  user: hub\n  passwordFile: broker.password\n${more}`, {});
    expect(outside('  broker: mosquitto\n  url: mqtts://broker.example.edu:8883\n')).toMatchObject({
      ok: true,
      value: { mqtt: { broker: 'mosquitto', url: ['mqtts://broker.example.edu:8883'], guests: [] } },
    });
    const cluster = '  broker: rabbitmq\n  url: [mqtts://a:8883, mqtts://b:8883]\n';
    expect(outside(`${cluster}  managementUrl: https://a:15671\n`)).toMatchObject({
      ok: true,
      value: { mqtt: { url: ['mqtts://a:8883', 'mqtts://b:8883'], managementUrl: ['https://a:15671'] } },
    });
    expect(outside(cluster)).toMatchObject({ ok: false, error: [{ message: 'rabbitmq needs mqtt.managementUrl' }] });
    expect(outside('')).toMatchObject({ ok: false, error: [{ path: 'mqtt.user' }, { path: 'mqtt.passwordFile' }] });
    expect(outside('  broker: mosquitto\n  url: mqtt://broker.example.edu\n')).toMatchObject({
      ok: false,
      error: [{ path: 'mqtt.url', message: expect.stringContaining('TLS only') as string }],
    });
  });

  it.each([
    ['an unknown key', GOOD.replace('    maxStaleness: 4h', '    maxStalness: 4h'), 12, /unknown key/],
    ['a wrong type', GOOD.replace('id: hub-south', 'id: 7'), 2, /string/],
    ['a duration without a unit', GOOD.replace('4h', '"4"'), 12, /duration/],
    ['a reference to nothing', GOOD.replace('area: campus,', 'area: nowhere,'), 16, /no area has the id "nowhere"/],
    [
      'a name used twice',
      GOOD.replace(
        'gates:',
        '  - { id: reader, profile: p, transport: { kind: memory, name: r }, label: { zh: 读, en: R } }\ngates:',
      ),
      15,
      /used twice/,
    ],
    ['broken YAML', GOOD.replace('url: https', 'url: [https'), 7, /./],
    ['plain HTTP beyond loopback', `${GOOD}http:\n  host: 0.0.0.0\n  tls: { mode: 'off' }\n`, 19, /loopback only/],
    ['a key that is none', GOOD.replace('GbxnUWg3', 'Gbxn'), 8, /Ed25519/],
    ['a hall in the open', GOOD.replace('https://hall', 'http://hall'), 6, /https only/],
    ['no token at all', GOOD.replace('  token: 0123456789abcdef\n', ''), 6, /token or tokenFile/],
  ])('names the line and what was expected: %s', (_, text, line, message) => {
    const result = checkConfig(text, {});
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect(result.error[0]?.message).toMatch(message);
    expect(result.error[0]?.line).toBe(line);
  });

  it('refuses an air lock that nobody could keep, and says why', () => {
    const lock = (one: string, other: string, where = '') => {
      const gate = (id: string, more: string) =>
        `  - { id: ${id}, area: campus, reader: ${id}-door, barrier: ${id}-door, label: { zh: 门, en: G }${more} }\n`;
      const device = (id: string, more = '') =>
        `  - { id: ${id}, profile: p, transport: { kind: serial, path: /dev/${id} }, label: { zh: 门, en: D }${more} }\n`;
      const result = checkConfig(
        GOOD.replace('gates:', `${device('d1-door')}${device('d2-door', where)}gates:`) +
          gate('d1', `${one}, interlock: [d2]`) +
          gate('d2', other) +
          'agents:\n  - { id: east, label: { zh: 东, en: East } }\n',
        {},
      );
      return result.ok ? [] : result.error.map(({ path, message }) => `${path}: ${message}`);
    };
    const seen = (id: string) => `, passageSensor: ${id}-door`;
    expect(lock(seen('d1'), seen('d2'))).toEqual([]);
    expect(lock(seen('d1'), '')).toEqual([
      'gates.1.interlock.0: an air lock needs a passageSensor (a door contact, a counter) at both its gates; "d2" has none',
    ]);
    expect(lock(seen('d1'), seen('d2'), ', agent: east')).toEqual([
      'gates.1.interlock.0: "d1" and "d2" are decided in different places; hang the devices of both on one agent, or on the hub',
    ]);
  });

  it('lets a check-in point have no device that a gate, a kiosk or another point has', () => {
    const points = (...devices: readonly string[]) => {
      const point = (of: string, index: number) =>
        `    - { id: p${index}, label: { zh: 点, en: P }, devices: [${of}] }\n`;
      const spare =
        '  - { id: spare, profile: p, transport: { kind: memory, name: s }, label: { zh: 备, en: S } }\ngates:';
      const text = `${GOOD.replace('gates:', spare)}attendance:\n  checkIn:\n${devices.map(point).join('')}`;
      const result = checkConfig(text, {});
      return result.ok ? [] : result.error.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(points('spare')).toEqual([]);
    expect(points('nothing')).toEqual(['attendance.checkIn.0.devices.0: no device has the id "nothing"']);
    expect(points('reader')).toEqual(['attendance.checkIn.0.devices.0: "reader" belongs to the gate "south"']);
    expect(points('spare', 'spare')).toEqual([
      'attendance.checkIn.1.devices.0: "spare" belongs to the check-in point "p0"',
    ]);
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(checkConfig(text, {}).ok).toBe(false);
      }),
    );
  });

  it('reads durations', () => {
    expect([parseDuration('700ms'), parseDuration('2d'), parseDuration('4 h'), parseDuration('-1s')]).toEqual([
      700,
      172_800_000,
      undefined,
      undefined,
    ]);
  });
});

describe('what ships beside the schema', () => {
  const root = join(import.meta.dirname, '../..');

  it('is an example in which every key has its place', () => {
    const text = readFileSync(join(root, 'deploy/hallhub.example.yaml'), 'utf8');
    const keys = Object.keys((JSON.parse(configJsonSchema()) as { properties: object }).properties);
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) expect(text).toMatch(new RegExp(`^(# )?${key}:`, 'm'));
  });

  it('is an example that passes', () => {
    const text = readFileSync(join(root, 'deploy/hallhub.example.yaml'), 'utf8');
    expect(checkConfig(text, {})).toMatchObject({ ok: true });
  });

  it('is a JSON Schema for editors that says the same', () => {
    expect(JSON.parse(readFileSync(join(root, 'docs/config.schema.json'), 'utf8'))).toEqual(
      JSON.parse(configJsonSchema()),
    );
  });
});
