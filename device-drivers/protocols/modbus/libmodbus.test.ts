import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import { ms, systemClock, systemRandom } from '@hallhub/sync/base';
import { silentLog } from '../../kit/index.ts';
import { type PtyPair, createPtyPair, until } from '../../kit/testing/index.ts';
import { createSerialTransport, createTcpTransport } from '../../transports/index.ts';
import type { ModbusBus } from './bus.ts';
import { createRtuBus } from './rtu-bus.ts';
import { createTcpBus } from './tcp-bus.ts';
import {
  type LibmodbusServer,
  type RunningServer,
  buildLibmodbusServer,
  freePort,
  isListening,
  runLibmodbusServer,
} from './testing/libmodbus.ts';

/** libmodbus's unit-test.h. */
const UNIT = 17;
const COILS = 0x130;
const INPUTS = { address: 0x1c4, count: 22, first: [false, false, true, true, false, true, false, true] };
const REGISTERS = 0x160;
const INPUT_REGISTER = { address: 0x108, value: 0x000a };
const BUSY = 0x170;
const FOREIGN = 0x171;
const SLOW = 0x172;
const BYTE_BY_BYTE = 0x173;

const clock = systemClock({ mode: 'test' });
const environment = { clock, random: systemRandom, log: silentLog };

let server: LibmodbusServer;
let port: number;
let pty: PtyPair;
let running: RunningServer | undefined;
let leave: (() => Promise<void>) | undefined;
let traffic: string[];

beforeAll(async () => {
  pty = await createPtyPair();
  port = await freePort();
  server = await buildLibmodbusServer({ port, serial: pty.b });
}, 60_000);
afterAll(async () => {
  await server.dispose();
  await pty.close();
});
afterEach(async () => {
  await leave?.();
  await running?.stop();
  leave = running = undefined;
});

async function up(bus: ModbusBus): Promise<ModbusBus> {
  traffic = [];
  bus.onTraffic(({ traffic: seen }) => traffic.push(`${seen.direction} ${seen.meaning}`));
  let isUp = false;
  leave = bus.join({
    onUp: () => {
      isUp = true;
    },
    onDown: () => {
      isUp = false;
    },
  });
  await until('the line is up', () => isUp);
  return bus;
}

const kinds = {
  rtu: async (replyTimeout: number): Promise<ModbusBus> => {
    running = await runLibmodbusServer(server.binary, 'rtu');
    const transport = createSerialTransport({ path: pty.a, baudRate: 115_200 });
    return up(
      createRtuBus({ ...environment, transport, baudRate: 115_200, replyTimeout: ms(replyTimeout), quiet: ms(700) }),
    );
  },
  tcp: async (replyTimeout: number): Promise<ModbusBus> => {
    running = await runLibmodbusServer(server.binary, 'tcp');
    await until('the server listens', () => isListening(port));
    const transport = createTcpTransport({ host: '127.0.0.1', port, clock });
    return up(createTcpBus({ ...environment, transport, replyTimeout: ms(replyTimeout) }));
  },
};

