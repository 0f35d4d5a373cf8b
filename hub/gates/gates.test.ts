import { randomBytes } from 'node:crypto';
import type { CapabilityMap, CardRead, OpenCommand, Passage } from '@hallhub/device-drivers/capabilities';
import type { Receipt } from '@hallhub/device-drivers/kit';
import type { Code, DurationMs, EpochMs } from '@hallhub/sync/base';
import { epochMs, hours, manualClock, ms, seconds, systemRandom } from '@hallhub/sync/base';
import type { NewEvent } from '@hallhub/sync/outbox';
import { migrate, openDatabase, transact } from '@hallhub/sync/sqlite';
import { describe, expect, it } from 'vitest';
import { visitorAccessSchema } from '@hallhub/sync/contract';
import { auditSchema, createAudit } from '../audit/index.ts';
import { areaSchema, gateSchema } from '../config/index.ts';
import type { Approved, Requests } from '../requests/index.ts';
import { createRequests, requestsSchema } from '../requests/index.ts';
import { createVault } from '../vault/index.ts';
import { createGates, gateTerminalsSchema, gatesSchema } from './index.ts';
import { gateCodeSchema } from './qr/index.ts';
import { noAgents } from './testing/no-agents.ts';

const NUMBER = '11010519491231002X';

/** What a hall says of a visit to the south gate. */
const visit = (change: object = {}) =>
  visitorAccessSchema.parse({
    people: [{ name: '张三', document: { type: 'resident-id', number: NUMBER } }],
    gates: ['south'],
    host: { name: '李' },
    ...change,
  });

/** A gate with hand-driven devices over a real database. */
function setUp(options: { withSensor?: boolean; area?: object; gate?: object } = {}) {
  const { withSensor = true } = options;
  const db = openDatabase({ file: ':memory:' });
  migrate({ db, components: [auditSchema, requestsSchema, gatesSchema, gateTerminalsSchema, gateCodeSchema] });
  const clock = manualClock(epochMs(Date.UTC(2026, 10, 22, 2)));
  const vault = createVault(randomBytes(32));
  const audit = createAudit({ db, clock });
  const outcomes: NewEvent[] = [];
  const orders: OpenCommand[] = [];
  const warnings: string[] = [];
  const faults: unknown[] = [];
  let hasSensor = true;
  let devicesChanged: () => void = () => undefined;
  let age: DurationMs | undefined = ms(0);
  let receipt: (command: OpenCommand) => Receipt = (command) => ({
    ok: true,
    value: { commandId: command.id, confirmation: 'acknowledged', at: clock.now() },
  });
  let present: (read: CardRead) => void = () => undefined;
  let pass: (passage: Passage) => void = () => undefined;
  const capabilities: Partial<CapabilityMap> = {
    cardReader: {
      onCard: (listener) => {
        present = listener;
        return () => {
          present = () => undefined;
        };
      },
      onUnreadable: () => () => undefined,
    },
    barrier: {
      open: (command) => {
        // The journal must hold the grant before any order leaves.
        expect(db.prepare('SELECT state FROM gate_entry WHERE id = ?').pluck().get(command.id)).toBe('releasing');
        orders.push(command);
        return Promise.resolve(receipt(command));
      },
    },
    passageSensor: {
      onPassage: (listener) => {
        pass = listener;
        return () => {
          pass = () => undefined;
        };
      },
    },
  };
  let requests: Requests | undefined = undefined;
  const gates = createGates({
    db,
    clock,
    random: systemRandom,
    vault,
    audit,
    outbox: {
      append: (event) => {
        outcomes.push(event);
        return 'id';
      },
    },
    host: {
      capability: (_, name) => (name === 'passageSensor' && !hasSensor ? undefined : capabilities[name]),
      health: () => ({ state: 'ready', since: clock.now() }),
      onDevices: (listener) => {
        devicesChanged = listener;
        return () => undefined;
      },
    },
    requests: () => requests!,
    devices: [],
    agents: noAgents,
    calendar: { timeZone: 'Asia/Shanghai', holidays: [], workdays: [] },
    areas: [areaSchema.parse({ id: 'campus', label: { zh: '校园', en: 'Campus' }, ...options.area })],
    gates: [
      gateSchema.parse({
        id: 'south',
        label: { zh: '南门', en: 'South' },
        area: 'campus',
        reader: 'r',
        barrier: 'b',
        ...(withSensor && { passageSensor: 'b' }),
        ...options.gate,
      }),
    ],
    pictureAge: () => age,
    clockTrusted: () => true,
    log: (level, message, fields) => {
      if (level === 'error') faults.push(fields['code']);
      if (level === 'warn') warnings.push(message);
    },
  });
  const requestsService = createRequests({ db, clock, vault, handlers: Object.values(gates.handlers) });
  requests = requestsService;
  const approve = (change: Partial<Approved<'visitor-access'>> = {}) =>
    requestsService.project({
      op: 'upsert',
      kind: 'visitor-access',
      id: 'V-1',
      revision: 3,
      validFrom: epochMs(clock.now() - 1_000),
      validUntil: epochMs(clock.now() + 3_600_000),
      committedAt: clock.now(),
      data: visit(),
      ...change,
    });
  const card = (number = NUMBER, name = '张三') => {
    present({
      presented: {
        type: 'resident-id',
        card: { layout: 'resident', number, name, sex: '1', birth: '19491231', validFrom: '20200101', fields: {} },
      },
      at: clock.now(),
      lastByteAt: clock.monotonic(),
    });
  };
  gates.start();
  return {
    db,
    clock,
    gates,
    audit,
    outcomes,
    orders,
    warnings,
    faults,
    approve,
    card,
    /** As a reader that gives the number of a resident ID card alone. */
    number: (number = NUMBER) => {
      present({ presented: { type: 'resident-number', number }, at: clock.now(), lastByteAt: clock.monotonic() });
    },
    uid: (uid: string) => {
      present({ presented: { type: 'uid', uid }, at: clock.now(), lastByteAt: clock.monotonic() });
    },
    walk: (direction: 'in' | 'out' = 'in', at: EpochMs = clock.now()) => {
      pass({ direction, at });
    },
    /** Other profiles: the sensor is there, or not. */
    setSensor: (isThere: boolean) => {
      hasSensor = isThere;
      devicesChanged();
    },
    revoke: () =>
      requestsService.project({
        op: 'revoke',
        kind: 'visitor-access',
        id: 'V-1',
        revision: 4,
        validFrom: epochMs(0),
        validUntil: epochMs(0),
        committedAt: clock.now(),
        data: {},
        because: 'hall',
      }),
    setAge: (next: DurationMs | undefined) => {
      age = next;
    },
    failBarrier: (code: Code) => {
      receipt = () => ({ ok: false, error: { code } });
    },
    states: () => gates.entries({ limit: 10 }).map(({ state }) => state),
    settle: () => clock.advanceAsync(ms(0)),
  };
}

