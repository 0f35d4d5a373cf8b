import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { CapabilityMap, CapabilityName, CardRead, Passage } from '@hallhub/device-drivers/capabilities';
import type { Emitter, Receipt } from '@hallhub/device-drivers/kit';
import { createEmitter, rethrow } from '@hallhub/device-drivers/kit';
import { createAudit } from '@hallhub/hub/audit';
import { areaSchema, gateSchema } from '@hallhub/hub/config';
import { createGates } from '@hallhub/hub/gates';
import { createRequests } from '@hallhub/hub/requests';
import type { Requests } from '@hallhub/hub/requests';
import type { Vault } from '@hallhub/hub/vault';
import type { Clock } from '@hallhub/sync/base';
import { epochMs, seconds, systemRandom } from '@hallhub/sync/base';
import { createOutbox } from '@hallhub/sync/outbox';
import type { Db } from '@hallhub/sync/sqlite';
import { aesGcmSealer, sqliteOutboxStore, transact } from '@hallhub/sync/sqlite';
import { createEdgeConfig } from '../../hub/gates/edge/config-store.ts';
import { gatesPart } from '../../hub/gates/edge/index.ts';
import { plainTerms } from '../../hub/gates/pass.ts';
import { createGateStore } from '../../hub/gates/store/index.ts';
import { noAgents } from '../../hub/gates/testing/no-agents.ts';
import { residentNumber } from './people.ts';

/** Gates whose cards are injected behind the framer and whose barriers are a function. */
export interface GatesByHand {
  card(gate: number, number: string): void;
  walk(gate: number): void;
  stop(): void;
}

interface Hands {
  readonly host: Pick<AgentHost, 'capability' | 'onDevices' | 'health'>;
  readonly card: (gate: number, number: string) => void;
  readonly walk: (gate: number) => void;
}

const label = { zh: '测试', en: 'Bench' };
const area = areaSchema.parse({ id: 'campus', label, maxStaleness: '60min' });
const calendar = { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] };
const gatesOf = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    gateSchema.parse({
      ...{ id: `gate-${n}`, label, area: area.id },
      ...{ reader: `arm-${n}`, barrier: `arm-${n}`, passageSensor: `arm-${n}` },
    }),
  );

function createHands(clock: Clock, count: number, onOpen: (gate: number) => void): Hands {
  const arms = Array.from({ length: count }, () => ({
    cards: createEmitter<CardRead>(rethrow),
    passages: createEmitter<Passage>(rethrow),
  }));
  const number = (device: string): number => Number(device.slice('arm-'.length));
  const arm = (n: number): { cards: Emitter<CardRead>; passages: Emitter<Passage> } => {
    const found = arms[n];
    if (!found) throw new Error(`no gate ${n}`);
    return found;
  };
  const capabilities = (n: number): Partial<CapabilityMap> => ({
    cardReader: { onCard: arm(n).cards.on, onUnreadable: () => () => undefined },
    passageSensor: { onPassage: arm(n).passages.on },
    barrier: {
      open: ({ id }): Promise<Receipt> => {
        onOpen(n);
        return Promise.resolve({
          ok: true,
          value: { commandId: id, confirmation: 'acknowledged', at: clock.now() },
        });
      },
    },
  });
  return {
    host: {
      capability: <N extends CapabilityName>(device: string, name: N) => capabilities(number(device))[name],
      onDevices: () => () => undefined,
      health: () => ({ state: 'ready', since: clock.now() }),
    },
    card: (n, resident) => {
      arm(n).cards.emit({
        presented: { type: 'resident-number', number: resident },
        at: clock.now(),
        lastByteAt: clock.monotonic(),
      });
    },
    walk: (n) => {
      arm(n).passages.emit({ direction: 'in', at: clock.now() });
    },
  };
}

interface Options {
  readonly db: Db;
  readonly clock: Clock;
  readonly vault: Vault;
  readonly gates: number;
  /** The barrier is told to open. */
  readonly onOpen: (gate: number) => void;
}

/** What goes wrong inside is a fault of the bench: its numbers would be of nothing. */
const loudly = (level: string, message: string, fields: object): void => {
  if (level === 'error') throw new Error(`${message} ${JSON.stringify(fields)}`);
};

