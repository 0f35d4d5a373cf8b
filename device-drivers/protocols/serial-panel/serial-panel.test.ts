import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clock, manualClock, ms, plus, seconds, systemClock, unwrap } from '@hallhub/sync/base';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { type Driver, type Transport, silentLog } from '../../kit/index.ts';
import { createPtyPair, until } from '../../kit/testing/index.ts';
import { createMemoryLine, createSerialTransport } from '../../transports/index.ts';
import { serialPanelProtocol } from './driver.ts';
import { createPanelSimulator } from './simulator.ts';
import { type Typed, typeKey } from './typing.ts';

const paramsOf = (id: string) => builtInProfiles().get(id)?.params ?? {};
const RECALL = { command: 1, data: Uint8Array.of(0x11) };

const connect = (clock: Clock, host: Transport, ...devices: readonly object[]) =>
  serialPanelProtocol.connect(
    {
      transport: { kind: 'memory', name: 'line' },
      devices: devices.map((params, index) => ({ deviceId: `panel-${index}`, params: { ...params } })),
    },
    {
      clock,
      random: (size) => new Uint8Array(size),
      log: silentLog,
      transportFactory: () => ({ ok: true, value: host }),
    },
  );

describe('keypads on one line', () => {
  it('are told apart by their addresses', async () => {
    const clock = manualClock();
    const line = createMemoryLine({ name: 'line' });
    const params = [1, 2].map((address) => ({ ...paramsOf('generic/caller-keypad'), address }));
    const drivers = unwrap(connect(clock, line.host, ...params));
    const second = createPanelSimulator({ transport: line.device, clock, form: 'long', address: 2 });
    unwrap(await second.start());
    const pressed: string[] = [];
    for (const { deviceId, capabilities } of drivers)
      capabilities.buttonPanel?.onButton(({ name }) => pressed.push(`${deviceId} ${name ?? ''}`));
    for (const driver of drivers) driver.start();
    await clock.advanceAsync(ms(50));
    second.press(RECALL);
    await clock.advanceAsync(seconds(1));
    expect(pressed).toEqual(['panel-1 recall']);
    for (const driver of drivers) await driver.stop();
    await second.stop();
    expect(clock.pending).toBe(0);
  });

  it('are refused with one address, or with other frames', () => {
    const keypad = paramsOf('generic/caller-keypad');
    const clock = manualClock();
    const { host } = createMemoryLine({ name: 'line' });
    expect(connect(clock, host, keypad, keypad)).toMatchObject({ error: { code: 'E-DEV-0302' } });
    const others = { ...paramsOf('generic/ticket-buttons'), address: 2 };
    expect(connect(clock, host, keypad, others)).toMatchObject({ error: { code: 'E-DEV-0302' } });
  });
});

describe('a rating pad', () => {
  it('whose answer to one order is late does not confirm the next one with it', async () => {
    const clock = manualClock();
    const line = createMemoryLine({ name: 'line' });
    const [driver] = unwrap(connect(clock, line.host, paramsOf('generic/rating-pad')));
    const pad = createPanelSimulator({ transport: line.device, clock, form: 'long', answersWith: 0x80 });
    unwrap(await pad.start());
    driver?.start();
    await clock.advanceAsync(seconds(1));
    const ask = (id: string, given: Driver | undefined) => {
      const now = clock.now();
      const args = { counter: '1', lasts: seconds(10) };
      return given?.capabilities.ratingPad?.ask({
        id,
        name: 'ask',
        args,
        issuedAt: now,
        expiresAt: plus(now, seconds(5)),
        issuedBy: 'test',
      });
    };
    pad.setFaults({ lateBy: ms(400) });
    const first = ask('first', driver);
    await clock.advanceAsync(ms(350));
    pad.setFaults({ silent: true });
    const second = ask('second', driver);
    await clock.advanceAsync(seconds(3));
    expect(await first).toMatchObject({ error: { code: 'E-DEV-0202' } });
    expect(await second).toMatchObject({ error: { code: 'E-DEV-0202' } });
    await driver?.stop();
    await pad.stop();
  });
});

describe('on a serial line', () => {
  it('a button is heard, and what is shown arrives', async () => {
    const pty = await createPtyPair();
    const clock = systemClock({ mode: 'test' });
    const serial = (path: string): Transport => createSerialTransport({ path, baudRate: 9_600 });
    const keypad = createPanelSimulator({ transport: serial(pty.b), clock, form: 'long' });
    const [driver] = unwrap(connect(clock, serial(pty.a), paramsOf('generic/caller-keypad')));
    const shown: string[] = [];
    const pressed: string[] = [];
    keypad.onOrder(({ data }) => shown.push(Buffer.from(data).toString('latin1').trim()));
    driver?.capabilities.buttonPanel?.onButton(({ name }) => pressed.push(name ?? ''));
    unwrap(await keypad.start());
    driver?.start();
    await until('the line is up', () => driver?.health.state === 'ready');
    keypad.press(RECALL);
    await until('the button is heard', () => pressed.length > 0);
    const now = clock.now();
    const receipt = await driver?.capabilities.counterDisplay?.show({
      id: 'show',
      name: 'show',
      args: { lines: ['A012'] },
      issuedAt: now,
      expiresAt: plus(now, seconds(5)),
      issuedBy: 'test',
    });
    await until('it is shown', () => shown.length > 0);
    expect([pressed, shown]).toEqual([['recall'], ['A012']]);
    expect(receipt).toMatchObject({ ok: true, value: { confirmation: 'unconfirmed' } });
    await driver?.stop();
    await keypad.stop();
    await pty.close();
  });
});

describe('typed digits', () => {
  it('are what was typed since the last enter, clear or long pause', () => {
    const key = fc.constantFrom('0', '1', '7', 'enter', 'clear');
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.constantFrom(100, 20_000))), (presses) => {
        let typed: Typed | undefined;
        let expected = '';
        let at = 0;
        for (const [pressed, pause] of presses) {
          if (pause > 10_000) expected = '';
          at += pause;
          const next = typeKey(typed, pressed, at as Typed['at'], ms(10_000));
          typed = next.typed;
          if (pressed === 'enter') expect(next.entered ?? '').toBe(expected);
          if (pressed === 'enter' || pressed === 'clear' || expected.length >= 16) expected = '';
          else expected += pressed;
        }
      }),
    );
  });
});
