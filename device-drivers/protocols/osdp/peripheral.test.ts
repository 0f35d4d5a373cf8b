import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, type Result, manualClock, ms, seconds } from '@hallhub/sync/base';
import { silentLog } from '../../kit/index.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { createOsdpBus } from './bus.ts';
import { type Peripheral, createPeripheral } from './peripheral.ts';
import { createOsdpReaderSimulator } from './simulator.ts';
import type { OsdpReaderSimulator } from './simulator-types.ts';
import { KEY, keyBytes } from './testing/rig.ts';

const FRESH = keyBytes('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf');
const random = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, index) => index * 17);

let clock: ManualClock;
let reader: OsdpReaderSimulator;
let peripheral: Peripheral;

async function settled<T>(promise: Promise<Result<T>>): Promise<Result<T>> {
  for (let step = 0; step < 400; step += 1) await clock.advanceAsync(ms(5));
  return promise;
}

beforeEach(async () => {
  clock = manualClock();
  const line = createMemoryLine({ name: 'reader' });
  reader = createOsdpReaderSimulator({ transport: line.device, clock, key: keyBytes(KEY), dropsLinkAfterKey: true });
  await reader.start();
  const bus = createOsdpBus({
    transport: line.host,
    clock,
    random,
    baudRate: 9_600,
    replyTimeout: ms(200),
    quiet: ms(100),
    markByte: false,
  });
  peripheral = createPeripheral({
    bus,
    clock,
    random,
    log: silentLog,
    address: 0,
    check: 'auto',
    secureChannel: 'required',
    key: keyBytes(KEY),
    installMode: false,
    pollEvery: ms(50),
    offlineAfter: seconds(8),
  });
  peripheral.start();
  await clock.advanceAsync(seconds(1));
});

afterEach(async () => {
  await peripheral.stop();
  await reader.stop();
  expect(clock.pending).toBe(0);
});

describe('a fresh key', () => {
  it('replaces the old one, and the link begins anew with it', async () => {
    expect(await settled(peripheral.setKey(FRESH))).toEqual({ ok: true, value: undefined });
    expect(reader.key).toEqual(FRESH);
    expect(peripheral.state).toMatchObject({ phase: 'online', connection: { secured: 'own-key', key: FRESH } });
  });

  it('that the reader refuses changes nothing', async () => {
    reader.setFaults({ nak: 9 });
    expect(await settled(peripheral.setKey(FRESH))).toMatchObject({ error: { code: 'E-DEV-0203' } });
    reader.setFaults({});
    peripheral.reconnect();
    await clock.advanceAsync(seconds(2));
    expect(peripheral.state).toMatchObject({ phase: 'online', connection: { key: keyBytes(KEY) } });
  });

  it('whose acknowledgement never came is found out on the next link', async () => {
    reader.setFaults({ silent: true });
    const answer = peripheral.setKey(FRESH);
    await clock.advanceAsync(seconds(10));
    expect(await answer).toMatchObject({ ok: false });
    reader.setFaults({});
    await clock.advanceAsync(seconds(10));
    expect(peripheral.state).toMatchObject({ phase: 'online', connection: { key: FRESH } });
  });
});

describe('other orders', () => {
  it('reach the reader', async () => {
    const answer = await settled(peripheral.send({ name: 'set-communication', address: 5, baudRate: 19_200 }));
    expect(answer).toEqual({ ok: true, value: { name: 'communication', address: 5, baudRate: 19_200 } });
    expect(reader.address).toBe(5);
  });

  it('are refused by a reader that does not know them, and when it is stopped', async () => {
    const answer = await settled(
      peripheral.send({ name: 'manufacturer', vendor: new Uint8Array(3), data: new Uint8Array() }),
    );
    expect(answer).toMatchObject({ error: { code: 'E-DEV-0203' } });
    await peripheral.stop();
    expect(await peripheral.send({ name: 'poll' })).toMatchObject({ error: { code: 'E-DEV-0102' } });
  });
});
