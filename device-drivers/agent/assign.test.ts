import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, plus, seconds } from '@hallhub/sync/base';
import type { Passage } from '../capabilities/index.ts';
import { type Receipt, silentLog } from '../kit/index.ts';
import { createRelayBoardSimulator, createTurnstileArm } from '../protocols/modbus/index.ts';
import { createReaderSimulator } from '../protocols/resident-id/index.ts';
import { createMemoryLine, systemTransports } from '../transports/index.ts';
import { type DeviceDefinition, createAgentHost, loadBuiltInProtocols } from './index.ts';

const protocols = await loadBuiltInProtocols();
const BARRIER = {
  id: 'barrier',
  profile: 'generic/modbus-relay-flash',
  transport: { kind: 'memory', name: 'relays', baudRate: 9600 },
} as const;

describe('a host that is given other devices', () => {
  it('goes on under the hands of whoever holds its capabilities', async () => {
    const clock: ManualClock = manualClock();
    const line = createMemoryLine({ name: 'relays' });
    const board = createRelayBoardSimulator({ transport: line.device, clock });
    await board.start();
    const arm = createTurnstileArm({ board, clock, relay: { in: 0 }, input: { in: 0 } });
    const host = createAgentHost({
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      protocols,
      devices: [BARRIER],
      transportFactory: systemTransports({ clock, memoryLines: new Map([['relays', line]]) }),
    });
    const states: string[] = [];
    host.onHealth(({ health }) => states.push(health.state));
    const barrier = host.capability('barrier', 'barrier');
    const passages: Passage[] = [];
    host.capability('barrier', 'passageSensor')?.onPassage((passage) => passages.push(passage));
    expect(host.capability('barrier', 'barrier')).toBe(barrier);
    expect(host.capability('nobody', 'barrier')).toBeUndefined();

    let ids = 0;
    const openAndWalk = async (): Promise<Receipt | undefined> => {
      let receipt: Receipt | undefined;
      ids += 1;
      void barrier
        ?.open({
          id: `${ids}`,
          name: 'open',
          args: { hold: ms(500), direction: 'in' },
          issuedAt: clock.now(),
          expiresAt: plus(clock.now(), seconds(3)),
          issuedBy: 'test',
        })
        .then((given) => {
          receipt = given;
        });
      await clock.advanceAsync(seconds(1));
      arm.walk('in');
      await clock.advanceAsync(seconds(2));
      return receipt;
    };
    host.start();
    await clock.advanceAsync(seconds(2));
    expect(await openAndWalk()).toMatchObject({ ok: true });
    expect(passages).toHaveLength(1);

    const reassigned = host.assign({ devices: [{ ...BARRIER, params: { input: { in: 0 } } }] });
    await clock.advanceAsync(seconds(3));
    await reassigned;
    expect(await openAndWalk()).toMatchObject({ ok: true });
    expect(passages).toHaveLength(2);
    expect(states.filter((state) => state === 'ready')).toHaveLength(2);

    const emptied = host.assign({ devices: [] });
    await clock.advanceAsync(seconds(3));
    await emptied;
    expect(await openAndWalk()).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
    expect(host.devices()).toEqual([]);
    await host.stop();
    arm.stop();
    await board.stop();
    expect(clock.pending).toBe(0);
  });

  it('disturbs no bus for which nothing changed, whatever else comes and goes', async () => {
    const LINES = ['a', 'b', 'c'] as const;
    const board = fc.record({
      id: fc.constantFrom('1', '2', '3', '4'),
      line: fc.constantFrom(...LINES),
      version: fc.integer({ min: 0, max: 1 }),
    });
    const boards = fc.uniqueArray(board, { selector: ({ id }) => id, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(boards, { minLength: 2, maxLength: 4 }), async (assignments) => {
        const clock = manualClock();
        const memoryLines = new Map(LINES.map((name) => [name as string, createMemoryLine({ name })]));
        const factory = systemTransports({ clock, memoryLines });
        let built: string[] = [];
        const disturbed = new Set<string>();
        const devicesOf = (list: (typeof assignments)[number]): DeviceDefinition[] =>
          list.map(({ id, line, version }) => ({
            ...BARRIER,
            id,
            transport: { kind: 'memory', name: line, baudRate: 9600 },
            params: { unit: 2 * Number(id) + version },
          }));
        const host = createAgentHost({
          clock,
          random: (size) => new Uint8Array(size),
          log: silentLog,
          protocols,
          devices: [],
          transportFactory: (settings) => {
            built.push(settings.kind === 'memory' ? settings.name : '');
            return factory(settings);
          },
        });
        host.onHealth(({ deviceId }) => disturbed.add(deviceId));
        host.start();
        let before = new Map<string, string>();
        for (const list of assignments) {
          built = [];
          disturbed.clear();
          const assigned = host.assign({ devices: devicesOf(list) });
          await clock.advanceAsync(ms(100));
          await assigned;
          const onLine = (line: string) => list.filter((one) => one.line === line);
          const after = new Map(LINES.map((line) => [line as string, JSON.stringify(onLine(line))]));
          const changed = LINES.filter((line) => before.get(line) !== after.get(line) && onLine(line).length > 0);
          expect([...built].sort()).toEqual([...changed].sort());
          for (const { id, line } of list) expect(disturbed.has(id)).toBe(changed.includes(line));
          expect(
            host
              .devices()
              .map(({ id }) => id)
              .sort(),
          ).toEqual(list.map(({ id }) => id).sort());
          before = after;
        }
        const stopped = host.stop();
        await clock.advanceAsync(seconds(1));
        await stopped;
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps a card on its reader while the barrier beside it is exchanged', async () => {
    const clock = manualClock();
    const lines = new Map(['reader', 'relays'].map((name) => [name, createMemoryLine({ name })]));
    const readerLine = lines.get('reader');
    if (!readerLine) throw new Error('no line');
    const reader = createReaderSimulator({ transport: readerLine.device, clock });
    await reader.start();
    const READER: DeviceDefinition = {
      id: 'reader',
      profile: 'generic/resident-id-serial',
      transport: { kind: 'memory', name: 'reader' },
    };
    const host = createAgentHost({
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      protocols,
      devices: [READER, BARRIER],
      transportFactory: systemTransports({ clock, memoryLines: lines }),
    });
    let cards = 0;
    host.capability('reader', 'cardReader')?.onCard(() => (cards += 1));
    host.start();
    reader.putCard({ layout: 'resident', name: '张三', number: '11010519491231002X' });
    await clock.advanceAsync(seconds(3));
    const assigned = host.assign({ devices: [READER, { ...BARRIER, params: { unit: 2 } }] });
    await clock.advanceAsync(seconds(3));
    await assigned;
    // A reader that was started anew would report the card that still lies there once more.
    expect(cards).toBe(1);
    expect(host.health('reader')?.state).toBe('ready');
    await host.stop();
    await reader.stop();
  });
});
