import { afterEach, describe, expect, it } from 'vitest';
import { ms, plus, seconds } from '@hallhub/sync/base';
import { silentLog } from '../../kit/index.ts';
import { createMemoryLine } from '../../transports/index.ts';
import { osdpProtocol } from './protocol.ts';
import { createOsdpReaderSimulator } from './simulator.ts';
import { KEY, type OsdpRig, createOsdpRig, keyBytes } from './testing/rig.ts';

const SECURE = { secureChannel: 'required', key: KEY };
const CARD = '11101010000011011100000010';
const OUT = 0x68;
const KEYSET = 0x75;

let rig: OsdpRig;

afterEach(async () => {
  await rig.stop();
  expect(rig.clock.pending).toBe(0);
  expect(rig.reader.violations).toEqual([]);
});

describe.each([
  ['in the clear', {}, {}],
  ['on a secure link', SECURE, { key: keyBytes(KEY), secureOnly: true }],
])('a reader %s', (_name, params, reader) => {
  it('reports cards and keys, each once', async () => {
    rig = await createOsdpRig({ params, reader });
    expect(rig.driver.health.state).toBe('ready');
    rig.reader.present(CARD);
    await rig.clock.advanceAsync(seconds(1));
    rig.reader.press('12*#');
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.cards).toMatchObject([{ presented: { type: 'bits', bits: 26, hex: 'ea0dc080' } }]);
    expect(rig.keys).toEqual(['12*#']);
  });

  it('pulses its output for as long as asked, and times it by itself', async () => {
    rig = await createOsdpRig({ params, reader });
    expect(await rig.open()).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    expect(rig.pulses).toEqual([700]);
    await rig.driver.stop();
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.reader.outputs).toEqual([false]);
  });

  it('shows light, sound and text, and goes back by itself', async () => {
    rig = await createOsdpRig({ params, reader });
    const receipt = await rig.show({
      light: { colour: 'green', on: ms(300), off: ms(0) },
      sound: { times: 2, on: ms(0), off: ms(100) },
      text: 'WELCOME',
      lasts: seconds(2),
    });
    expect(receipt).toMatchObject({ ok: true });
    expect(rig.reader.leds.get(0)).toBe(2);
    expect(rig.reader.buzzes).toEqual([{ tone: 2, onMs: 100, offMs: 100, count: 2 }]);
    expect(rig.reader.texts).toEqual(['WELCOME']);
    await rig.clock.advanceAsync(seconds(3));
    expect(rig.reader.leds.get(0)).toBe(0);
  });

  it('does not say that nothing was done when its lamp is lit and its display refuses', async () => {
    rig = await createOsdpRig({ params, reader });
    const TEXT = 0x6b;
    rig.reader.setFaults({ nak: 3, refuses: TEXT });
    const receipt = await rig.show({
      light: { colour: 'green', on: ms(300), off: ms(0) },
      text: 'WELCOME',
      lasts: seconds(2),
    });
    expect(receipt).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
    expect(rig.reader.leds.get(0)).toBe(2);
    expect(rig.reader.texts).toEqual([]);
  });

  it('takes a new program, and is asked who it is when it comes back', async () => {
    rig = await createOsdpRig({ params, reader: { ...reader, files: { outcome: 2, finishing: 3, receiveSize: 200 } } });
    const image = Uint8Array.from({ length: 3_000 }, (_, index) => (index * 7) & 0xff);
    const seen: string[] = [];
    rig.driver.capabilities.firmware?.onProgress(({ state }) => {
      if (seen.at(-1) !== state) seen.push(state);
    });
    expect(await rig.update(image, '11.12.13')).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(rig.reader.files).toEqual([{ type: 1, content: image }]);
    expect(seen).toEqual(['sending', 'installing', 'done']);
    expect(await rig.update(image, '99.0.0')).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
  });
});

