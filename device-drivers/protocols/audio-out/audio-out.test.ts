import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock, ms, ok, plus, seconds, systemClock, unwrap } from '@hallhub/sync/base';
import { type Driver, type Protocol, type Receipt, silentLog } from '../../kit/index.ts';
import {
  type Saying,
  type Sound,
  announcement,
  chime,
  espeak,
  folderPack,
  lengthOf,
  readWav,
  silence,
  writeWav,
} from '../../voice/index.ts';
import { audioOutProtocol, createAudioOutProtocol } from './driver.ts';
import { audioOutSchema } from './params.ts';
import { createAudioSimulator } from './simulator.ts';
import { programSink } from './sinks.ts';

const RATE = 16_000;
/** A clip that can be told from others by its pitch, with silence around it. */
function tone(hertz: number, lasts = 200): Sound {
  const voice = Int16Array.from({ length: (RATE * lasts) / 1_000 }, (_, index) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * hertz * index) / RATE)),
  );
  const samples = new Int16Array(voice.length + RATE);
  samples.set(voice, RATE / 2);
  return { rate: RATE, samples };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'voice-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function record(language: string, clips: Readonly<Record<string, Sound>>): Promise<void> {
  await mkdir(join(folder, language), { recursive: true });
  for (const [name, sound] of Object.entries(clips))
    await writeFile(join(folder, language, `${name}.wav`), writeWav(sound));
}

describe('an announcement', () => {
  const spoken: string[] = [];
  const make = (saying: Partial<Saying>, params: object = {}) =>
    announcement(
      { text: '请A1号', language: 'zh', chime: false, ...saying },
      {
        params: audioOutSchema.parse(params),
        synthesis: (text, voice) => {
          spoken.push(`${voice}: ${text}`);
          return Promise.resolve(ok(tone(300, 1_000)));
        },
        pack: folderPack(folder),
        log: silentLog,
        deviceId: 'speaker',
      },
    );

  beforeEach(async () => {
    spoken.length = 0;
    await record('zh', { 请: tone(400), A: tone(500), '1': tone(600), 号: tone(700) });
  });

  it('is joined from clips without the silence around them', async () => {
    expect(lengthOf(unwrap(await make({})))).toBeCloseTo(4 * 240, -1);
    expect(spoken).toEqual([]);
  });

  it('is spoken as a whole where a clip is missing or cannot be used', async () => {
    await make({ text: '请B1号' });
    await writeFile(join(folder, 'zh', '号.wav'), 'no sound');
    await make({});
    await record('zh', { 号: { ...tone(700), rate: 8_000 } });
    await make({});
    expect(spoken).toEqual(['cmn-latn-pinyin: 请B1号', 'cmn-latn-pinyin: 请A1号', 'cmn-latn-pinyin: 请A1号']);
  });

  it('in a dialect takes its clips, else its voice, else the language', async () => {
    const params = { voices: { dialects: { yue: 'yue' } } };
    await make({ dialect: 'yue' }, params);
    await make({ dialect: 'min' }, params);
    expect(spoken).toEqual(['yue: 请A1号']);
    await record('yue', { 请: tone(400), A: tone(500), '1': tone(600), 号: tone(700, 900) });
    expect(lengthOf(unwrap(await make({ dialect: 'yue' }, params)))).toBeCloseTo(4 * 240 + 700, -1);
  });

  it('has its chime once and its text as often as asked', async () => {
    const params = { repeatPauseMs: 500 };
    const once = lengthOf(unwrap(await make({}, params)));
    expect(lengthOf(unwrap(await make({ repeat: 3 }, params)))).toBeCloseTo(3 * once + 1_000, 0);
    expect(lengthOf(unwrap(await make({ repeat: 2, chime: true }, params)))).toBeCloseTo(2 * once + 500 + 900, 0);
    await writeFile(join(folder, 'chime.wav'), writeWav(chime(8_000)));
    expect(lengthOf(unwrap(await make({ chime: true }, params)))).toBeCloseTo(once + 900, 0);
  });
});

function connect(protocol: Protocol, clock: ReturnType<typeof systemClock>, params: object): Driver {
  const [driver] = unwrap(
    protocol.connect(
      { transport: { kind: 'url', url: 'local:hall' }, devices: [{ deviceId: 'speaker', params: { ...params } }] },
      {
        clock,
        random: (size) => new Uint8Array(size),
        log: silentLog,
        transportFactory: () => ({ ok: false, error: { code: 'E-DEV-0302' } }),
      },
    ),
  );
  if (!driver) throw new Error('no driver');
  return driver;
}

let ids = 0;
function say(driver: Driver, clock: ManualClock, args: Partial<Saying>, lives = seconds(60)): Promise<Receipt> {
  ids += 1;
  const now = clock.now();
  const given = driver.capabilities.speaker?.say({
    id: `say-${ids}`,
    name: 'say',
    args: { text: '请', language: 'zh', chime: false, ...args },
    issuedAt: now,
    expiresAt: plus(now, lives),
    issuedBy: 'test',
  });
  if (!given) throw new Error('no speaker');
  return given;
}

