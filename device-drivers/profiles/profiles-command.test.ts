import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBundle } from '@hallhub/firmware-profiles/bundle';
import {
  builtInFiles,
  builtInProfiles,
  catalogueOf,
  loadProfiles,
  loadVectors,
} from '@hallhub/firmware-profiles/schema';
import { type EpochMs, ms, ok, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { createPtyPair } from '../kit/testing/index.ts';
import { createReaderSimulator } from '../protocols/resident-id/index.ts';
import { createSerialTransport } from '../transports/index.ts';
import { createBundleKey, writeBundle } from './bundle-command.ts';
import { checkProfiles } from './check.ts';
import { devicesPage, devicesPageFile } from './devices-page.ts';
import { newProfile } from './new.ts';
import { probe } from './probe.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'profiles-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('profiles check', () => {
  const board = {
    label: { zh: '测试板', en: 'Test board' },
    protocol: 'modbus-rtu',
    transport: { kind: 'serial', baudRate: 9600 },
    params: { unit: 1, relay: { in: 0 } },
    capabilities: ['barrier'],
    evidence: ['vectors'],
    sources: ['this test'],
  };
  const vector = {
    name: 'relay 0 on',
    direction: 'request',
    hex: '01050000ff008c3a',
    message: { function: 'write-coil', unit: 1, address: 0, on: true },
  };
  const reply = {
    name: 'relay 0 was switched',
    direction: 'reply',
    hex: '01050000ff008c3a',
    message: { request: vector.message },
  };
  const check = async (profile: object, ...vectors: object[]): Promise<readonly string[]> => {
    const catalogue = unwrap(
      catalogueOf(
        new Map([
          ['generic/test.json', JSON.stringify(profile)],
          ['generic/test.vectors.json', '{}'],
        ]),
      ),
    );
    const reports = await checkProfiles({ catalogue, vectorsOf: () => ok(vectors as never) });
    return reports.filter(({ ok: holds }) => !holds).map(({ check: name, detail = '' }) => `${name}: ${detail}`);
  };

  it('finds nothing wrong with a good profile', async () => {
    expect(await check(board, vector, reply)).toEqual([]);
  });

  it.each([
    ['a wrong vector', board, { ...vector, hex: '01050000ff008c3b' }, /^vector, request: relay 0 on: /],
    ['a promise that is not kept', { ...board, capabilities: ['barrier', 'passageSensor'] }, vector, /promises/],
    [
      'parameters that the protocol refuses',
      { ...board, params: { relay: { in: -1 } } },
      vector,
      /refuses these parameters/,
    ],
    ['a protocol that nobody speaks', { ...board, protocol: 'telepathy' }, vector, /no protocol telepathy/],
    ['a Chinese label that is none', { ...board, label: { zh: 'Board', en: 'Board' } }, vector, /Chinese text without/],
    ['a model without a vendor', { ...board, model: 'X-1' }, vector, /a model without its vendor/],
    ['a peer of which no run is told', { ...board, evidence: ['vectors', 'peer'] }, vector, /evidence of a peer/],
    ['a capability twice', { ...board, capabilities: ['barrier', 'barrier'] }, vector, /twice/],
    [
      'a condition that can never hold',
      { ...board, conditions: [{ firmware: { from: '2', below: '1' }, params: {} }] },
      vector,
      /no firmware is from 2/,
    ],
    [
      'a dependence on a firmware that nobody can ask for',
      { ...board, firmware: { from: '2' } },
      vector,
      /without the capability `firmware`/,
    ],
  ])('names %s', async (_what, profile, given, complaint) => {
    expect((await check(profile, given, reply)).join('\n')).toMatch(complaint);
  });
});

describe('profiles new', () => {
  const run = async (...answers: string[]): Promise<{ files: readonly string[]; said: string }> => {
    const input = new PassThrough();
    const output = new PassThrough();
    let said = '';
    output.on('data', (bytes: Buffer) => (said += bytes.toString()));
    input.end(`${answers.join('\n')}\n`);
    const files = await newProfile({
      ...{ folder, input, output, catalogue: builtInProfiles() },
      vectorsOf: (id) => loadVectors(id),
    });
    return { files, said };
  };
  const answers = [
    ...['generic', 'Test Board', 'test-board', 'Board', '测试板', 'Test board', 'telepathy', 'modbus-rtu'],
    ...['generic/escpos-58mm', 'generic/modbus-relay-flash', 'fast', '19200', 'a manual'],
  ];

  it('asks again until an answer makes sense, and writes two files that load', async () => {
    const { files, said } = await run(...answers);
    expect(files).toEqual([join(folder, 'generic/test-board.json'), join(folder, 'generic/test-board.vectors.json')]);
    expect(said).toContain('请用中文');
    const loaded = unwrap(loadProfiles(folder)).get('generic/test-board');
    expect(loaded).toMatchObject({
      label: { zh: '测试板', en: 'Test board' },
      transport: { kind: 'serial', baudRate: 19_200 },
      capabilities: ['barrier', 'passageSensor'],
      sources: ['a manual'],
    });
  });

  it('writes files that hold in every check as they are', { timeout: 60_000 }, async () => {
    await run(...answers);
    const reports = await checkProfiles({
      catalogue: unwrap(loadProfiles(folder)),
      vectorsOf: (id) => loadVectors(id, folder),
    });
    expect(reports.filter(({ ok: holds }) => !holds)).toEqual([]);
    expect(reports.length).toBeGreaterThan(20);
  });

  it('never overwrites, and gives up when the answers end', async () => {
    await run(...answers);
    await expect(run(...answers)).rejects.toThrow('is there already');
    await expect(run('generic')).rejects.toThrow('answers ended');
  });
});

describe('profiles probe', () => {
  const clock = systemClock({ mode: 'test' });

  it('says who answers on a port, and gives nobody an order', { timeout: 120_000 }, async () => {
    const pty = await createPtyPair();
    const reader = createReaderSimulator({
      transport: createSerialTransport({ path: pty.b, baudRate: 115_200 }),
      clock,
    });
    await reader.start();
    const all = builtInProfiles();
    const serial = [
      'generic/resident-id-serial',
      'generic/modbus-relay-flash',
      'generic/escpos-80mm',
      'generic/osdp-reader',
    ];
    const probed = await probe({
      port: pty.a,
      catalogue: { get: (id) => all.get(id), list: () => all.list().filter(({ id }) => serial.includes(id)) },
      clock,
      random: systemRandom,
      within: ms(2_500),
    });
    const answers = unwrap(probed);
    expect(answers).toHaveLength(4);
    expect(answers.filter(({ result }) => result === 'answers').map(({ profile }) => profile)).toEqual([
      'generic/resident-id-serial',
    ]);
    await reader.stop();
    await pty.close();
  });

  it('writes nothing that sets a device up: a printer hears questions for its status and no more', async () => {
    const pty = await createPtyPair();
    const line = createSerialTransport({ path: pty.b, baudRate: 9_600 });
    const heard: number[] = [];
    line.onData((bytes) => {
      heard.push(...bytes);
    });
    unwrap(await line.open());
    const [printer, scanner] = ['generic/escpos-80mm', 'newland/hr15'].map((id) => builtInProfiles().get(id));
    if (!printer || !scanner) throw new Error('the profiles are gone');
    const telling = { ...printer, params: { ...printer.params, status: 'asb' } };
    const probed = await probe({
      port: pty.a,
      catalogue: { get: () => undefined, list: () => [telling, scanner] },
      clock,
      random: systemRandom,
      within: ms(1_500),
    });
    expect(unwrap(probed).map(({ result }) => result)).toEqual(['silent', 'listens']);
    // DLE EOT n, again and again.
    expect(Buffer.from(heard).toString('hex')).toMatch(/^(1004(01|02|04))+$/);
    await line.close();
    await pty.close();
  });

  it('says of a port that is not there that it cannot be opened, and nothing of the profiles', async () => {
    const told: unknown[] = [];
    // Some of them are asked, some only listened to.
    const isOfCounters = ({ protocol }: { readonly protocol: string }): boolean =>
      protocol === 'serial-panel' || protocol === 'onbon-bx';
    const probed = await probe({
      port: join(folder, 'no-such-port'),
      catalogue: { get: () => undefined, list: () => builtInProfiles().list().filter(isOfCounters) },
      clock,
      random: systemRandom,
      within: ms(200),
      on: (answer) => told.push(answer),
    });
    expect(probed).toMatchObject({ ok: false, error: { code: 'E-DEV-0101' } });
    expect(told).toEqual([]);
  });
});

describe('the command line', () => {
  const command = (...more: string[]): Promise<{ code: number | null; out: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...more]);
      let out = '';
      child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
      child.stderr.on('data', (bytes: Buffer) => (out += bytes.toString()));
      child.once('close', (code) => {
        resolve({ code, out });
      });
    });

  it('checks, and says how it went', { timeout: 60_000 }, async () => {
    expect(await command('check', 'resident-id-serial')).toMatchObject({
      code: 0,
      out: expect.stringMatching(
        /ok {3}generic\/resident-id-serial .*\n(?: {7}.*\n)* {7}a device that is wrong-address: not applicable: .*\n[^]*all hold/,
      ) as string,
    });
    expect(await command('check', 'no-such-model')).toMatchObject({
      code: 1,
      out: expect.stringContaining('no-such-model') as string,
    });
    expect(await command('dance')).toMatchObject({ code: 64, out: expect.stringContaining('probe <port>') as string });
  });
});

describe('profiles keygen and bundle', () => {
  it('make a bundle that the printed key opens, and never overwrite a key', () => {
    const keyFile = join(folder, 'maker.pem');
    const publicKey = createBundleKey(keyFile);
    expect(() => createBundleKey(keyFile)).toThrow('EEXIST');
    const out = join(folder, 'profiles.bundle');
    writeBundle({ version: '2026.11', keyId: 'maker', keyFile, out, now: 1 as EpochMs });
    const opened = openBundle(readFileSync(out), { maker: publicKey });
    expect(opened).toMatchObject({ ok: true, value: { version: '2026.11', keyId: 'maker' } });
    expect(opened.ok && opened.value.files.size).toBe(builtInFiles().size);
  });
});

describe('docs/devices.md', () => {
  it('is what the profiles give (npm run profiles -- docs)', () => {
    expect(readFileSync(devicesPageFile, 'utf8')).toBe(devicesPage(builtInProfiles()));
  });
});
