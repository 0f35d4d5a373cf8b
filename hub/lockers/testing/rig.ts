import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMs, manualClock, systemRandom } from '@hallhub/sync/base';
import type { DocumentDelivery } from '@hallhub/sync/contract';
import { rawPublicKey } from '@hallhub/sync/contract';
import type { NewEvent } from '@hallhub/sync/outbox';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { auditSchema, createAudit } from '../../audit/index.ts';
import type { ConfigInput } from '../../config/index.ts';
import { configSchema } from '../../config/index.ts';
import type { Notice } from '../../notifications/index.ts';
import { createVault } from '../../vault/index.ts';
import type { Order } from '../chain.ts';
import { createLockers } from '../compose.ts';
import { lockersSchema } from '../schema.ts';
import { MONDAY } from './campus.ts';

const label = (text: string) => ({ zh: text, en: text });

/** The key pairs of two campuses, as they are on disk and in each other's configuration. */
export const campusKeys = (): { readonly file: Buffer; readonly publicKey: string } => {
  const { privateKey } = generateKeyPairSync('ed25519');
  return {
    file: privateKey.export({ format: 'der', type: 'pkcs8' }),
    publicKey: rawPublicKey(createPublicKey(privateKey)),
  };
};

/** All of the lockers of one hub over a database of its own, without a network. */
export function openLockers({
  me = 'hub-east',
  other = 'hub-west',
  own = campusKeys(),
  peer = campusKeys(),
  clock = manualClock(MONDAY),
}: {
  readonly me?: string;
  readonly other?: string;
  readonly own?: ReturnType<typeof campusKeys>;
  readonly peer?: ReturnType<typeof campusKeys>;
  readonly clock?: ReturnType<typeof manualClock>;
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'hallhub-lockers-'));
  writeFileSync(join(folder, 'custody.key'), own.file);
  const boxKey = join(folder, 'box.key');
  writeFileSync(boxKey, randomBytes(32).toString('base64'));
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, lockersSchema] });
  const config = configSchema.parse({
    hub: { id: me, label: label(me), campus: me },
    hall: { url: 'http://127.0.0.1:9', token: 'x'.repeat(16), keys: {} },
    lockers: {
      cabinets: [
        {
          id: 'north',
          label: label('north'),
          compartments: [{ id: 'A1' }, { id: 'A2' }, { id: 'B1', size: 'medium' }],
        },
        { id: 'finance', label: label('finance'), kind: 'forms', forms: ['BX'] },
      ],
      runs: [{ id: 'noon', label: label('noon'), to: other, departs: '12:00' }],
      peers: [{ hub: other, label: label(other), keys: { [other]: peer.publicKey } }],
      busBoxes: [{ id: 'box-1', keyFile: boxKey }],
      notices: 'mail',
      alerts: ['desk'],
    },
  } satisfies ConfigInput);
  const told: NewEvent[] = [];
  const notices: Notice[] = [];
  const lockers = createLockers({
    ...{ config, db, clock, random: systemRandom, incarnation: 1 },
    calendar: { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] },
    dir: { path: folder, file: (name) => join(folder, name), release: () => undefined },
    vault: createVault(randomBytes(32)),
    audit: createAudit({ db, clock }),
    outbox: {
      append: (event) => {
        // As the real one: what a type does not prescribe is a bug.
        event.type.schema.parse(event.data);
        told.push(event);
        return String(told.length);
      },
    },
    notifications: {
      notify: (notice) => {
        notices.push(notice);
      },
      start: () => undefined,
      stop: () => undefined,
      counts: () => ({ waiting: 0, failed: 0 }),
      purge: () => 0,
    },
    log: () => undefined,
  });
  let orders = 0;
  let requests = 0;
  return {
    ...{ lockers, clock, db, told, notices, me, other },
    order: (witness?: string): Order => ({
      ...{ id: `order-${++orders}`, by: 'staff:a' },
      ...(witness !== undefined && { witness }),
    }),
    /** What the hall has approved. */
    approve: (data: Partial<DocumentDelivery> = {}): string => {
      const id = `D-${++requests}`;
      lockers.consignments.handler.approve({
        ...{ op: 'upsert', kind: 'document-delivery', id, revision: 1, committedAt: clock.now() },
        ...{ validFrom: clock.now(), validUntil: epochMs(clock.now() + 14 * 86_400_000) },
        data: {
          sender: { name: '张三', number: 'S1' },
          recipient: { name: '李四', number: 'R1' },
          ...{ from: me, to: me, size: 'small' },
          ...data,
        },
      });
      return id;
    },
    toldOf: (id: string): string[] =>
      told.flatMap(({ subject, type }) =>
        subject === id ? [type.type.replace(/^hallhub\.document-delivery\.(.+)\.v1$/, '$1')] : [],
      ),
  };
}
