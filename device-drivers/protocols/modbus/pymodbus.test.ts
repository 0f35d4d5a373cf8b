import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ms, systemClock, systemRandom } from '@hallhub/sync/base';
import { silentLog } from '../../kit/index.ts';
import { type PtyPair, createPtyPair, until } from '../../kit/testing/index.ts';
import { createSerialTransport } from '../../transports/index.ts';
import type { ModbusBus } from './bus.ts';
import { createRtuBus } from './rtu-bus.ts';

/** Debian's own Python: the packages below belong to it. */
const PYTHON = '/usr/bin/python3';
const UNIT = 17;

describe('Modbus RTU master against pymodbus', () => {
  let pty: PtyPair;
  let slave: ChildProcess;
  let ended: Promise<void>;
  let bus: ModbusBus;
  let leave: () => Promise<void>;
  const traffic: string[] = [];

  beforeAll(async () => {
    const found = spawnSync(PYTHON, ['-c', 'import pymodbus.server, serial']);
    if (found.status !== 0) {
      throw new Error(
        'pymodbus is needed for this test: apt install python3-pymodbus python3-serial python3-serial-asyncio',
      );
    }
    pty = await createPtyPair();
    slave = spawn(PYTHON, [join(import.meta.dirname, 'testing', 'pymodbus_slave.py'), pty.b], { stdio: 'ignore' });
    ended = new Promise((resolve) => {
      slave.on('close', () => {
        resolve();
      });
    });
    bus = createRtuBus({
      transport: createSerialTransport({ path: pty.a, baudRate: 9600 }),
      baudRate: 9600,
      clock: systemClock({ mode: 'test' }),
      random: systemRandom,
      log: silentLog,
      replyTimeout: ms(1_000),
      quiet: ms(100),
    });
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
    // The slave needs a moment to open its port; until then nobody answers.
    for (let tries = 0; tries < 30; tries += 1) {
      if ((await bus.readBits(UNIT, 'read-coils', 0, 1)).ok) return;
    }
    throw new Error('the slave never answered');
  }, 60_000);

  afterAll(async () => {
    await leave();
    slave.kill('SIGKILL');
    await ended;
    await pty.close();
  });

  it('switches a coil on and off, and reads it back', async () => {
    expect(await bus.write({ function: 'write-coil', unit: UNIT, address: 3, on: true })).toMatchObject({ ok: true });
    expect(await bus.readBits(UNIT, 'read-coils', 0, 10)).toEqual({
      ok: true,
      value: [false, false, false, true, false, false, false, false, false, false],
    });
    expect(await bus.write({ function: 'write-coil', unit: UNIT, address: 3, on: false })).toMatchObject({ ok: true });
    expect(await bus.readBits(UNIT, 'read-coils', 3, 1)).toEqual({ ok: true, value: [false] });
  });

  it('reads discrete inputs', async () => {
    expect(await bus.readBits(UNIT, 'read-discrete-inputs', 0, 9)).toEqual({
      ok: true,
      value: [true, false, false, true, false, false, true, false, false],
    });
  });

  it('writes several coils at once', async () => {
    const on = [true, false, true, true, false, false, true, true, true, false, true];
    expect(await bus.write({ function: 'write-coils', unit: UNIT, address: 8, on })).toMatchObject({ ok: true });
    expect(await bus.readBits(UNIT, 'read-coils', 8, on.length)).toEqual({ ok: true, value: on });
  });

  it('writes and reads registers', async () => {
    expect(await bus.write({ function: 'write-register', unit: UNIT, address: 0, value: 0xbeef })).toMatchObject({
      ok: true,
    });
    expect(
      await bus.write({ function: 'write-registers', unit: UNIT, address: 1, values: [1, 0xffff, 0x8000] }),
    ).toMatchObject({ ok: true });
    expect(await bus.readRegisters(UNIT, 'read-holding-registers', 0, 4)).toEqual({
      ok: true,
      value: [0xbeef, 1, 0xffff, 0x8000],
    });
    expect(await bus.readRegisters(UNIT, 'read-input-registers', 5, 3)).toEqual({
      ok: true,
      value: [1005, 1006, 1007],
    });
  });

  it('says which exception the slave gave', async () => {
    expect(await bus.readBits(UNIT, 'read-coils', 1_000, 8)).toEqual({
      ok: false,
      error: { code: 'E-DEV-0203', detail: 'exception 2: illegal data address' },
    });
  });

  it('keeps its place under many requests at once', async () => {
    const asked = Array.from({ length: 40 }, (_, index) => index % 24);
    const answers = await Promise.all(
      asked.map((address) => bus.readRegisters(UNIT, 'read-input-registers', address, 1)),
    );
    expect(answers).toEqual(asked.map((address) => ({ ok: true, value: [1000 + address] })));
  });

  it('hears nothing of another address, and goes on afterwards', async () => {
    expect(await bus.readBits(99, 'read-coils', 0, 1)).toMatchObject({ ok: false, error: { code: 'E-DEV-0202' } });
    expect(await bus.readBits(UNIT, 'read-discrete-inputs', 0, 1)).toEqual({ ok: true, value: [true] });
  });
});
