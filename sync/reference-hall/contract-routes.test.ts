import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../base/index.ts';
import { createVerifier, mediaTypes, problemSchema, snapshotPageSchema } from '../contract/index.ts';
import { temporaryFolder, testToken } from '../testing/hub.ts';
import { startReferenceHall } from './index.ts';
import type { ReferenceHall } from './index.ts';

const folder = temporaryFolder();
let hall: ReferenceHall;
beforeAll(async () => {
  hall = await startReferenceHall({
    dataDir: folder.path,
    port: 0,
    clock: systemClock({ mode: 'test' }),
    hubs: [{ id: 'hub-1', token: testToken }],
    seed: true,
  });
});
afterAll(async () => {
  await hall.close();
  folder.remove();
});

const nonce = 'abcdefghijklmnop';
const ask = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${hall.url}v1/${path}`, {
    ...init,
    headers: {
      authorization: `Bearer ${testToken}`,
      'hallhub-hub': 'hub-1',
      'hallhub-epoch': '1',
      'hallhub-nonce': nonce,
      ...(init.headers as Record<string, string> | undefined),
    },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const verify = createVerifier([{ keyId: hall.keyId, publicKey: hall.publicKey }]);
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    signed: verify(bytes, response.headers.get('hallhub-signature') ?? undefined),
    bytes,
    json: (): unknown => JSON.parse(bytes.toString()),
  };
};

describe('the contract over plain HTTP', () => {
  it('pages through the image with one cursor, every page signed', async () => {
    const ids: string[] = [];
    const cursors = new Set<string>();
    let token: string | null = '';
    while (token !== null) {
      const answer = await ask(`snapshot?limit=2${token ? `&token=${token}` : ''}`);
      expect(answer).toMatchObject({ status: 200, signed: true });
      const page = snapshotPageSchema.parse(answer.json());
      expect(page).toMatchObject({ nonce, hub: 'hub-1' });
      ids.push(...page.changes.map((change) => z.object({ id: z.string() }).parse(change).id));
      cursors.add(page.cursor);
      token = page.next;
    }
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(ids.length).toBe(hall.requests.list(100).filter(({ state }) => state === 'approved').length);
    expect(cursors.size).toBe(1);
  });

  it.each([
    ['feed', {}, 400, 'bad-request'],
    ['feed?cursor=nonsense', {}, 410, 'must-refetch'],
    ['snapshot?token=nonsense', {}, 410, 'must-refetch'],
    ['digest/256?asOf=2026-01-01T00:00:00Z', {}, 400, 'bad-request'],
    ['nowhere', {}, 404, 'not-found'],
    ['digest', { headers: { authorization: 'Bearer wrong' } }, 401, 'unauthorized'],
    ['digest', { headers: { 'hallhub-hub': 'hub-9' } }, 401, 'unauthorized'],
    ['digest', { headers: { 'hallhub-epoch': '0' } }, 400, 'bad-request'],
    ['digest', { headers: { 'hallhub-nonce': 'short' } }, 400, 'bad-request'],
    [
      'outcomes',
      { method: 'POST', body: '[]', headers: { 'content-type': mediaTypes.json } },
      415,
      'unsupported-media-type',
    ],
    ['outcomes', { method: 'POST', body: '[', headers: { 'content-type': mediaTypes.eventBatch } }, 400, 'bad-request'],
    [
      'outcomes',
      { method: 'POST', body: '{}', headers: { 'content-type': mediaTypes.eventBatch } },
      400,
      'bad-request',
    ],
    [
      `attachments/${'ab'.repeat(32)}`,
      { method: 'PUT', body: 'x', headers: { 'content-type': 'image/png' } },
      422,
      'checksum-mismatch',
    ],
    [`files/${'ab'.repeat(32)}`, {}, 404, 'not-found'],
  ] as const)('%s %o is a signed problem %i %s', async (path, init, status, code) => {
    const answer = await ask(path, init);
    expect(answer).toMatchObject({ status, signed: true, type: expect.stringContaining(mediaTypes.problem) as string });
    expect(problemSchema.parse(answer.json())).toMatchObject({ status, code });
  });

  it('answers each event for itself, and once', async () => {
    const [request] = hall.requests.list(100).filter(({ state }) => state === 'approved');
    const event = (id: string, hubsequence: number, more: object = {}) => ({
      specversion: '1.0',
      id,
      source: '/hubs/hub-1',
      type: 'hallhub.visitor-access.entered.v1',
      subject: request?.id,
      time: '2026-03-01T01:00:00Z',
      hubsequence,
      data: { revision: 1, at: '2026-03-01T01:00:00Z', person: 0, gate: 'g', passage: 'observed' },
      ...more,
    });
    const send = async (batch: readonly unknown[]) =>
      (
        await ask('outcomes', {
          method: 'POST',
          body: JSON.stringify(batch),
          headers: { 'content-type': mediaTypes.eventBatch },
        })
      ).json();
    expect(
      await send([
        event('e1', 1),
        event('e2', 2, { type: 'nonsense' }),
        event('e3', 3, { source: '/hubs/other' }),
        event('e4', 4, { data: {} }),
        event('e5', 6),
        { id: 'e6' },
      ]),
    ).toMatchObject({
      answers: [
        { id: 'e1', status: 'accepted' },
        { id: 'e2', status: 'rejected', code: 'unknown-type' },
        { id: 'e3', status: 'rejected', code: 'wrong-source' },
        { id: 'e4', status: 'rejected', code: 'invalid-data' },
        { id: 'e5', status: 'accepted' },
        { id: 'e6', status: 'rejected', code: 'invalid-event' },
      ],
      highestContiguous: 4,
    });
    expect(await send([event('e1', 1), event('e9', 1), event('e7', 5)])).toMatchObject({
      answers: [
        { id: 'e1', status: 'duplicate' },
        { id: 'e9', status: 'rejected', code: 'sequence-reused' },
        { id: 'e7', status: 'accepted' },
      ],
      highestContiguous: 6,
    });
    expect((await ask('outcomes?after=2')).json()).toMatchObject({
      type: 'position',
      highestContiguous: 6,
      answers: [{ id: 'e3' }, { id: 'e4' }],
    });
    expect(hall.inbox.count()).toBe(3);
  });

  it('keeps an attachment under its checksum, and serves files', async () => {
    const bytes = Buffer.from('photo');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const put = () =>
      ask(`attachments/${sha256}`, { method: 'PUT', body: bytes, headers: { 'content-type': 'image/png' } });
    expect((await put()).json()).toMatchObject({ type: 'attachment', sha256, size: 5 });
    expect((await put()).status).toBe(200);
    const file = await ask(`files/${sha256}`);
    expect(file).toMatchObject({ status: 200, type: 'image/png' });
    expect(file.bytes).toEqual(bytes);
  });
});
