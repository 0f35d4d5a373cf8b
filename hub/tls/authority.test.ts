import { mkdtempSync } from 'node:fs';
import { createServer, get } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, hours, manualClock } from '@hallhub/sync/base';
import { expect, it } from 'vitest';
import { openDataDir } from '../store/index.ts';
import { ownCertificate } from './index.ts';

it('makes a certificate that a client who trusts the authority accepts, keeps it, and renews it in time', async () => {
  const dir = openDataDir(mkdtempSync(join(tmpdir(), 'hallhub-tls-')));
  const clock = manualClock(epochMs(Date.now()));
  const make = (names: string[]) => ownCertificate({ dir, clock, names, hubId: 'hub-south' });
  const first = await make(['hub.example.edu']);
  const server = createServer({ key: first.key, cert: first.cert }, (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (options: object): Promise<number | string> =>
    new Promise((resolve) => {
      get({ host: '127.0.0.1', port, ...options }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? error.message);
      });
    });
  expect(await ask({ ca: first.ca })).toBe(200);
  expect(await ask({ ca: first.ca, servername: 'hub.example.edu' })).toBe(200);
  expect(await ask({})).not.toBe(200);
  server.close();

  expect((await make(['hub.example.edu'])).cert).toBe(first.cert);
  const renamed = await make(['hub.example.edu', 'hall.example.edu']);
  expect(renamed.cert).not.toBe(first.cert);
  expect(renamed.ca).toBe(first.ca);
  clock.advance(hours(24 * 370));
  expect((await make(['hub.example.edu', 'hall.example.edu'])).cert).not.toBe(renamed.cert);
  dir.release();
});
