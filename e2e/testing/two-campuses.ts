import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { rawPublicKey } from '@hallhub/sync/contract';
import type { ReferenceHall } from '@hallhub/sync/reference-hall';
import { startReferenceHall } from '@hallhub/sync/reference-hall';
import { freePorts } from '../../hub/broker/testing/process.ts';
import type { Cable } from './cable.ts';
import { layCable } from './cable.ts';
import { cleanUp } from './clean-up.ts';
import type { HttpClient } from './http-client.ts';
import { httpClient } from './http-client.ts';
import type { HubProcess } from './hub-process.ts';
import { startHub } from './hub-process.ts';
import { logInAsFirst } from './staff.ts';

/** A campus with its hub in a process of its own, and two people at its sorting desk. */
export interface TwoCampusHub {
  readonly name: string;
  readonly staff: HttpClient;
  /** Who stands by when a seal is opened. */
  readonly witness: { readonly login: string; readonly password: string };
  /** No time to finish anything. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface TwoCampuses {
  readonly hall: ReferenceHall;
  readonly east: TwoCampusHub;
  readonly west: TwoCampusHub;
  /** The lines between the two hubs; the hall stays where it is. */
  readonly lines: { cut(): void; join(): void };
  stop(): Promise<void>;
}

export const EAST = 'hub-east';
export const WEST = 'hub-west';
const WITNESS = { login: 'second', password: 'correct horse battery' } as const;

/** Two hubs that hear each other over two lines, and a hall that hears both. */
export async function startTwoCampuses(): Promise<TwoCampuses> {
  const cleaning = cleanUp();
  const { later } = cleaning;
  const root = mkdtempSync(join(tmpdir(), 'hallhub-campuses-'));
  later(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const token = (hub: string): string => `${hub}-token-0123456789`;
  const hall = await startReferenceHall({
    ...{ dataDir: join(root, 'hall'), port: 0, clock: systemClock({ mode: 'test' }) },
    hubs: [EAST, WEST].map((id) => ({ id, token: token(id) })),
  });
  later(() => hall.close());
  const [eastPort = 0, westPort = 0, eastMqtt = 0, westMqtt = 0] = await freePorts(4);
  const toEast: Cable = await layCable('127.0.71.1', [eastPort]);
  const toWest: Cable = await layCable('127.0.71.2', [westPort]);
  later(() => toEast.stop());
  later(() => toWest.stop());

  const keys = new Map<string, string>();
  const folder = (hub: string): string => join(root, hub);
  for (const hub of [EAST, WEST]) {
    const { privateKey } = generateKeyPairSync('ed25519');
    mkdirSync(folder(hub), { mode: 0o700 });
    // As the hub makes it at its first start; its operator reads the public half and gives it to the other campus.
    writeFileSync(join(folder(hub), 'custody.key'), privateKey.export({ format: 'der', type: 'pkcs8' }), {
      mode: 0o600,
    });
    keys.set(hub, rawPublicKey(createPublicKey(privateKey)));
  }
  const open = async (name: string, http: number, mqtt: number, other: string, url: string): Promise<TwoCampusHub> => {
    const configFile = join(root, `${name}.yaml`);
    writeFileSync(
      configFile,
      `
hub: { id: ${name}, label: { zh: ${name}, en: ${name} }, campus: ${name} }
http: { host: 127.0.0.1, tls: { mode: off } }
hall: { url: ${hall.url}, token: ${token(name)}, keys: { ${hall.keyId}: ${hall.publicKey} } }
mqtt: { host: 127.0.0.1, port: ${mqtt}, tls: off }
lockers:
  cabinets: [{ id: hall-${name}, label: { zh: 柜, en: Cabinet }, compartments: [{ id: A1 }, { id: A2 }, { id: A3 }] }]
  runs: [{ id: shuttle, label: { zh: 班车, en: Shuttle }, to: ${other}, departs: '08:00', weekdays: [1, 2, 3, 4, 5, 6, 7] }]
  peers: [{ hub: ${other}, label: { zh: ${other}, en: ${other} }, url: ${url}, keys: { ${other}: ${keys.get(other) ?? ''} } }]
  pollPeers: 300ms
log: { level: info }
`,
    );
    const launch = () => startHub({ configFile, dataDir: folder(name), httpPort: http });
    let hub: HubProcess = await launch();
    later(() => hub.stop('SIGKILL'));
    const staff = await logInAsFirst(() => hub);
    const { token: invitation } = await staff.ask<{ token: string }>('POST', '/api/invitations', {
      grants: [{ role: 'courier', area: '*' }],
    });
    const second = httpClient(() => hub.url);
    await second.ask('POST', '/api/invitations/accept', { token: invitation, name: '第二人', ...WITNESS });
    return {
      ...{ name, staff, witness: WITNESS },
      kill: async () => {
        await hub.stop('SIGKILL');
      },
      start: async () => {
        hub = await launch();
      },
    };
  };
  try {
    const east = await open(EAST, eastPort, eastMqtt, WEST, `http://${toWest.address}:${westPort}`);
    const west = await open(WEST, westPort, westMqtt, EAST, `http://${toEast.address}:${eastPort}`);
    return {
      ...{ hall, east, west },
      lines: {
        cut: () => {
          toEast.cut();
          toWest.cut();
        },
        join: () => {
          toEast.join();
          toWest.join();
        },
      },
      stop: () => cleaning.run(),
    };
  } catch (error) {
    await cleaning.run();
    throw error;
  }
}

/** An approved delivery. Returns its id. */
export function approveDelivery(
  { requests }: Pick<ReferenceHall, 'requests'>,
  from: string,
  to: string,
  order: number,
): string {
  const now = Date.now();
  const id = unwrap(
    requests.apply({
      kind: 'document-delivery',
      validFrom: new Date(now - 3_600_000).toISOString(),
      validUntil: new Date(now + 86_400_000).toISOString(),
      data: {
        sender: { name: `寄件人${order}`, number: `S${order}` },
        recipient: { name: `收件人${order}`, number: `R${order}` },
        ...{ from, to },
      },
    }),
  );
  unwrap(requests.approve(id));
  return id;
}
