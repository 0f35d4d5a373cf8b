import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Campus } from './testing/campus.ts';
import { freePort, startCampus } from './testing/campus.ts';
import type { HubProcess } from './testing/hub-process.ts';
import { LAUNCHER } from './testing/hub-process.ts';
import { approveCertificate, person } from './testing/people.ts';
import type { Program } from './testing/program.ts';
import { runProgram } from './testing/program.ts';
import { until } from './testing/until.ts';

/* The verification page as a command of its own, as it stands in a DMZ: told by the hub, behind a proxy. */

const TOKEN = 'the-token-of-the-site-in-the-dmz-of-this-test';
let folder: string;
let port: number;
let site: Program;
let key: string;
let campus: Campus;
let hub: HubProcess;

const dataDir = (): string => join(folder, 'site');
const tokenFile = (): string => join(folder, 'site.token');
async function startSite(): Promise<void> {
  const where = ['--port', String(port), '--data', dataDir(), '--trust-proxy', '127.0.0.1,10.9.0.0/16'];
  site = runProgram({
    command: process.execPath,
    arguments: [LAUNCHER, 'verify-site', '--hub', 'hub-south', '--token-file', tokenFile(), ...where],
  });
  key = await site.says(/^For the hub's configuration: (.+)$/m);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hallhub-site-'));
  writeFileSync(tokenFile(), `${TOKEN}\n`);
  port = await freePort();
  await startSite();
  const keys = `{ ${key} }`;
  const link = `{ url: 'http://127.0.0.1:${port}', tokenFile: ${tokenFile()}, keys: ${keys} }`;
  campus = await startCampus({ extra: { top: `certificates: { verification: { site: ${link} } }` } });
  hub = await campus.startHub();
}, 120_000);
afterAll(async () => {
  await campus.stop();
  await site.stop('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** What was issued, as the hall heard of it. */
const paper = (): string | undefined =>
  campus.hall.inbox
    .list({ limit: 100 })
    .flatMap(({ data }) => (data as { record?: { sha256: string } }).record?.sha256 ?? [])
    .at(-1);
const stateOf = async (path: string, from?: string): Promise<string> => {
  const headers = from === undefined ? {} : { 'x-forwarded-for': from };
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return /data-state="(\w+)"/.exec(await answer.text())?.[1] ?? `none (${answer.status})`;
};
const says = (sha256: string, state: string): Promise<unknown> =>
  until(`the site says ${state}`, async () => (await stateOf(`/verify/file/${sha256}`, '203.0.113.250')) === state);

describe('the site in the DMZ', { timeout: 120_000 }, () => {
  let request: string;
  let sha256: string;

  test('knows a paper once the hub has told it', async () => {
    request = approveCertificate(campus.hall, person('林知夏', 71), 2);
    sha256 = await until('the paper is made', paper);
    await says(sha256, 'valid');
  });

  test('hears what it missed while it was down', async () => {
    await site.stop('SIGKILL');
    campus.hall.requests.revoke(request, '申请撤回');
    await startSite();
    await says(sha256, 'revoked');
  });

  test('is told everything again when its disk was lost, under its new key', async () => {
    const old = key;
    await site.stop('SIGKILL');
    rmSync(dataDir(), { recursive: true });
    await startSite();
    expect(key).not.toBe(old);
    await hub.stop('SIGTERM');
    writeFileSync(campus.configFile, readFileSync(campus.configFile, 'utf8').replace(old, key));
    hub = await campus.startHub();
    await says(sha256, 'revoked');
  });

  test('takes records from nobody else, and answers nothing of the contract beyond them', async () => {
    const ask = async (path: string, init: RequestInit): Promise<number> =>
      (await fetch(`http://127.0.0.1:${port}${path}`, init)).status;
    const as = (token: string) => ({
      authorization: `Bearer ${token}`,
      'hallhub-hub': 'hub-south',
      'hallhub-epoch': '99',
      'hallhub-nonce': 'a-nonce-of-this-test',
    });
    const batch = { method: 'POST', headers: { ...as('wrong'), 'content-type': 'application/cloudevents-batch+json' } };
    expect(await ask('/v1/outcomes', { ...batch, body: '[]' })).toBe(401);
    expect(await ask('/v1/feed?cursor=x', { headers: as('wrong') })).toBe(401);
    expect(await ask('/v1/snapshot', {})).toBe(401);
  });

  test('counts people behind its proxy, each for themselves, and believes no address that a stranger puts in', async () => {
    const guess = (n: number, from: string) => stateOf(`/verify?code=0000-0000-0000-000${n % 10}`, from);
    const tries: string[] = [];
    for (let n = 0; n < 12; n += 1) tries.push(await guess(n, '198.51.100.7'));
    expect(tries.slice(0, 10)).toEqual(new Array(10).fill('unknown'));
    expect(tries.at(-1)).toBe('refused');
    expect(await guess(1, '198.51.100.8')).toBe('unknown');
    // Only what the trusted proxy itself added counts: here it says that 198.51.100.7 wrote another address in front.
    expect(await guess(1, '192.0.2.1, 198.51.100.7')).toBe('refused');
    expect(await guess(1, '192.0.2.1, 198.51.100.7, 10.9.0.1')).toBe('refused');
  });
});
