import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpHall } from '@hallhub/sync/adapters/http-feed';
import { systemClock, systemRandom } from '@hallhub/sync/base';
import { startReferenceHall } from '@hallhub/sync/reference-hall';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDataDir } from '../store/index.ts';
import { ownCertificate } from '../tls/index.ts';

const clock = systemClock({ mode: 'test' });
const TOKEN = 'a-token-of-this-test';
const closing: (() => Promise<void> | void)[] = [];
let address: { readonly url: string; readonly ca: string; readonly keyId: string; readonly publicKey: string };

/** The reference hall behind TLS, as a reverse proxy would put it. */
beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-hall-tls-'));
  const hall = await startReferenceHall({
    dataDir: join(folder, 'hall'),
    port: 0,
    clock,
    hubs: [{ id: 'hub-1', token: TOKEN }],
    seed: true,
  });
  const dir = openDataDir(join(folder, 'ca'));
  const certificate = await ownCertificate({ dir, clock, names: [], hubId: 'hall' });
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    void (async () => {
      const answer = await fetch(new URL(request.url ?? '/', hall.url), {
        headers: request.headers as Record<string, string>,
      });
      response.writeHead(
        answer.status,
        Object.fromEntries(
          [...answer.headers].filter(([name]) => !['content-length', 'transfer-encoding', 'connection'].includes(name)),
        ),
      );
      response.end(Buffer.from(await answer.arrayBuffer()));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  address = { url: `https://127.0.0.1:${port}`, ca: certificate.ca, keyId: hall.keyId, publicKey: hall.publicKey };
  closing.push(
    () => void server.close(),
    () => {
      server.closeAllConnections();
    },
    () => {
      dir.release();
    },
    () => hall.close(),
  );
});
afterAll(async () => {
  for (const close of closing) await close();
});

const image = async (ca?: string) => {
  const hall = createHttpHall({
    url: address.url,
    token: TOKEN,
    hub: 'hub-1',
    epoch: 1,
    keys: [{ keyId: address.keyId, publicKey: address.publicKey }],
    ...(ca !== undefined && { ca }),
    clock,
    random: systemRandom,
  });
  const answer = await hall.source.image({ limit: 10, signal: AbortSignal.timeout(10_000) });
  hall.close();
  return answer;
};

it('reads a hall whose certificate comes from the pinned authority', async () => {
  const answer = await image(address.ca);
  expect(answer.ok && answer.value.changes.length).toBeGreaterThan(5);
});

it('does not talk to a hall that nobody vouches for', async () => {
  expect(await image()).toMatchObject({ ok: false, error: { code: 'E-SYNC-0101' } });
});