describe('the barrier', () => {
  it('is observed where the reader answers with the state of its outputs', async () => {
    rig = await createOsdpRig({ reader: { reportsOutputs: true } });
    expect(await rig.open()).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
  });

  it('refuses a direction without output and a release that would burn the strike', async () => {
    rig = await createOsdpRig({});
    expect(await rig.open({ args: { hold: ms(500), direction: 'out' } })).toMatchObject({
      error: { code: 'E-DEV-0203' },
    });
    expect(await rig.open({ args: { hold: seconds(60), direction: 'in' } })).toMatchObject({
      error: { code: 'E-DEV-0203' },
    });
    expect(rig.pulses).toEqual([]);
  });

  it('says what the reader says when it refuses', async () => {
    rig = await createOsdpRig({});
    rig.reader.setFaults({ nak: 3 });
    expect(await rig.open()).toEqual({
      ok: false,
      error: { code: 'E-DEV-0203', detail: 'refused (NAK 3): unknown command' },
    });
  });

  it('is not opened by an order that expired while its answer was missing', async () => {
    rig = await createOsdpRig({});
    rig.reader.setFaults({ deaf: true });
    const command = rig.openCommand({ expiresAt: plus(rig.clock.now(), ms(400)) });
    const receipt = rig.driver.capabilities.barrier?.open(command);
    await rig.clock.advanceAsync(ms(1_200));
    rig.reader.setFaults({});
    expect(await rig.settled(receipt)).toMatchObject({ ok: false });
    await rig.clock.advanceAsync(seconds(30));
    expect(rig.pulses).toEqual([]);
    expect(rig.driver.health.state).toBe('ready');
  });

  it('opens once when the first answer is lost: the frame is repeated, not the opening', async () => {
    rig = await createOsdpRig({});
    rig.reader.setFaults({ silent: true });
    const receipt = rig.driver.capabilities.barrier?.open(rig.openCommand());
    await rig.clock.advanceAsync(ms(900));
    expect(rig.pulses).toHaveLength(1);
    rig.reader.setFaults({});
    expect(await rig.settled(receipt)).toMatchObject({ ok: true });
    expect(rig.pulses).toHaveLength(1);
  });

  it.each([
    ['the reader forgot its number meanwhile', { dropsSequence: true }],
    ['the reader forgot its keys meanwhile', { dropsSecureLink: true }],
  ])('is not opened again when its answer was lost and %s', async (_name, faults) => {
    rig = await createOsdpRig({ params: SECURE, reader: { key: keyBytes(KEY) } });
    rig.reader.setFaults({ silent: true });
    const command = rig.openCommand({ expiresAt: plus(rig.clock.now(), seconds(60)) });
    const receipt = rig.driver.capabilities.barrier?.open(command);
    await rig.clock.advanceAsync(ms(600));
    expect(rig.pulses).toHaveLength(1);
    // The repeated frame gets the cached answer, so the reader must forget before it comes.
    rig.reader.setFaults({ ...faults, forgetsReply: true });
    await rig.clock.advanceAsync(seconds(1));
    rig.reader.setFaults({});
    expect(await rig.settled(receipt)).toMatchObject({ ok: false, error: { code: 'E-DEV-0202' } });
    await rig.clock.advanceAsync(seconds(60));
    expect(rig.pulses).toHaveLength(1);
    expect(rig.driver.health.state).toBe('ready');
  });

  it('is not opened again when the line broke behind it', async () => {
    rig = await createOsdpRig({});
    rig.reader.setFaults({ silent: true });
    const command = rig.openCommand({ expiresAt: plus(rig.clock.now(), seconds(60)) });
    const receipt = rig.driver.capabilities.barrier?.open(command);
    await rig.clock.advanceAsync(ms(100));
    expect(rig.pulses).toHaveLength(1);
    rig.line.unplug();
    rig.reader.setFaults({});
    rig.line.plug();
    expect(await rig.settled(receipt)).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
    await rig.clock.advanceAsync(seconds(30));
    expect(rig.driver.health.state).toBe('ready');
    expect(rig.pulses).toHaveLength(1);
  });

  it('waits for a busy reader', async () => {
    rig = await createOsdpRig({});
    rig.reader.setFaults({ busy: true });
    const receipt = rig.driver.capabilities.barrier?.open(rig.openCommand());
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.pulses).toEqual([]);
    rig.reader.setFaults({});
    expect(await rig.settled(receipt)).toMatchObject({ ok: true });
    expect(rig.pulses).toHaveLength(1);
  });
});

