import { generateKeyPairSync } from 'node:crypto';
import { manualClock, ok, seconds, systemRandom } from '@hallhub/sync/base';
import { rawPublicKey } from '@hallhub/sync/contract';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { expect, it } from 'vitest';
import type { Card } from '../consignments.ts';
import { createSigner, createTrusted } from '../custody/signing.ts';
import { lockersSchema } from '../schema.ts';
import { peerStore } from '../store/peers.ts';
import { createAsking } from './asking.ts';
import type { Page, Question } from './contract.ts';
import { bytesOf } from './contract.ts';

const [EAST, WEST] = ['hub-east', 'hub-west'];

/** What the west takes in of a page that says this. */
async function taken(change: (page: Page) => Page, key = generateKeyPairSync('ed25519')): Promise<readonly string[]> {
  const east = generateKeyPairSync('ed25519');
  const clock = manualClock();
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [lockersSchema] });
  const learnt: string[] = [];
  const store = peerStore(db);
  const asking = createAsking({
    ...{ db, clock, random: systemRandom, me: WEST, every: seconds(10), store, log: () => undefined },
    signer: createSigner(WEST, key.privateKey),
    trusted: createTrusted(new Map([[EAST, [{ keyId: EAST, publicKey: rawPublicKey(east.publicKey) }]]])),
    chain: { ingest: () => ok() } as unknown as Parameters<typeof createAsking>[0]['chain'],
    consignments: { learn: ({ id }) => learnt.push(id) },
    peers: [
      {
        ...{ hub: EAST, url: 'http://127.0.0.1/' },
        transfer: {
          send: ({ body }) => {
            const { said } = JSON.parse(Buffer.from(body ?? []).toString()) as { said: Question };
            const page = change({
              ...{ type: 'page', from: EAST, to: WEST, nonce: said.nonce, issuedAt: clock.now(), incarnation: 1 },
              ...{ links: [], cards: [], next: 7, upToDate: true },
            });
            const signed = { said: page, ...createSigner(EAST, east.privateKey).sign(bytesOf(page)) };
            return Promise.resolve(ok({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(signed)) }));
          },
          close: () => undefined,
        },
      },
    ],
  });
  asking.start();
  await clock.advanceAsync(seconds(1));
  const trouble = asking.trouble(EAST);
  const heard = store.get(EAST)?.position;
  await asking.stop();
  db.close();
  return [
    ...learnt,
    heard === undefined ? 'not heard' : `heard to ${heard}`,
    ...(trouble === undefined ? [] : [trouble]),
  ];
}

const card = (id: string, from: string, to: string): Card => ({
  ...{ id, revision: 9, from, to, size: 'small', keepDays: 3, validUntil: 9_000_000_000_000, tracking: 'T' },
  ...{ sender: { name: 'A' }, recipient: { name: 'B' } },
});

it('takes from a peer whom something comes to from there, and nothing about what is its own or of others', async () => {
  const cards = [
    card('comes', EAST, WEST),
    card('mine', WEST, WEST),
    card('goes', WEST, EAST),
    card('other', EAST, 'hub-south'),
  ];
  expect(await taken((page) => ({ ...page, cards }))).toEqual(['comes', 'heard to 7']);
});

it('takes nothing from an answer to another question, or to another hub', async () => {
  const cards = [card('comes', EAST, WEST)];
  const refused = ['not heard', 'E-CUST-0604'];
  expect(await taken((page) => ({ ...page, cards, nonce: 'of-another-question' }))).toEqual(refused);
  expect(await taken((page) => ({ ...page, cards, to: 'hub-south' }))).toEqual(refused);
  expect(await taken((page) => ({ ...page, cards, from: 'hub-south' }))).toEqual(refused);
});
