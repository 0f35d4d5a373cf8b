import { describe, expect, it } from 'vitest';
import { manualClock, ms, plus, seconds, unwrap } from '@hallhub/sync/base';
import { type Driver, silentLog } from '../kit/index.ts';
import { unreliableLine } from '../kit/testing/index.ts';
import { createRelayBoardSimulator, createTurnstileArm, modbusRtuProtocol } from '../protocols/modbus/index.ts';
import { createReaderSimulator, residentIdProtocol } from '../protocols/resident-id/index.ts';
import { createMemoryLine } from '../transports/index.ts';
import { credentialText } from '../capabilities/index.ts';

const SEEDS = Array.from({ length: 25 }, (_, index) => index + 1);
const NUMBERS = ['11010519491231002X', '440524188001010014', '110101199003070011'];

describe('drivers on lines that lose, spoil, double and break', () => {
  it.each(SEEDS)('a reader reports only cards that lay there, and is well again afterwards (seed %i)', async (seed) => {
    const clock = manualClock();
    const memory = createMemoryLine({ name: 'reader' });
    const line = unreliableLine(memory.host, seed);
    const reader = createReaderSimulator({ transport: memory.device, clock });
    await reader.start();
    const [driver] = unwrap(
      residentIdProtocol.connect(
        { transport: { kind: 'memory', name: 'reader' }, devices: [{ deviceId: 'reader', params: {} }] },
        {
          clock,
          random: (size) => new Uint8Array(size),
          log: silentLog,
          transportFactory: () => ({ ok: true, value: line }),
        },
      ),
    ) as [Driver];
    const wrong: string[] = [];
    let reported = 0;
    driver.capabilities.cardReader?.onCard(({ presented }) => {
      reported += 1;
      const number = credentialText(presented);
      if (number !== reader.card?.number) wrong.push(number);
    });
    driver.start();
    line.unreliable = true;
    for (let round = 0; round < 10; round += 1) {
      reader.putCard({ layout: 'resident', name: '某人', number: NUMBERS[round % 3] ?? '' });
      await clock.advanceAsync(seconds(4));
      reader.liftCard();
      await clock.advanceAsync(seconds(2));
    }
    expect(wrong).toEqual([]);
    expect(reported).toBeGreaterThan(0);
    line.unreliable = false;
    await clock.advanceAsync(seconds(90));
    expect(driver.health.state).toBe('ready');
    const before = reported;
    reader.putCard({ layout: 'resident', name: '某人', number: NUMBERS[0] ?? '' });
    await clock.advanceAsync(seconds(2));
    expect(reported).toBe(before + 1);
    await driver.stop();
    await reader.stop();
    expect(clock.pending).toBe(0);
  });

  it.each(SEEDS)('a relay releases at most once for each command, and never late (seed %i)', async (seed) => {
    const clock = manualClock();
    const memory = createMemoryLine({ name: 'relays' });
    const line = unreliableLine(memory.host, seed);
    const board = createRelayBoardSimulator({ transport: memory.device, clock });
    const arm = createTurnstileArm({ board, clock, relay: { in: 0 }, input: { in: 0 } });
    await board.start();
    const [driver] = unwrap(
      modbusRtuProtocol.connect(
        {
          transport: { kind: 'memory', name: 'relays', baudRate: 9600 },
          devices: [{ deviceId: 'gate', params: { relay: { in: 0 }, input: { in: 0 } } }],
        },
        {
          clock,
          random: (size) => new Uint8Array(size),
          log: silentLog,
          transportFactory: () => ({ ok: true, value: line }),
        },
      ),
    ) as [Driver];
    const pulses: number[] = [];
    board.onRelay(({ on, at }) => {
      if (on) pulses.push(at);
    });
    let walked = 0;
    let counted = 0;
    driver.capabilities.passageSensor?.onPassage(() => {
      counted += 1;
    });
    driver.start();
    line.unreliable = true;
    await clock.advanceAsync(seconds(5));

    for (let round = 0; round < 15; round += 1) {
      const before = pulses.length;
      const issuedAt = clock.now();
      const expiresAt = plus(issuedAt, seconds(1));
      const acknowledged: string[] = [];
      const command = {
        id: `${seed}-${round}`,
        name: 'open',
        args: { hold: ms(500), direction: 'in' },
        issuedAt,
        expiresAt,
        issuedBy: 'test',
      } as const;
      void driver.capabilities.barrier?.open(command).then((receipt) => {
        if (receipt.ok) acknowledged.push(receipt.value.commandId);
      });
      void driver.capabilities.barrier?.open(command);
      await clock.advanceAsync(seconds(4));
      const fresh = pulses.slice(before);
      expect(fresh.length).toBeLessThanOrEqual(1);
      for (const at of fresh) expect(at).toBeLessThan(expiresAt);
      // "Acknowledged" is never a guess.
      if (acknowledged.length > 0) expect(fresh).toHaveLength(1);
      if (arm.walk('in')) walked += 1;
      await clock.advanceAsync(seconds(6));
    }
    expect(pulses.length).toBeGreaterThan(0);
    // A passage may be missed while the line is broken; none is made up.
    expect(counted).toBeLessThanOrEqual(walked);
    line.unreliable = false;
    await clock.advanceAsync(seconds(90));
    expect(driver.health.state).toBe('ready');
    await driver.stop();
    arm.stop();
    await board.stop();
    expect(clock.pending).toBe(0);
  });
});