describe.each(['rtu', 'tcp'] as const)('Modbus master against libmodbus, %s', (kind) => {
  it('reads and writes all that there is', async () => {
    const bus = await kinds[kind](1_000);
    expect(await bus.readBits(UNIT, 'read-discrete-inputs', INPUTS.address, INPUTS.count)).toMatchObject({
      ok: true,
      value: expect.objectContaining({ length: INPUTS.count }) as unknown,
    });
    const first = await bus.readBits(UNIT, 'read-discrete-inputs', INPUTS.address, 8);
    expect(first).toEqual({ ok: true, value: INPUTS.first });
    expect(await bus.readRegisters(UNIT, 'read-input-registers', INPUT_REGISTER.address, 1)).toEqual({
      ok: true,
      value: [INPUT_REGISTER.value],
    });
    expect(await bus.write({ function: 'write-coil', unit: UNIT, address: COILS, on: true })).toEqual({ ok: true });
    const on = [false, true, true, false, true, false, false, true, true, true];
    expect(await bus.write({ function: 'write-coils', unit: UNIT, address: COILS + 1, on })).toEqual({ ok: true });
    expect(await bus.readBits(UNIT, 'read-coils', COILS, 11)).toEqual({ ok: true, value: [true, ...on] });
    expect(await bus.write({ function: 'write-register', unit: UNIT, address: REGISTERS, value: 0x1234 })).toEqual({
      ok: true,
    });
    expect(
      await bus.write({ function: 'write-registers', unit: UNIT, address: REGISTERS + 1, values: [1, 0xffff, 3] }),
    ).toEqual({ ok: true });
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', REGISTERS, 4)).toEqual({
      ok: true,
      value: [0x1234, 1, 0xffff, 3],
    });
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', 0, 1)).toEqual({
      ok: false,
      error: { code: 'E-DEV-0203', detail: 'exception 2: illegal data address' },
    });
  });

  it('says that the device is busy', async () => {
    const bus = await kinds[kind](1_000);
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', BUSY, 1)).toEqual({
      ok: false,
      error: { code: 'E-DEV-0203', detail: 'exception 6: device busy' },
    });
  });

  it('does not take the answer of somebody else, and reads on', async () => {
    const bus = await kinds[kind](600);
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', REGISTERS + 4, 1)).toEqual({ ok: true, value: [0] });
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', FOREIGN, 1)).toMatchObject({ ok: false });
    expect(await bus.readRegisters(UNIT, 'read-input-registers', INPUT_REGISTER.address, 1)).toEqual({
      ok: true,
      value: [INPUT_REGISTER.value],
    });
  });

  it('never takes a late reply for the answer to the next request', async () => {
    const bus = await kinds[kind](200);
    const here = [11, 22, 33, 44];
    for (const [index, value] of here.entries()) {
      const written = { function: 'write-register', unit: UNIT, address: REGISTERS + index, value } as const;
      // A machine that is busy misses this patience now and then, and an RTU line takes no writes before its first answer.
      let taken = false;
      for (let tries = 0; tries < 5 && !taken; tries += 1) {
        await bus.readRegisters(UNIT, 'read-holding-registers', REGISTERS, 1);
        taken = (await bus.write(written)).ok;
      }
      expect(taken).toBe(true);
    }
    // Answered after 500 ms, asked with a patience of 200 ms: the next requests go out while its reply is under way.
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', SLOW, 1)).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0202' },
    });
    const next: unknown[] = [];
    for (let tries = 0; tries < 6 && next.length < here.length; tries += 1) {
      for (const index of here.keys()) {
        const read = await bus.readRegisters(UNIT, 'read-holding-registers', REGISTERS + index, 1);
        if (!read.ok) break;
        expect(read.value).toEqual([here[index]]);
        next.push(read.value[0]);
      }
    }
    expect(next).toEqual(here);
    expect(traffic.some((line) => line.startsWith('discarded too late'))).toBe(true);
  });

  it('does not take a short reply', async () => {
    const bus = await kinds[kind](500);
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', REGISTERS, 2)).toMatchObject({ ok: false });
    expect(await bus.readRegisters(UNIT, 'read-input-registers', INPUT_REGISTER.address, 1)).toEqual({
      ok: true,
      value: [INPUT_REGISTER.value],
    });
  });
});

it('puts a reply together that comes byte by byte', async () => {
  const bus = await kinds.tcp(1_000);
  // The server answers with its own unit number FF here: whole, and not ours.
  expect(await bus.readRegisters(UNIT, 'read-holding-registers', BYTE_BY_BYTE, 1)).toMatchObject({ ok: false });
  expect(await bus.readRegisters(UNIT, 'read-input-registers', INPUT_REGISTER.address, 1)).toEqual({
    ok: true,
    value: [INPUT_REGISTER.value],
  });
});

it('carries three requests at once over TCP', async () => {
  const bus = await kinds.tcp(1_000);
  const answers = await Promise.all(
    [0, 1, 2, 3, 4, 5].map((index) => bus.readBits(UNIT, 'read-discrete-inputs', INPUTS.address + index, 1)),
  );
  expect(answers).toEqual(INPUTS.first.slice(0, 6).map((value) => ({ ok: true, value: [value] })));
});