describe('the secure link', () => {
  it('gives a reader with the default key its own, and begins anew with it', async () => {
    for (const dropsLinkAfterKey of [true, false]) {
      rig = await createOsdpRig({ params: { ...SECURE, installMode: true }, reader: { dropsLinkAfterKey } });
      expect(rig.driver.health.state).toBe('ready');
      expect(rig.reader.key).toEqual(keyBytes(KEY));
      expect(rig.reader.carriedOut.filter((code) => code === KEYSET)).toHaveLength(1);
      await rig.stop();
    }
  });

  it('is refused to a reader with the default key outside install mode, and to one with another key', async () => {
    rig = await createOsdpRig({ params: SECURE, reader: {} });
    expect(rig.driver.health).toMatchObject({ state: 'down', reason: { code: 'E-OSDP-0102' } });
    rig.reader.present(CARD);
    await rig.clock.advanceAsync(seconds(10));
    expect(rig.cards).toEqual([]);
    await rig.stop();
    rig = await createOsdpRig({ params: SECURE, reader: { key: keyBytes(KEY) } });
    rig.reader.setFaults({ wrongKey: true, dropsSecureLink: true });
    await rig.clock.advanceAsync(seconds(5));
    expect(rig.driver.health).toMatchObject({ state: 'down', reason: { code: 'E-OSDP-0102' } });
  });

  it('is worth a warning while the default key is in use', async () => {
    rig = await createOsdpRig({ params: { secureChannel: 'required', installMode: true } });
    expect(rig.driver.health).toMatchObject({ state: 'degraded', reason: { code: 'E-OSDP-0104' } });
    expect(await rig.open()).toMatchObject({ ok: true });
  });

  it('may be missing only where it is preferred, and only for a reader that has none', async () => {
    rig = await createOsdpRig({ params: SECURE, reader: { insecure: true } });
    expect(rig.driver.health).toMatchObject({ state: 'down', reason: { code: 'E-OSDP-0101' } });
    await rig.stop();
    rig = await createOsdpRig({ params: { ...SECURE, secureChannel: 'preferred' }, reader: { insecure: true } });
    expect(rig.driver.health).toMatchObject({ state: 'degraded', reason: { code: 'E-OSDP-0105' } });
    await rig.stop();
    rig = await createOsdpRig({ params: { ...SECURE, secureChannel: 'preferred' }, reader: {} });
    expect(rig.driver.health).toMatchObject({ state: 'down', reason: { code: 'E-OSDP-0102' } });
  });

  it('is made anew when the reader lost it, and the order that was refused reaches it once', async () => {
    rig = await createOsdpRig({ params: SECURE, reader: { key: keyBytes(KEY) } });
    rig.reader.setFaults({ dropsSecureLink: true });
    const receipt = rig.driver.capabilities.barrier?.open(rig.openCommand());
    await rig.clock.advanceAsync(ms(100));
    rig.reader.setFaults({});
    expect(await rig.settled(receipt)).toMatchObject({ ok: true });
    expect(rig.pulses).toHaveLength(1);
    expect(rig.reader.isSecure).toBe(true);
  });

  it('does not believe a reply of yesterday', async () => {
    rig = await createOsdpRig({ params: SECURE, reader: { key: keyBytes(KEY) } });
    rig.reader.present(CARD);
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.cards).toHaveLength(1);
    rig.reader.setFaults({ replaysOldReply: true });
    expect(await rig.open({ expiresAt: plus(rig.clock.now(), seconds(2)) })).toMatchObject({ ok: false });
    rig.reader.setFaults({});
    await rig.clock.advanceAsync(seconds(30));
    expect(rig.cards).toHaveLength(1);
    expect(rig.driver.health.state).toBe('ready');
  });

  it('needs a key or install mode', async () => {
    rig = await createOsdpRig({});
    const connect = (params: object): unknown =>
      osdpProtocol.connect(
        { transport: { kind: 'memory', name: 'x' }, devices: [{ deviceId: 'a', params: { ...params } }] },
        {
          clock: rig.clock,
          random: (size) => new Uint8Array(size),
          log: silentLog,
          transportFactory: () => ({ ok: true, value: createMemoryLine({ name: 'x' }).host }),
        },
      );
    expect(connect({ secureChannel: 'required' })).toMatchObject({ error: { code: 'E-DEV-0302' } });
    expect(connect({ secureChannel: 'required', key: '00' })).toMatchObject({ error: { code: 'E-DEV-0302' } });
    expect(connect({ address: 127 })).toMatchObject({ error: { code: 'E-DEV-0302' } });
    expect(connect(SECURE)).toMatchObject({ ok: true });
  });
});

