import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ms, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import type { CardRead } from '../../capabilities/index.ts';
import { type Driver, silentLog } from '../../kit/index.ts';
import { type PtyPair, createPtyPair, until } from '../../kit/testing/index.ts';
import { systemTransports } from '../../transports/index.ts';
import { residentIdProtocol } from './driver.ts';
import { GOLDEN_CARD, OTHER_CARD } from './testing/golden.ts';
import { credentialText } from '../../capabilities/index.ts';

/** The simulator as a process of its own. */
interface Reader {
  tell(order: object): Promise<unknown>;
  stop(): Promise<void>;
}

async function startReader(path: string, baud = 115_200): Promise<Reader> {
  const program = join(import.meta.dirname, 'simulator-main.ts');
  const child: ChildProcess = spawn(process.execPath, [program, '--path', path, '--baud', String(baud)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (!child.stdin || !child.stdout) throw new Error('the simulator has no pipes');
  const { stdin, stdout } = child;
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      resolve();
    });
  });
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse(String((await lines.next()).value));
  expect(await next()).toEqual({ event: 'ready' });
  return {
    tell: (order) => {
      stdin.write(`${JSON.stringify(order)}\n`);
      return next();
    },
    stop: async () => {
      stdin.end();
      await ended;
    },
  };
}

describe('a reader in a process of its own, on a pty', () => {
  let folder: string;
  let pty: PtyPair;
  let reader: Reader;
  let driver: Driver;
  let reads: CardRead[];
  const clock = systemClock({ mode: 'test' });
  const numbers = (): string[] => reads.map(({ presented }) => credentialText(presented));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reader-'));
    pty = await createPtyPair(folder);
    reader = await startReader(pty.b);
    [driver] = unwrap(
      residentIdProtocol.connect(
        {
          transport: { kind: 'serial', path: pty.a, baudRate: 115_200 },
          devices: [{ deviceId: 'reader', params: { leftAfterMs: 300 } }],
        },
        {
          clock,
          random: systemRandom,
          log: silentLog,
          transportFactory: systemTransports({ clock }),
          reconnect: { first: ms(20), longest: ms(200) },
        },
      ),
    ) as [Driver];
    reads = [];
    driver.capabilities.cardReader?.onCard((read) => reads.push(read));
    driver.start();
    await until('the reader answers', () => driver.health.state === 'ready');
  });
  afterEach(async () => {
    await driver.stop();
    await reader.stop();
    await pty.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('reads one card after the other, each once', async () => {
    expect(await reader.tell({ do: 'put', card: GOLDEN_CARD })).toEqual({ ok: true });
    await until('the first card is read', () => reads.length === 1);
    await reader.tell({ do: 'lift' });
    await reader.tell({ do: 'put', card: OTHER_CARD });
    await until('the second card is read', () => reads.length === 2);
    expect(numbers()).toEqual(['11010519491231002X', '440524188001010014']);
  });

  it('paces its bytes: a card takes the time of the line, not of the pty', async () => {
    let asked = 0;
    driver.onTraffic(({ direction, meaning }) => {
      if (direction === 'out' && meaning === 'read card') asked = clock.monotonic();
    });
    await reader.tell({ do: 'put', card: GOLDEN_CARD });
    await until('the card is read', () => reads.length === 1);
    // 1295 bytes of ten bits at 115200 baud: no schedule can make them faster.
    expect((reads[0]?.lastByteAt ?? 0) - asked).toBeGreaterThan(112);
  });

  it('goes on after faults, and says no to orders that make no sense', async () => {
    await reader.tell({ do: 'faults', faults: { status: { read: 0x41 } } });
    const told: string[] = [];
    driver.capabilities.cardReader?.onUnreadable(({ code }) => told.push(code));
    await reader.tell({ do: 'put', card: GOLDEN_CARD });
    await until('the trouble is told', () => told.length === 1);
    expect(told).toEqual(['E-CARD-0109']);
    expect(await reader.tell({ do: 'faults', faults: { noize: 3 } })).toMatchObject({ ok: false });
    await reader.tell({ do: 'faults', faults: { noiseBytes: 20 } });
    await until('the card is read', () => reads.length === 1);
  });

  it('is there again after its line broke and its process died', async () => {
    await reader.stop();
    await pty.close();
    await until('the break is seen', () => driver.health.state === 'down');
    // A new device under the same name, as udev's by-id links keep it.
    pty = await createPtyPair(folder);
    reader = await startReader(pty.b);
    await reader.tell({ do: 'put', card: GOLDEN_CARD });
    await until('the card is read', () => reads.length === 1);
    expect(driver.health.state).toBe('ready');
  });
});
