import { randomBytes } from 'node:crypto';
import type { Driver } from '@hallhub/device-drivers/kit';
import type { Clock } from '@hallhub/sync/base';
import { ms, systemRandom } from '@hallhub/sync/base';
import { changeSchema, requestKinds } from '@hallhub/sync/contract';
import { migrate, openDatabase } from '@hallhub/sync/sqlite';
import { auditSchema, createAudit } from '../../../audit/index.ts';
import { areaSchema, gateSchema } from '../../../config/index.ts';
import { createRequests, requestsSchema } from '../../../requests/index.ts';
import type { Requests } from '../../../requests/index.ts';
import { createVault } from '../../../vault/index.ts';
import type { Gates } from '../../index.ts';
import { createGates, gateTerminalsSchema, gatesSchema } from '../../index.ts';
import { gateCodeSchema } from '../../qr/index.ts';
import { noAgents } from '../../testing/no-agents.ts';

/** Of whom `member` makes a member. */
export const MEMBERS_CARD = '010203A4';
interface Validity {
  readonly validFrom?: string;
  readonly validUntil?: string;
}
const label = { zh: '门', en: 'Door' };

/** The gates of a hub over a real database, with one door that a terminal stands at; the driver is the caller's. */
export function createTerminalHub({
  clock,
  driver,
  area = {},
  gate = {},
}: {
  readonly clock: Clock;
  readonly driver: Driver;
  readonly area?: object;
  readonly gate?: object;
}) {
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, requestsSchema, gatesSchema, gateTerminalsSchema, gateCodeSchema] });
  const vault = createVault(randomBytes(32));
  const faults: unknown[] = [];
  const life = (): { readonly gates: Gates; readonly requests: Requests } => {
    const gates: Gates = createGates({
      db,
      clock,
      random: systemRandom,
      vault,
      audit: createAudit({ db, clock }),
      outbox: { append: () => 'id' },
      host: {
        capability: (_, name) => driver.capabilities[name],
        health: () => driver.health,
        onDevices: () => () => undefined,
      },
      requests: () => requests,
      devices: [],
      agents: noAgents,
      calendar: { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] },
      areas: [areaSchema.parse({ id: 'lab', label, ...area })],
      gates: [
        gateSchema.parse({
          id: 'lab-door',
          label,
          area: 'lab',
          reader: 'door',
          terminal: 'door',
          barrier: 'door',
          passageSensor: 'door',
          ...gate,
        }),
      ],
      pictureAge: () => ms(0),
      clockTrusted: () => true,
      log: (level, _, fields) => {
        if (level === 'error') faults.push(fields['err'] ?? fields['code']);
      },
    });
    const requests = createRequests({ db, clock, vault, handlers: Object.values(gates.handlers) });
    gates.start();
    return { gates, requests };
  };
  let now = life();
  let revision = 0;
  const change = (
    op: 'upsert' | 'revoke',
    kind: string,
    id: string,
    data: object,
    { validFrom = '2026-11-20T00:00:00+08:00', validUntil = '2026-12-20T00:00:00+08:00' }: Validity = {},
  ): void => {
    revision += 1;
    const reading = requestKinds.read(
      changeSchema.parse({
        id,
        kind,
        schemaVersion: '1.0',
        revision,
        op,
        validFrom,
        validUntil,
        committedAt: new Date(clock.now()).toISOString(),
        data,
      }),
    );
    if (reading.status !== 'accepted') throw new Error(JSON.stringify(reading));
    now.requests.project(reading.change);
  };
  const member = (id: string, data: object = {}, validity?: Validity): void => {
    const person = { number: 'S1', name: '张三', category: 'student' };
    const credentials = [{ type: 'campus-card', uid: MEMBERS_CARD }];
    change('upsert', 'roster', id, { person, credentials, ...data }, validity);
  };
  return {
    faults,
    db,
    gates: () => now.gates,
    /** A student with the campus card {@link MEMBERS_CARD}. */
    member,
    approve: (kind: string, id: string, data: object) => {
      change('upsert', kind, id, data);
    },
    /** Denies the campus card `uid` for a while. */
    block: (uid: string, validity: Validity) => {
      change('upsert', 'block', 'b1', { targets: [{ type: 'campus-card', uid }], reason: 'lost' }, validity);
    },
    revoke: (kind: string, id: string) => {
      change('revoke', kind, id, {});
    },
    restart: () => {
      now.gates.stop();
      now = life();
    },
    view: () => now.gates.terminals()[0],
    entries: () =>
      now.gates
        .entries({ limit: 100 })
        .map(({ state, method, code, warning, requestId }) =>
          [state, method, code, warning, requestId].filter(Boolean).join(' '),
        )
        .toReversed(),
    stop: () => {
      now.gates.stop();
    },
  };
}
