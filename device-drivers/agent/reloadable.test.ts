import { describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, plus, seconds } from '@hallhub/sync/base';
import type { Passage } from '../capabilities/index.ts';
import { type Receipt, silentLog } from '../kit/index.ts';
import { createRelayBoardSimulator, createTurnstileArm } from '../protocols/modbus/index.ts';
import { createMemoryLine, systemTransports } from '../transports/index.ts';
import { type AgentHost, createAgentHost, createReloadableHost } from './index.ts';

const BARRIER = {
  id: 'barrier',
  profile: 'generic/modbus-relay-flash',
  transport: { kind: 'memory', name: 'relays', baudRate: 9600 },
} as const;

describe('a host that is reloaded', () => {
  it('goes on under the hands of whoever holds its capabilities', async () => {
    const clock: ManualClock = manualClock();
    const line = createMemoryLine({ name: 'relays' });
    const board = createRelayBoardSimulator({ transport: line.device, clock });
    await board.start();
    const arm = createTurnstileArm({ board, clock, relay: { in: 0 }, input: { in: 0 } });
    const create = (devices: readonly (typeof BARRIER)[]) => (): AgentHost =>
      createAgentHost({
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        devices,
        transportFactory: systemTransports({ clock, memoryLines: new Map([['relays', line]]) }),
      });
    const host = createReloadableHost({
      create: create([BARRIER]),
      onListenerError: (error) => {
        throw error;
      },
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

    const reloaded = host.reload(create([BARRIER]));
    await clock.advanceAsync(seconds(3));
    await reloaded;
    expect(await openAndWalk()).toMatchObject({ ok: true });
    expect(passages).toHaveLength(2);
    expect(states.filter((state) => state === 'ready')).toHaveLength(2);

    const emptied = host.reload(create([]));
    await clock.advanceAsync(seconds(3));
    await emptied;
    expect(await openAndWalk()).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
    expect(host.devices()).toEqual([]);
    await host.stop();
    arm.stop();
    await board.stop();
    expect(clock.pending).toBe(0);
  });
});