describe('gate', () => {
  it('lets an approved visitor in and tells the hall once the visitor is through', async () => {
    const gate = setUp();
    gate.approve();
    gate.card();
    await gate.settle();
    expect(gate.orders).toMatchObject([
      { name: 'open', args: { hold: 700, direction: 'in' }, issuedBy: 'request:V-1' },
    ]);
    expect(gate.orders[0]!.expiresAt - gate.orders[0]!.issuedAt).toBeLessThanOrEqual(2_000);
    expect(gate.states()).toEqual(['released']);
    expect(gate.outcomes).toEqual([]);
    gate.walk();
    expect(gate.states()).toEqual(['passed']);
    expect(gate.outcomes).toMatchObject([
      { subject: 'V-1', data: { revision: 3, person: 0, gate: 'south', passage: 'observed' } },
    ]);
  });

  it('knows a resident ID card by its number alone, and nothing else of the same text', async () => {
    const gate = setUp();
    gate.approve();
    gate.uid(NUMBER);
    await gate.settle();
    expect(gate.states()).toEqual(['refused']);
    gate.number();
    await gate.settle();
    expect(gate.orders).toMatchObject([{ name: 'open', issuedBy: 'request:V-1' }]);
    expect(gate.states()).toEqual(['released', 'refused']);
  });

  it('lets a grant lapse when nobody walks, and does not count a later passage for it', async () => {
    const gate = setUp();
    gate.approve();
    gate.card();
    await gate.clock.advanceAsync(seconds(11));
    gate.walk();
    expect(gate.states()).toEqual(['unexpected', 'lapsed']);
    expect(gate.outcomes).toEqual([]);
  });

  it('matches two grants to two passages, and a third passage to nobody', async () => {
    const gate = setUp();
    gate.approve();
    gate.card();
    gate.card();
    await gate.settle();
    gate.walk('out');
    gate.walk();
    gate.walk();
    gate.walk();
    expect(gate.states()).toEqual(['unexpected', 'unexpected', 'passed', 'passed']);
    expect(gate.outcomes).toHaveLength(2);
  });

  it('lets companions in on the card, one passage at a time, and no more than were approved', async () => {
    const gate = setUp();
    gate.approve({
      data: visit({ companions: 2 }),
    });
    gate.card();
    for (let walker = 0; walker < 4; walker++) {
      await gate.settle();
      gate.walk();
    }
    expect(gate.orders).toHaveLength(3);
    expect(gate.states()).toEqual(['unexpected', 'passed', 'passed', 'passed']);
    expect(gate.outcomes.map(({ data }) => (data as { companions: number }).companions)).toEqual([0, 1, 1]);
  });

  it('credits a passage that is told late to nobody who stands there now, and opens nothing for it', async () => {
    const gate = setUp();
    gate.approve({
      data: visit({ companions: 2 }),
    });
    gate.card();
    await gate.settle();
    gate.walk('in', epochMs(gate.clock.now() - 600_000));
    await gate.settle();
    expect(gate.orders).toHaveLength(1);
    expect(gate.outcomes).toEqual([]);
    expect(gate.states()).toEqual(['unexpected', 'released']);
    gate.walk();
    await gate.settle();
    expect(gate.orders).toHaveLength(2);
    expect(gate.outcomes).toHaveLength(1);
  });

  it('opens for no companion once the visit was withdrawn', async () => {
    const gate = setUp();
    gate.approve({
      data: visit({ companions: 1 }),
    });
    gate.card();
    await gate.settle();
    gate.revoke();
    gate.walk();
    expect(gate.orders).toHaveLength(1);
  });

  it('refuses a stranger with a reason, masked, and keeps nothing readable on the disk', () => {
    const gate = setUp();
    gate.card('440524188001010014', '赵无名');
    expect(gate.orders).toEqual([]);
    expect(gate.gates.entries({ limit: 1 })).toMatchObject([
      { state: 'refused', code: 'E-GATE-0101', name: '赵*名', number: '440***********0014' },
    ]);
    const bytes = gate.db.serialize();
    for (const secret of ['赵无名', '440524188001010014']) expect(bytes.includes(secret)).toBe(false);
    expect(gate.outcomes).toEqual([]);
  });

  it('refuses from the commit of the revocation on, and reports the refusal', () => {
    const gate = setUp();
    gate.approve();
    gate.revoke();
    gate.card();
    expect(gate.orders).toEqual([]);
    expect(gate.outcomes).toMatchObject([{ subject: 'V-1', data: { code: 'E-GATE-0105' } }]);
  });

  it.each([
    ['too old', hours(5)],
    ['never whole', undefined],
  ])('refuses when the picture of the hall is %s', (_, age) => {
    const gate = setUp();
    gate.approve();
    gate.setAge(age);
    gate.card();
    expect(gate.gates.entries({ limit: 1 })[0]?.code).toBe('E-GATE-0106');
  });

  it('says so when the barrier does not take the order', async () => {
    const gate = setUp();
    gate.approve();
    gate.failBarrier('E-DEV-0203');
    gate.card();
    await gate.settle();
    expect(gate.gates.entries({ limit: 1 })).toMatchObject([{ state: 'blocked', code: 'E-GATE-0201' }]);
    expect(gate.warnings).toHaveLength(1);
    gate.walk();
    expect(gate.states()[0]).toBe('unexpected');
    expect(gate.outcomes).toEqual([]);
  });

  it.each([
    ['the answer of the barrier was lost', 'E-DEV-0202'],
    ['it was interrupted after the order had left', 'E-DEV-0206'],
    ['it took the order and shows otherwise', 'E-DEV-0208'],
  ] as const)('waits for the passage when %s: whoever walks was let through', async (_, code) => {
    const gate = setUp();
    gate.approve();
    gate.failBarrier(code);
    gate.card();
    await gate.settle();
    gate.walk();
    expect(gate.states()).toEqual(['passed']);
    expect(gate.outcomes).toMatchObject([{ data: { passage: 'observed' } }]);
  });

  it('leaves open whether somebody came in when the answer was lost and nobody was seen', async () => {
    const gate = setUp();
    gate.approve();
    gate.failBarrier('E-DEV-0202');
    gate.card();
    await gate.clock.advanceAsync(seconds(9));
    expect(gate.states()).toEqual(['unconfirmed']);
    expect(gate.outcomes).toMatchObject([{ data: { passage: 'unconfirmed' } }]);
  });

  it('starts when its devices can what it needs, stops when they no longer can, and goes on undisturbed otherwise', async () => {
    const gate = setUp();
    gate.approve();
    gate.card();
    await gate.settle();
    gate.setSensor(true);
    gate.walk();
    expect(gate.states()).toEqual(['passed']);
    gate.card();
    await gate.settle();
    gate.setSensor(false);
    gate.card();
    await gate.settle();
    expect(gate.states()).toEqual(['unconfirmed', 'passed']);
    expect(gate.warnings).toHaveLength(1);
    gate.setSensor(true);
    gate.card();
    await gate.settle();
    gate.walk();
    expect(gate.states()).toEqual(['passed', 'unconfirmed', 'passed']);
  });

  it('without a sensor says that the passage is not confirmed', async () => {
    const gate = setUp({ withSensor: false });
    gate.approve();
    gate.card();
    await gate.settle();
    expect(gate.states()).toEqual(['unconfirmed']);
    expect(gate.outcomes).toMatchObject([{ data: { passage: 'unconfirmed' } }]);
  });

  it('after a crash reports a grant that nobody watched as unconfirmed, once, and opens nothing', async () => {
    const gate = setUp();
    gate.approve();
    gate.card();
    gate.gates.stop();
    gate.gates.start();
    gate.gates.stop();
    gate.gates.start();
    await gate.settle();
    expect(gate.states()).toEqual(['unconfirmed']);
    expect(gate.outcomes).toMatchObject([{ data: { passage: 'unconfirmed' } }]);
    expect(gate.orders).toHaveLength(1);
  });

  it('lets nobody in while the disk is full, and loses nothing of what had begun', async () => {
    const gate = setUp();
    gate.approve();
    gate.card();
    await gate.settle();
    const pages = gate.db.pragma('page_count', { simple: true }) as number;
    gate.db.exec('CREATE TABLE ballast (x BLOB) STRICT');
    gate.db.pragma(`max_page_count = ${pages + 1}`);
    const fill = gate.db.prepare('INSERT INTO ballast VALUES (zeroblob(900))');
    expect(() => {
      for (;;) fill.run();
    }).toThrow(/full/);
    gate.db.exec(
      'CREATE TRIGGER full BEFORE UPDATE ON gate_entry BEGIN INSERT INTO ballast VALUES (zeroblob(9000)); END',
    );
    gate.walk();
    for (let attempt = 0; attempt < 60; attempt++) gate.card();
    const opened = gate.orders.length;
    gate.card();
    expect(gate.orders).toHaveLength(opened);
    expect(gate.outcomes).toEqual([]);
    expect(gate.faults).toContain('E-STORE-0106');
    gate.db.exec('DROP TRIGGER full');
    gate.db.pragma('max_page_count = 100000');
    await gate.clock.advanceAsync(seconds(6));
    expect(gate.outcomes).toMatchObject([{ data: { passage: 'observed' } }]);
  });

  it('lets a companion in after the commit of the passage before, and takes all back when that fails', async () => {
    const gate = setUp();
    gate.approve({
      data: visit({ companions: 1 }),
    });
    gate.card();
    await gate.clock.advanceAsync(seconds(1));
    expect(() =>
      transact(gate.db, () => {
        gate.walk();
        throw new Error('rolled back');
      }),
    ).toThrow('rolled back');
    await gate.clock.advanceAsync(seconds(1));
    expect(gate.gates.entries({ limit: 9 }).map(({ state }) => state)).toEqual(['released']);
    transact(gate.db, () => {
      gate.walk();
    });
    await gate.clock.advanceAsync(seconds(1));
    gate.walk();
    expect(gate.gates.entries({ limit: 9 }).map(({ state }) => state)).toEqual(['passed', 'passed']);
  });

  it('replaces the people of a request when a newer revision names others', () => {
    const gate = setUp();
    gate.approve();
    gate.approve({
      revision: 4,
      data: visit({ people: [{ name: '李四', document: { type: 'resident-id', number: '440524188001010014' } }] }),
    });
    gate.card();
    gate.card('440524188001010014', '李四');
    expect(gate.orders).toHaveLength(1);
    expect(gate.gates.entries({ limit: 2 }).map(({ state }) => state)).toEqual(['releasing', 'refused']);
  });

  it('shows a full name only after the look is in the audit log', () => {
    const gate = setUp();
    gate.approve();
    gate.card();
    const [entry] = gate.gates.entries({ limit: 1 });
    expect(entry?.name).toBe('张*');
    expect(gate.gates.look(entry!.id, { id: 'guard-1', mayLookIn: (area) => area === 'campus' })).toEqual({
      ok: true,
      value: { name: '张三', number: NUMBER },
    });
    expect(gate.audit.list({ limit: 1 })).toMatchObject([
      { actor: 'staff:guard-1', action: 'gate.look', subject: `entry:${entry!.id}` },
    ]);
    expect(gate.gates.look(entry!.id, { id: 'guard-2', mayLookIn: () => false })).toMatchObject({
      ok: false,
      error: { code: 'E-GATE-0202' },
    });
    expect(gate.gates.look('nothing', { id: 'guard-1', mayLookIn: () => true })).toMatchObject({
      ok: false,
      error: { code: 'E-GATE-0202' },
    });
  });
});