describe('readers of all kinds', () => {
  it.each([
    ['that refuse CRC', {}, { checksumOnly: true }],
    ['that answer ID only after a POLL', {}, { wantsPollFirst: true }],
    ['that do both', {}, { checksumOnly: true, wantsPollFirst: true }],
  ])('%s are found out', async (_name, params, reader) => {
    rig = await createOsdpRig({ params, reader, settle: seconds(5) });
    expect(rig.driver.health.state).toBe('ready');
    expect(await rig.open()).toMatchObject({ ok: true });
  });

  it('that report UIDs have them in the order of the standard', async () => {
    rig = await createOsdpRig({ params: { card: 'uid-reversed' } });
    rig.reader.present('11000011101100101010000100000100');
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.cards).toMatchObject([{ presented: { type: 'uid', uid: '04A1B2C3' } }]);
  });

  it('that send formatted cards are not believed', async () => {
    rig = await createOsdpRig({});
    rig.reader.presentFormatted('12345');
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.cards).toEqual([]);
    expect(rig.traffic.some(({ meaning }) => meaning.includes('ambiguous'))).toBe(true);
  });

  it('that are tampered with say so', async () => {
    rig = await createOsdpRig({});
    const told: boolean[] = [];
    rig.driver.capabilities.tamper?.onTamper(({ tampered }) => told.push(tampered));
    rig.reader.setTamper(true);
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.driver.health).toMatchObject({ state: 'degraded', reason: { code: 'E-OSDP-0201' } });
    rig.reader.setTamper(false);
    await rig.clock.advanceAsync(seconds(1));
    expect(rig.driver.health.state).toBe('ready');
    expect(told).toEqual([true, false]);
  });

  it('that lose count are asked from the beginning', async () => {
    rig = await createOsdpRig({});
    rig.reader.setFaults({ dropsSequence: true });
    await rig.clock.advanceAsync(ms(200));
    rig.reader.setFaults({});
    await rig.clock.advanceAsync(seconds(5));
    expect(rig.driver.health.state).toBe('ready');
    expect(await rig.open()).toMatchObject({ ok: true });
  });

  it('are offline after eight seconds of silence, and back by themselves', async () => {
    rig = await createOsdpRig({});
    rig.reader.setFaults({ silent: true });
    await rig.clock.advanceAsync(ms(7_500));
    expect(rig.driver.health.state).toBe('ready');
    await rig.clock.advanceAsync(ms(1_500));
    expect(rig.driver.health).toMatchObject({ state: 'down', reason: { code: 'E-DEV-0202' } });
    expect(await rig.open()).toMatchObject({ error: { code: 'E-DEV-0102' } });
    rig.reader.setFaults({});
    await rig.clock.advanceAsync(seconds(10));
    expect(rig.driver.health.state).toBe('ready');
  });

  it('share a line, each under its own address', async () => {
    rig = await createOsdpRig({ others: [{ deviceId: 'other', params: { address: 2 } }] });
    const other = createOsdpReaderSimulator({ transport: rig.line.device, clock: rig.clock, address: 2 });
    await other.start();
    rig.reader.present(CARD);
    other.present('1111');
    await rig.clock.advanceAsync(seconds(5));
    expect(rig.cards).toHaveLength(1);
    expect(rig.driver.health.state).toBe('ready');
    await other.stop();
  });
});