/** As the hub runs them: journal, standings, reports into the outbox to the hall. */
export function hubGates({ db, clock, vault, gates: count, onOpen }: Options): GatesByHand {
  const hands = createHands(clock, count, onOpen);
  const unreachable = () =>
    Promise.resolve({ ok: false as const, error: { code: 'E-SYNC-0101' as const, class: 'retry' as const } });
  const gates = createGates({
    ...{ db, clock, vault, calendar, agents: noAgents, devices: [], random: systemRandom },
    audit: createAudit({ db, clock }),
    outbox: createOutbox({
      sink: { send: unreachable, position: unreachable, putAttachment: unreachable },
      store: sqliteOutboxStore({ db, name: 'hall', sealer: vault.sealer }),
      ...{ hub: 'hub-bench', epoch: 1, clock, random: systemRandom },
    }),
    host: hands.host,
    requests: () => requests,
    areas: [area],
    gates: gatesOf(count),
    pictureAge: () => seconds(1),
    clockTrusted: () => true,
    log: loudly,
  });
  const requests: Requests = createRequests({ db, clock, vault, handlers: Object.values(gates.handlers) });
  gates.start();
  return {
    card: hands.card,
    walk: hands.walk,
    stop: () => {
      gates.stop();
    },
  };
}

/** As an agent runs them: the same rules and journal over what was projected, and an outbox to the hub. */
export function agentGates({ db, clock, vault, gates: count, onOpen }: Options): GatesByHand {
  const hands = createHands(clock, count, onOpen);
  const sealer = aesGcmSealer(new Uint8Array(32));
  const unreachable = () =>
    Promise.resolve({ ok: false as const, error: { code: 'E-SYNC-0101' as const, class: 'retry' as const } });
  const outbox = createOutbox({
    sink: { send: unreachable, position: unreachable, putAttachment: unreachable },
    store: sqliteOutboxStore({ db, name: 'hub', sealer }),
    ...{ hub: 'agent-bench', epoch: 1, clock, random: systemRandom },
  });
  const config = createEdgeConfig(db);
  transact(db, () => {
    for (const gate of gatesOf(count)) config.put(gate.id, { gate, area, calendar, visitorKeys: [] });
  });
  const part = gatesPart({
    ...{ db, clock, random: systemRandom, log: loudly },
    match: (type, value) => vault.match(type, value),
  })({
    append: (_what, { type, subject, data }) => {
      outbox.append({ type, subject, data, time: clock.now() });
    },
    clockReading: () => ({ at: clock.now(), mono: clock.monotonic(), run: 'bench' }),
    hubNow: () => clock.now(),
    pictureAge: () => seconds(1),
    clockTrusted: () => true,
    connected: () => false,
    sealer,
  });
  const end = part.attend(hands.host as AgentHost);
  return { card: hands.card, walk: hands.walk, stop: end };
}

/** One pass a person, `from` to `to`, for the whole campus and the whole day, in few large transactions. */
export function fillPasses(
  { db, clock, vault }: Pick<Options, 'db' | 'clock' | 'vault'>,
  from: number,
  to: number,
): void {
  const store = createGateStore(db);
  const now = clock.now();
  const terms = { validFrom: epochMs(now - 3_600_000), validUntil: epochMs(now + 86_400_000), places: [area.id] };
  db.pragma('cache_size = -600000');
  for (let start = from; start < to; start += 250_000) {
    transact(db, () => {
      for (let n = start; n < Math.min(to, start + 250_000); n += 1) {
        const credential = vault.match('resident-id', residentNumber(n));
        const requestId = `visit-${String(n).padStart(8, '0')}`;
        store.passes.replace(requestId, [
          {
            ...plainTerms,
            ...terms,
            id: `${requestId}#0`,
            requestId,
            person: 0,
            kind: 'visitor-access',
            effect: 'admit',
            account: requestId,
            identities: [credential.toString('hex')],
            credentials: [{ credential, type: 'resident-id' }],
          },
        ]);
      }
    });
  }
  db.pragma('wal_checkpoint(TRUNCATE)');
  // What the hub runs with; shrinking it also lets go of the pages that filling has brought in.
  db.pragma('cache_size = -32000');
}
