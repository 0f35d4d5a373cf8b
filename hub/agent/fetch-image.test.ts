import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@hallhub/sync/base';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataDir } from '../store/index.ts';
import type { ServerCertificate } from '../tls/index.ts';
import { ownCertificate } from '../tls/index.ts';
import { imageFetcher } from './fetch-image.ts';

const image = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 31) & 0xff);
const sha256 = createHash('sha256').update(image).digest('hex');
const clock = systemClock({ mode: 'test' });
const folders: string[] = [];
let certificate: ServerCertificate;
let asked: (string | undefined)[] = [];
let server: ReturnType<typeof createServer>;
let hubUrl = '';

async function authority(): Promise<ServerCertificate> {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-image-'));
  folders.push(folder);
  const dir = openDataDir(folder);
  const made = await ownCertificate({ dir, clock, names: ['localhost'], hubId: 'south' });
  dir.release();
  return made;
}

beforeAll(async () => {
  certificate = await authority();
  server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    asked.push(request.url);
    if (request.url === '/firmware/gone/reader.bin') response.writeHead(404).end();
    else if (request.url === '/firmware/torn/reader.bin') {
      response.writeHead(200, { 'content-length': image.length });
      response.write(image.subarray(0, 70_000));
      setImmediate(() => response.destroy());
    } else response.end(image);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  hubUrl = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const fetcher = (hubCa: string) => imageFetcher({ hubUrl, hubCa, mqtt: { tls: true } });

describe('an image that an agent fetches', () => {
  it('comes from the hub that it is enrolled in, whatever host the order names', async () => {
    asked = [];
    const fetched = await fetcher(certificate.ca)({ url: 'https://elsewhere.example/firmware/t/reader.bin', sha256 });
    expect(fetched.ok && Buffer.from(fetched.value).equals(image)).toBe(true);
    expect(asked).toEqual(['/firmware/t/reader.bin']);
  });

  it('is nothing when its bytes are not the ones ordered, are cut short, or are not there', async () => {
    const fetch = fetcher(certificate.ca);
    expect(await fetch({ url: `${hubUrl}/firmware/t/x`, sha256: '0'.repeat(64) })).toMatchObject({
      error: { code: 'E-DEV-0305' },
    });
    expect(await fetch({ url: `${hubUrl}/firmware/torn/reader.bin`, sha256 })).toMatchObject({
      error: { code: 'E-DEV-0304' },
    });
    expect(await fetch({ url: `${hubUrl}/firmware/gone/reader.bin`, sha256 })).toMatchObject({
      error: { code: 'E-DEV-0304' },
    });
  });

  it('is not asked of a server of another authority', async () => {
    asked = [];
    const other = await authority();
    expect(await fetcher(other.ca)({ url: `${hubUrl}/firmware/t/x`, sha256 })).toMatchObject({
      error: { code: 'E-DEV-0304' },
    });
    expect(asked).toEqual([]);
  });
});