describe('what operators see', () => {
  it('holds no card, no key stroke, no text and no key', async () => {
    rig = await createOsdpRig({ params: { ...SECURE, installMode: true } });
    rig.reader.present(CARD);
    rig.reader.press('7531');
    await rig.show({ text: 'ZHANG SAN', lasts: seconds(2) });
    await rig.stop();
    const plain = await createOsdpRig({});
    plain.reader.present(CARD);
    plain.reader.press('7531');
    await plain.show({ text: 'ZHANG SAN', lasts: seconds(2) });
    const seen = [...rig.traffic, ...plain.traffic];
    const hex = seen.map(({ bytes }) => Buffer.from(bytes).toString('hex')).join('\n');
    for (const secret of ['ea0dc0', '37353331', '5a48414e47', KEY]) expect(hex).not.toContain(secret);
    expect(seen.map(({ meaning }) => meaning).join('\n')).not.toMatch(/7531|ZHANG|00112233/);
    await plain.stop();
  });
});

describe('file transfers', () => {
  const image = Uint8Array.from({ length: 2_000 }, (_, index) => index & 0xff);

  it.each([
    [-1, 'E-OSDP-0301'],
    [-2, 'E-OSDP-0302'],
    [-3, 'E-OSDP-0303'],
  ] as const)('that end with status %d fail', async (outcome, code) => {
    rig = await createOsdpRig({ reader: { files: { outcome } } });
    expect(await rig.update(image)).toMatchObject({ ok: false, error: { code } });
  });

  it('keep the pace that the reader wants', async () => {
    rig = await createOsdpRig({ reader: { files: { delayMs: 500, exclusive: true, receiveSize: 256 } } });
    const begun = rig.clock.monotonic();
    expect(await rig.update(image)).toMatchObject({ ok: true });
    expect(rig.clock.monotonic() - begun).toBeGreaterThan(7 * 500);
    expect(rig.reader.files).toHaveLength(1);
  });

  it.each([true, false])('go on after the line broke, whether the reader forgot them (%s) or not', async (forgets) => {
    rig = await createOsdpRig({ reader: { files: { delayMs: 100, forgets } } });
    const updated = rig.update(image);
    await rig.clock.advanceAsync(ms(600));
    rig.line.unplug();
    await rig.clock.advanceAsync(seconds(1));
    rig.line.plug();
    expect(await updated).toMatchObject({ ok: true });
    expect(rig.reader.files).toEqual([{ type: 1, content: image }]);
  });

  it('can be cancelled, also while the reader is away', async () => {
    rig = await createOsdpRig({ reader: { files: { delayMs: 500 } } });
    const cancel = (): Promise<unknown> => {
      const command = { ...rig.openCommand(), name: 'cancel' as const, args: {} };
      return rig.settled(rig.driver.capabilities.firmware?.cancel(command));
    };
    const first = rig.update(image);
    await rig.clock.advanceAsync(seconds(1));
    await cancel();
    expect(await first).toMatchObject({ ok: false, error: { code: 'E-OSDP-0304' } });
    expect(rig.reader.carriedOut).toContain(0xa2);
    const second = rig.update(image);
    await rig.clock.advanceAsync(seconds(1));
    rig.line.unplug();
    await cancel();
    expect(await second).toMatchObject({ ok: false, error: { code: 'E-OSDP-0304' } });
    rig.line.plug();
    expect(rig.reader.files).toEqual([]);
  });

  it('do not keep a door waiting', async () => {
    rig = await createOsdpRig({ reader: { files: { exclusive: true } } });
    const updated = rig.update(image);
    expect(await rig.open()).toMatchObject({ ok: true });
    expect(rig.reader.files).toEqual([]);
    expect(await updated).toMatchObject({ ok: true });
    expect(rig.reader.carriedOut.filter((code) => code === OUT)).toHaveLength(1);
  });
});
