import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ms, unwrap } from '@hallhub/sync/base';
import {
  type Sound,
  atVolume,
  chime,
  clipsFor,
  forSpeech,
  joined,
  lengthOf,
  readWav,
  resampled,
  silence,
  trimmed,
  writeWav,
} from './index.ts';

const rate = fc.constantFrom(8_000, 16_000, 22_050, 44_100);
const sample = fc.integer({ min: -32_768, max: 32_767 });
const sound: fc.Arbitrary<Sound> = fc.record({
  rate,
  samples: fc.array(sample, { maxLength: 300 }).map((values) => Int16Array.from(values)),
});

describe('a WAV file', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(sound, (given) => {
        expect(readWav(writeWav(given))).toEqual({ ok: true, value: given });
      }),
    );
  });

  it('may be any bytes: it is refused or read, and never throws', () => {
    fc.assert(
      fc.property(sound, fc.nat(), fc.nat({ max: 255 }), fc.nat(), (given, at, byte, length) => {
        const bytes = writeWav(given);
        bytes[at % bytes.length] = byte;
        const read = readWav(bytes.subarray(0, length % (bytes.length + 1)));
        if (read.ok) expect(read.value.samples.length).toBeLessThanOrEqual(bytes.length);
        else expect(read.error.code).toBe('E-VOICE-0101');
      }),
    );
  });

  it('with two channels becomes one, by their mean; a data length that runs over the end is its end', () => {
    const bytes = Buffer.from(writeWav({ rate: 16_000, samples: Int16Array.of(100, 300, -50, 50) }));
    bytes.writeUInt16LE(2, 22);
    bytes.writeUInt32LE(0xffff_ffff, 40);
    expect(unwrap(readWav(bytes)).samples).toEqual(Int16Array.of(200, 0));
  });

  it.each([
    ['8 bits', 34, 8],
    ['compressed sound', 20, 17],
    ['no channel', 22, 0],
  ])('is refused with %s', (_what, at, value) => {
    const bytes = Buffer.from(writeWav({ rate: 16_000, samples: new Int16Array(4) }));
    bytes.writeUInt16LE(value, at);
    expect(readWav(bytes)).toMatchObject({ error: { code: 'E-VOICE-0101' } });
  });
});

describe('clips', () => {
  it('lose the silence around them, and nothing that can be heard', () => {
    fc.assert(
      fc.property(rate, fc.nat({ max: 3_000 }), fc.nat({ max: 3_000 }), (hz, before, behind) => {
        const voice = Int16Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? 5_000 : -5_000));
        const samples = new Int16Array(before + voice.length + behind);
        samples.set(voice, before);
        const kept = Math.round(hz / 50);
        const short = trimmed({ rate: hz, samples }).samples;
        expect(short.length).toBe(voice.length + Math.min(before, kept) + Math.min(behind, kept));
        expect(short.filter((value) => value !== 0)).toEqual(voice);
      }),
    );
    expect(trimmed(silence(8_000, ms(500))).samples).toHaveLength(0);
  });

  it('are joined one behind the other, and not at two rates', () => {
    fc.assert(
      fc.property(
        fc.array(
          sound.map(({ samples }) => ({ rate: 16_000, samples })),
          { minLength: 1 },
        ),
        (sounds) => {
          const all = unwrap(joined(sounds));
          expect([...all.samples]).toEqual(sounds.flatMap(({ samples }) => [...samples]));
        },
      ),
    );
    expect(joined([silence(8_000, ms(1)), silence(16_000, ms(1))])).toMatchObject({ error: { code: 'E-VOICE-0102' } });
  });

  it('last as long at another rate, and are as loud as they were', () => {
    fc.assert(
      fc.property(sound, rate, (given, to) => {
        const other = resampled(given, to);
        expect(Math.abs(lengthOf(other) - lengthOf(given))).toBeLessThanOrEqual(1_000 / to + 1e-9);
        expect(Math.max(0, ...other.samples.map(Math.abs))).toBeLessThanOrEqual(
          Math.max(0, ...[...given.samples].map(Math.abs)),
        );
      }),
    );
  });

  it('are quieter at a lower volume, and the chime is not cut off', () => {
    const loud = chime(16_000);
    expect(lengthOf(loud)).toBe(900);
    expect(Math.abs(loud.samples.at(-1) ?? 0)).toBeLessThan(1_500);
    expect(Math.max(...atVolume(loud, 50).samples)).toBe(Math.round(Math.max(...loud.samples) / 2));
    expect(new Set(atVolume(loud, 0).samples.map(Math.abs))).toEqual(new Set([0]));
  });
});

describe('a text as clips', () => {
  const recorded = new Set(['请', 'A', '0', '1', '2', '3', '号', '到', '窗口', '12', '三号窗口', 'counter']);

  it('takes the longest clip there is, digits apart, and pauses where the text has them', () => {
    expect(clipsFor('请 a012 号，到3窗口。', recorded)).toEqual([
      ...[{ clip: '请' }, { pause: true }, { clip: 'A' }, { clip: '0' }, { clip: '1' }, { clip: '2' }],
      ...[{ pause: true }, { clip: '号' }, { pause: true }, { clip: '到' }, { clip: '3' }, { clip: '窗口' }],
    ]);
    expect(clipsFor('到三号窗口', recorded)).toEqual([{ clip: '到' }, { clip: '三号窗口' }]);
  });

  it('says digits that are written out with the clips of digits, or with their own', () => {
    const said = (text: string, ...more: readonly string[]): string =>
      (clipsFor(text, new Set([...recorded, ...more])) ?? [])
        .map((piece) => ('clip' in piece ? piece.clip : '/'))
        .join(' ');
    expect(said('请A零幺二号到三号窗口')).toBe('请 A 0 1 2 号 到 三号窗口');
    expect(said('请A零幺二号到三号窗口', '幺', '零', '二')).toBe('请 A 零 幺 二 号 到 三号窗口');
    expect(said('Number A zero one two, please go to counter 3', 'number', 'please go to')).toBe(
      'number / A / 0 1 2 / please go to / counter / 3',
    );
    // Words with a digit in them that were recorded as they are stay so.
    expect(said('one moment', 'one moment')).toBe('one moment');
    expect(said('someone')).toBe('');
  });

  it('is none where a word was never recorded', () => {
    expect(clipsFor('请 B012 号', recorded)).toBeUndefined();
  });

  it('says the whole text and nothing else', () => {
    const words = fc.array(fc.constantFrom(...recorded), { maxLength: 12 });
    fc.assert(
      fc.property(words, (said) => {
        const pieces = clipsFor(said.join(''), recorded) ?? [];
        expect(pieces.map((piece) => ('clip' in piece ? piece.clip : '')).join('')).toBe(said.join(''));
      }),
    );
  });
});

describe('a text for speech', () => {
  it('has its digits apart, and 1 as people call it', () => {
    expect(forSpeech('请A012号到3窗口', 'zh')).toBe('请A0 1 2号到3窗口');
    expect(forSpeech('请A112号', 'zh', 'yao')).toBe('请A幺 幺 2号');
    expect(forSpeech('A112', 'en', 'yao')).toBe('A1 1 2');
  });
});
