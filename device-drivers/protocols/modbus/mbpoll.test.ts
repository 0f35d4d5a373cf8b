import { spawn } from 'node:child_process';
import { type Socket, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Failure, ok, systemClock, unwrap } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../../kit/index.ts';
import { type PtyPair, createPtyPair } from '../../kit/testing/index.ts';
import { createSerialTransport } from '../../transports/index.ts';
import { createRelayBoardSimulator } from './simulator.ts';
import type { RelayBoardSimulator } from './simulator-types.ts';

const clock = systemClock({ mode: 'test' });

/** Runs mbpoll (Debian) once and gives what it printed as values, in their order. */
async function mbpoll(args: readonly string[]): Promise<{ readonly values: readonly number[]; readonly text: string }> {
  const child = spawn('mbpoll', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  child.stderr.on('data', (piece: Buffer) => {
    text += piece.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.on('error', () => {
      reject(new Error('mbpoll is needed for this test: apt install mbpoll'));
    });
    child.on('close', () => {
      resolve();
    });
  });
  const values = [...text.matchAll(/^\[\d+\]:\s+(-?[\d.]+)/gm)].map(([, value]) => Number(value));
  return { values, text };
}

/** Whoever is connected, as a line. */
function socketsAsLine(): { readonly transport: Transport; readonly adopt: (socket: Socket) => void } {
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);
  let current: Socket | undefined;
  return {
    transport: {
      name: 'server',
      open: () => Promise.resolve(ok()),
      write: (bytes) => {
        current?.write(bytes);
        return Promise.resolve(ok());
      },
      close: () => Promise.resolve(),
      onData: data.on,
      onDown: down.on,
    },
    adopt: (socket) => {
      current = socket;
      socket.on('data', data.emit);
      socket.on('error', () => undefined);
    },
  };
}

const MEMORY = {
  unit: 17,
  holding: { 0: 1234, 1: 0x3fc0, 2: 0 },
  input: { 5: 0xfff1 },
};

const subjects = {
  tcp: async () => {
    const line = socketsAsLine();
    const server = createServer(line.adopt);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    return {
      board: createRelayBoardSimulator({ transport: line.transport, clock, framing: 'tcp', ...MEMORY }),
      args: ['-m', 'tcp', '-p', String(port), '-a', '17', '-0', '-1', '-o', '2'],
      target: '127.0.0.1',
      close: () =>
        new Promise<void>((resolve) => {
          server.close(() => {
            resolve();
          });
        }),
    };
  },
  rtu: async () => {
    const pty: PtyPair = await createPtyPair();
    const transport = createSerialTransport({ path: pty.a, baudRate: 9_600 });
    return {
      board: createRelayBoardSimulator({ transport, clock, ...MEMORY }),
      args: ['-m', 'rtu', '-b', '9600', '-P', 'none', '-a', '17', '-0', '-1', '-o', '2'],
      target: pty.b,
      close: () => pty.close(),
    };
  },
};

describe.each(['tcp', 'rtu'] as const)('the simulated unit against mbpoll, %s', (kind) => {
  let board: RelayBoardSimulator;
  let ask: (...args: readonly string[]) => ReturnType<typeof mbpoll>;
  let write: (args: readonly string[], values: readonly number[]) => ReturnType<typeof mbpoll>;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const subject = await subjects[kind]();
    ({ board, close } = subject);
    unwrap(await board.start());
    ask = (...args) => mbpoll([...subject.args, ...args, subject.target]);
    write = (args, values) => mbpoll([...subject.args, ...args, subject.target, ...values.map(String)]);
  });
  afterAll(async () => {
    await board.stop();
    await close();
  });

  it('answers reads of coils, inputs and registers', async () => {
    board.setInput(2, true);
    expect(await ask('-t', '1', '-r', '0', '-c', '4')).toMatchObject({ values: [0, 0, 1, 0] });
    expect(await ask('-t', '4', '-r', '0', '-c', '1')).toMatchObject({ values: [1234] });
    expect(await ask('-t', '4:float', '-B', '-r', '1', '-c', '1')).toMatchObject({ values: [1.5] });
    expect(await ask('-t', '3', '-r', '5', '-c', '1')).toMatchObject({ values: [65_521] });
  });

  it('takes writes of coils and registers', async () => {
    await write(['-t', '0', '-r', '3'], [1]);
    expect(board.relays[3]).toBe(true);
    await write(['-t', '0', '-r', '4'], [1, 0, 1]);
    expect(board.relays.slice(4, 7)).toEqual([true, false, true]);
    await write(['-t', '4', '-r', '0'], [4321]);
    expect(board.register('holding', 0)).toBe(4321);
    await write(['-t', '4', '-r', '1'], [7, 8]);
    expect([board.register('holding', 1), board.register('holding', 2)]).toEqual([7, 8]);
    board.setRegister('holding', 1, 0x3fc0);
    board.setRegister('holding', 2, 0);
  });

  it('refuses what it lacks', async () => {
    expect((await ask('-t', '4', '-r', '900', '-c', '1')).text).toMatch(/Illegal data address/);
  });
});
