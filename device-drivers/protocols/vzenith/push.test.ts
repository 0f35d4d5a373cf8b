import { type ManualClock, epochMs, manualClock, ms, plus, seconds, systemRandom, unwrap } from '@hallhub/sync/base';
import { beforeEach, expect, it } from 'vitest';
import type { Driver, Receipt, Traffic } from '../../kit/index.ts';
import { silentLog } from '../../kit/index.ts';
import { type MemoryWeb, createMemoryWeb } from '../../transports/index.ts';
import { vzenithHttpProtocol } from './http.ts';
import { createVzenithHttpSimulator } from './simulator.ts';

const TOKEN = 'q7Zs0LmPx4Vb9Tc2';
let clock: ManualClock;
let web: MemoryWeb;
let driver: Driver;
let camera: ReturnType<typeof createVzenithHttpSimulator>;
let plates: { readonly plate: string; readonly replayed: boolean; readonly confidence?: number }[];
let traffic: Traffic[];
let logged: string[];

const set = async (params: object = {}): Promise<void> => {
  clock = manualClock(epochMs(1_767_236_400_000));
  web = createMemoryWeb({ clock, random: () => 1 });
  plates = [];
  traffic = [];
  logged = [];
  const log = (fields: object, text: string): void => {
    logged.push(`${JSON.stringify(fields)} ${text}`);
  };
  const drivers = unwrap(
    vzenithHttpProtocol.connect(
      {
        transport: { kind: 'http-listen', host: '127.0.0.1', port: 8090 },
        devices: [{ deviceId: 'camera', params: { door: { token: TOKEN }, ...params } }],
      },
      {
        clock,
        random: systemRandom,
        log: { ...silentLog, info: log, warn: log, error: log },
        inbox: () => web.inbox,
        transportFactory: () => ({ ok: false, error: { code: 'E-DEV-0302' } }),
      },
    ),
  );
  driver = drivers[0]!;
  driver.capabilities.plateReader?.onPlate((read) => plates.push(read));
  driver.onTraffic((seen) => traffic.push(seen));
  driver.start();
  camera = createVzenithHttpSimulator({ web: web.device, clock, serial: 'S1', target: `/${TOKEN}` });
  camera.start();
  await clock.advanceAsync(ms(10));
};
const open = (id: string, lives = seconds(2)): Promise<Receipt> => {
  const { barrier } = driver.capabilities;
  if (!barrier) throw new Error('no barrier');
  const now = clock.now();
  const args = { hold: ms(700), direction: 'in' as const };
  return barrier.open({ id, name: 'open', args, issuedAt: now, expiresAt: plus(now, lives), issuedBy: 'test' });
};
const answerTo = async (record: object): Promise<string> => {
  const answer = web.device.push({
    method: 'POST',
    target: `/${TOKEN}`,
    headers: {},
    body: Buffer.from(JSON.stringify(record)),
  });
  await clock.advanceAsync(seconds(5));
  return Buffer.from((await answer)?.body ?? []).toString();
};
beforeEach(() => set());

it('opens for nobody by being polite', async () => {
  camera.see('京A12345');
  await clock.advanceAsync(seconds(60));
  expect(plates).toMatchObject([{ plate: '京A12345', replayed: false, confidence: 0.97 }]);
  expect(camera.opened).toBe(0);
});

it('opens by the answer to the car that it decided on, once', async () => {
  const receipts: Promise<Receipt>[] = [];
  driver.capabilities.plateReader?.onPlate(() => receipts.push(open('one')));
  camera.see('京A12345');
  await clock.advanceAsync(seconds(10));
  expect(await Promise.all(receipts)).toMatchObject([{ ok: true, value: { confirmation: 'unconfirmed' } }]);
  expect(camera.opened).toBe(1);
});

it('never opens for the next car, or later', async () => {
  expect(await open('nobody waits')).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
  camera.see('京A12345');
  await clock.advanceAsync(seconds(3));
  expect(await open('too late')).toMatchObject({ ok: false });
  camera.see('京A99999');
  await clock.advanceAsync(seconds(60));
  expect(camera.opened).toBe(0);
});

it('reports cars of its time off line as history, asks for the next, and holds nothing back for an order', async () => {
  camera.see('京A12345', { offlineAt: epochMs(clock.now() - 86_400_000) });
  await clock.advanceAsync(ms(20));
  expect(plates).toMatchObject([{ replayed: true }]);
  expect(await open('for history')).toMatchObject({ ok: false });
  const record = (isoffline: unknown) => ({
    AlarmInfoPlate: { serialno: 'S1', result: { PlateResult: { license: '京B00001', plateid: 8999, isoffline } } },
  });
  expect(await answerTo(record(1))).toContain('"ContinuePushOffline":{"plateid":8999,"continue":1}');
  await answerTo(record('yes'));
  expect(plates.every(({ replayed }) => replayed)).toBe(true);
});

it('keeps the password of a heartbeat, and every plate, out of logs and traffic', async () => {
  camera.see('京A12345');
  await answerTo({ AlarmInfoPlate: 'in-clear' });
  await clock.advanceAsync(seconds(10));
  const said = JSON.stringify([traffic.map(({ bytes, meaning }) => [Buffer.from(bytes).toString(), meaning]), logged]);
  expect(traffic.length).toBeGreaterThan(3);
  expect(said).not.toMatch(/in-clear|京A12345/);
});

it('takes an order with its heartbeat where the profile says so, and not after it has expired', async () => {
  await set({ ordersOnHeartbeat: true });
  const given = open('by heartbeat', seconds(5));
  await clock.advanceAsync(seconds(3));
  expect(await given).toMatchObject({ ok: true, value: { confirmation: 'unconfirmed' } });
  expect(camera.opened).toBe(1);
  camera.setFaults({ silent: true });
  const late = open('silent', seconds(1));
  await clock.advanceAsync(seconds(2));
  camera.setFaults({});
  await clock.advanceAsync(seconds(30));
  expect(await late).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
  expect(camera.opened).toBe(1);
});

it('says once that its clock is wrong, and hands its time on for the gate to judge', async () => {
  const future = {
    AlarmInfoPlate: {
      result: { PlateResult: { license: '京A12345', timeStamp: { Timeval: { sec: 1_867_236_400 } } } },
    },
  };
  await answerTo(future);
  await answerTo({ AlarmInfoPlate: { ...future.AlarmInfoPlate, serialno: 'other' } });
  expect(plates).toMatchObject([{ at: 1_867_236_400_000 }, { at: 1_867_236_400_000 }]);
  expect(logged.filter((line) => line.includes('E-DEV-0207'))).toHaveLength(1);
});

it('is not moved by what is no record', async () => {
  for (const body of [{}, { AlarmInfoPlate: [] }, { AlarmInfoPlate: { result: { PlateResult: { license: 7 } } } }])
    expect(await answerTo(body)).toBe('{"Response_AlarmInfoPlate":{"info":"no"}}');
  expect(plates).toEqual([]);
  expect(
    await answerTo({ AlarmInfoPlate: { result: { PlateResult: { license: '京'.repeat(3_400) } } } }),
  ).not.toContain('ok');
  expect(Array.from(plates[0]?.plate ?? '')).toHaveLength(32);
});