describe('a loudspeaker', () => {
  let clock: ManualClock;
  let driver: Driver;
  let speaker: ReturnType<typeof createAudioSimulator>;

  beforeEach(async () => {
    clock = manualClock();
    speaker = createAudioSimulator({ clock });
    const parts = {
      sink: () => speaker,
      synthesis: () => (text: string) => Promise.resolve(ok(tone(300, text.length * 1_000))),
      pack: () => undefined,
    };
    driver = connect(createAudioOutProtocol(parts), clock, {});
    driver.start();
    await clock.advanceAsync(seconds(1));
  });
  afterEach(async () => {
    await driver.stop();
    expect(clock.pending).toBe(0);
  });

  it('says one thing after the other, with the silence that was asked for between them', async () => {
    const order: string[] = [];
    const first = say(driver, clock, { text: 'AA', dwell: ms(3_000) }).then(() =>
      order.push(`first ${clock.monotonic()}`),
    );
    const second = say(driver, clock, { text: 'B' }).then(() => order.push(`second ${clock.monotonic()}`));
    await clock.advanceAsync(seconds(20));
    await Promise.all([first, second]);
    const [a = 0, b = 0] = order.map((entry) => Number(entry.split(' ')[1]));
    expect(order.map((entry) => entry.split(' ')[0])).toEqual(['first', 'second']);
    expect(b - a).toBeGreaterThanOrEqual(3_000 + 2_000);
    expect(speaker.heard).toHaveLength(2);
  });

  it('does not say what waited past its time', async () => {
    const long = say(driver, clock, { text: 'AAAAA' });
    const late = say(driver, clock, { text: 'B' }, seconds(2));
    await clock.advanceAsync(seconds(20));
    expect(await long).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(await late).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    expect(speaker.heard).toHaveLength(1);
  });

  it('that is pulled out is down with its reason, and ready by itself when it is back', async () => {
    speaker.setFaults({ refuses: true });
    expect(await say(driver, clock, {})).toMatchObject({ ok: false, error: { code: 'E-VOICE-0302' } });
    expect(driver.health).toMatchObject({ state: 'down', reason: { code: 'E-VOICE-0302' } });
    speaker.setFaults({});
    await clock.advanceAsync(seconds(20));
    expect(driver.health.state).toBe('ready');
  });
});

describe('on this machine', () => {
  it('espeak-ng speaks Chinese and English (Debian package espeak-ng)', async () => {
    const speak = espeak({ wordsPerMinute: 150 });
    for (const [text, voice] of [
      ['请 A 0 1 2 号到 3 号窗口', 'cmn-latn-pinyin'],
      ['Number A 0 1 2, counter 3', 'en'],
    ] as const) {
      const sound = unwrap(await speak(text, voice));
      expect(lengthOf(sound)).toBeGreaterThan(1_000);
      expect(Math.max(...sound.samples)).toBeGreaterThan(3_000);
    }
    expect(await speak('', 'en')).toMatchObject({ error: { code: 'E-VOICE-0202' } });
  });

  it('aplay plays to its end, and a card that is not there has a code (Debian package alsa-utils)', async () => {
    const played = programSink('aplay', ['-q', '-D', 'null', '-t', 'wav', '-']).play(chime(RATE));
    expect(await played.done).toEqual({ ok: true, value: undefined });
    const nowhere = programSink('aplay', ['-q', '-D', 'hw:31', '-t', 'wav', '-']).play(silence(RATE, ms(50)));
    expect(await nowhere.done).toMatchObject({ error: { code: 'E-VOICE-0302' } });
  });

  it('a player that is not installed, and one that is stopped, are told apart', async () => {
    expect(await programSink('no-such-player', []).play(chime(RATE)).done).toMatchObject({
      error: { code: 'E-VOICE-0301' },
    });
    const endless = programSink('sleep', ['60']).play(chime(RATE));
    endless.stop();
    expect(await endless.done).toMatchObject({ error: { code: 'E-VOICE-0303' } });
  });

  it('says a text to its end into a file', async () => {
    const path = join(folder, 'last.wav');
    const clock = systemClock({ mode: 'test' });
    const driver = connect(audioOutProtocol, clock, { output: { via: 'file', path } });
    driver.start();
    const now = clock.now();
    const receipt = await driver.capabilities.speaker?.say({
      id: 'say-file',
      name: 'say',
      args: { text: '请A012号到3号窗口', language: 'zh', chime: true },
      issuedAt: now,
      expiresAt: plus(now, seconds(30)),
      issuedBy: 'test',
    });
    expect(receipt).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
    expect(lengthOf(unwrap(readWav(await readFile(path))))).toBeGreaterThan(2_000);
    await driver.stop();
  });
});
