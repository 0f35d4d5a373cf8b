import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framerConformance } from '../../kit/testing/index.ts';
import { decodeCardData, decodeCardText } from './card-text.ts';
import { cardCodes, statusCode } from './codes.ts';
import { type Command, BAUD_RATES, createReplyFramer, decodeCommand, encodeCommand, encodeReply } from './frames.ts';
import { checkCharacter, isCitizenNumber } from './number.ts';
import { simulatedText } from './simulator-card.ts';
import { FOREIGN_2017, FOREIGN_2023, GOLDEN_CARD, GOLDEN_TEXT, HK_CARD } from './testing/golden.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

const replies = fc.oneof(
  fc
    .record({ sw1: byte(), sw2: byte(), sw3: byte(), data: fc.uint8Array({ maxLength: 40 }) })
    .map((reply) => encodeReply(reply)),
  fc.uint8Array({ minLength: 1284, maxLength: 1284 }).map((data) => encodeReply({ sw1: 0, sw2: 0, sw3: 0x90, data })),
);

function byte(): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 255 });
}

framerConformance('resident ID reader', {
  create: createReplyFramer,
  frames: replies,
  bytesOf: ({ bytes }) => bytes,
  falseStart: unhex('aaaaaa966909090102'),
});

describe('requests', () => {
  const commands = fc.oneof(
    fc.constantFrom<Command>(
      { command: 'reset' },
      { command: 'status' },
      { command: 'sam-id' },
      { command: 'find' },
      { command: 'select' },
      { command: 'read', fingerprints: false },
      { command: 'read', fingerprints: true },
      { command: 'read-appended-address' },
    ),
    fc.constantFrom(...BAUD_RATES).map((baudRate): Command => ({ command: 'set-baud', baudRate })),
    byte().map((bytes): Command => ({ command: 'set-max-rf-bytes', bytes })),
  );

  it('round-trip, and everything behind the preamble XORs to zero', () => {
    fc.assert(
      fc.property(commands, (command) => {
        const bytes = encodeCommand(command);
        expect(decodeCommand(bytes)).toEqual(command);
        expect(bytes.subarray(5).reduce((sum, value) => sum ^ value, 0)).toBe(0);
      }),
    );
  });

  it('are not seen in published frames with wrong bytes', () => {
    expect(decodeCommand(unhex('aaaaaa96690003200121'))).toBeUndefined();
    expect(decodeCommand(unhex('aaaaaa9669000301fffd'))).toBeUndefined();
  });
});

describe('replies', () => {
  const only = (bytes: Uint8Array): ReturnType<ReturnType<typeof createReplyFramer>['push']> =>
    createReplyFramer().push(bytes);

  it('are found behind garbage, and behind the spoilt preamble seen in the field', () => {
    const found = unhex('aaaaaa9669000800009f0000000097');
    expect(only(Uint8Array.from([0xaa, 0x00, 0xff, 0x96, ...found])).at(-1)).toMatchObject({
      kind: 'frame',
      frame: { sw3: 0x9f },
    });
    const spoilt = Uint8Array.from([0xaa, 0x00, ...found.subarray(1)]);
    expect(only(spoilt)).toMatchObject([
      { kind: 'discarded', bytes: Uint8Array.of(0xaa, 0x00), why: 'noise' },
      { kind: 'frame', frame: { sw3: 0x9f } },
    ]);
  });

  it('read card data of 1295 bytes with checksum CE, and of 2321 bytes with C4', () => {
    const photo = Buffer.alloc(1024, 0x5a);
    const plain = encodeReply({
      sw1: 0,
      sw2: 0,
      sw3: 0x90,
      data: Buffer.concat([unhex('01000400'), GOLDEN_TEXT, photo]),
    });
    expect(plain).toHaveLength(1295);
    expect(hex(plain.subarray(0, 14))).toBe('aaaaaa9669050800009001000400');
    expect(plain.at(-1)).toBe(0xce);
    const full = encodeReply({
      sw1: 0,
      sw2: 0,
      sw3: 0x90,
      data: Buffer.concat([unhex('010004000400'), GOLDEN_TEXT, photo, Buffer.alloc(1024, 0xff)]),
    });
    expect(full).toHaveLength(2321);
    expect(hex(full.subarray(0, 16))).toBe('aaaaaa9669090a000090010004000400');
    expect(full.at(-1)).toBe(0xc4);

    const [framed] = only(full);
    if (framed?.kind !== 'frame') throw new Error('no frame');
    const data = decodeCardData(framed.frame.data, true);
    expect(data).toMatchObject({ ok: true });
    if (!data.ok) return;
    expect(hex(data.value.text)).toBe(hex(GOLDEN_TEXT));
    expect(data.value.photo).toHaveLength(1024);
    expect(data.value.fingerprints).toHaveLength(1024);
  });

  it.each([0, 512, 1024])('take %i bytes of fingerprints', (size) => {
    const lengths = Buffer.alloc(6);
    [256, 1024, size].forEach((value, index) => lengths.writeUInt16BE(value, index * 2));
    const data = decodeCardData(Buffer.concat([lengths, GOLDEN_TEXT, Buffer.alloc(1024 + size)]), true);
    expect(data.ok && data.value.fingerprints?.length).toBe(size);
  });

  it('refuse card data whose lengths do not add up', () => {
    expect(decodeCardData(Buffer.concat([unhex('01000400'), GOLDEN_TEXT]), false)).toMatchObject({
      ok: false,
      error: { code: 'E-CARD-0201' },
    });
  });
});

describe('status codes', () => {
  it('have a code with text each, and success has none', () => {
    const failing = [0x10, 0x11, 0x21, 0x24, 0x31, 0x32, 0x33, 0x40, 0x41, 0x47, 0x60, 0x66, 0x80, 0x81, 0x91];
    const codes = failing.map((sw3) => statusCode(sw3));
    expect(new Set(codes).size).toBe(failing.length);
    for (const code of codes) expect(cardCodes).toHaveProperty(code ?? 'none');
    expect(statusCode(0x90)).toBeUndefined();
    expect(statusCode(0x9f)).toBeUndefined();
    expect(statusCode(0x77)).toBe('E-CARD-0199');
  });
});

describe('text block', () => {
  it('of the published example', () => {
    expect(createHash('sha256').update(GOLDEN_TEXT).digest('hex')).toBe(
      'fba921537db7bc877939ed631de9a4cd26fbe770aae7cacf1c1013ec8f3fa120',
    );
    expect(decodeCardText(GOLDEN_TEXT)).toEqual({
      ok: true,
      value: {
        layout: 'resident',
        name: '张三',
        sex: '1',
        birth: '19491231',
        number: '11010519491231002X',
        validFrom: '20200101',
        fields: { nation: '01', address: '北京市朝阳区示例路1号', authority: '北京市公安局朝阳分局' },
      },
    });
  });

  it('is what the simulator makes of the same card', () => {
    expect(hex(simulatedText(GOLDEN_CARD))).toBe(hex(GOLDEN_TEXT));
  });

  it('of a Hong Kong, Macao or Taiwan residence permit', () => {
    expect(decodeCardText(simulatedText(HK_CARD))).toMatchObject({
      ok: true,
      value: {
        layout: 'hk-mo-tw',
        number: '810000199001010019',
        validTo: '20240601',
        fields: { passNumber: 'H12345678', issueCount: '02' },
      },
    });
  });

  it('of a foreigner’s permit in the form of 2017, with 15 characters', () => {
    expect(decodeCardText(simulatedText(FOREIGN_2017))).toMatchObject({
      ok: true,
      value: {
        layout: 'foreign-2017',
        number: 'CAN110081010101',
        name: '安娜',
        sex: '2',
        birth: '19810101',
        validTo: '20280101',
        fields: { englishName: 'EXAMPLE, ANNA MARIA', country: 'CAN', version: '01', authority: '1500' },
      },
    });
  });

  it('of a foreigner’s permit in the form of 2023, with 18 characters', () => {
    expect(decodeCardText(simulatedText(FOREIGN_2023))).toMatchObject({
      ok: true,
      value: {
        layout: 'foreign-2023',
        number: '911156199001010010',
        birth: '19900101',
        fields: { englishName: 'A VERY LONG NAME THAT DOES NOT FIT', englishNameTail: 'IN ONE FIEL', country: 'CAN' },
      },
    });
  });

  it('is refused with a wrong check digit, and without one', () => {
    const wrong = Buffer.from(GOLDEN_TEXT);
    wrong.write('1', 122 + 34, 'utf16le');
    expect(decodeCardText(wrong)).toEqual({ ok: false, error: { code: 'E-CARD-0202' } });
    const none = Buffer.from(GOLDEN_TEXT);
    none.write('          ', 122, 'utf16le');
    expect(decodeCardText(none)).toMatchObject({ ok: false, error: { code: 'E-CARD-0201' } });
    expect(decodeCardText(GOLDEN_TEXT.subarray(1))).toMatchObject({ ok: false, error: { code: 'E-CARD-0201' } });
  });

  it('is taken or refused, never thrown over, and a refusal quotes nothing of it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 256, maxLength: 256 }), (block) => {
        const card = decodeCardText(block);
        if (!card.ok) expect(card.error.detail ?? '').toMatch(/^[a-z]*$/);
      }),
    );
  });
});

describe('citizen numbers', () => {
  it.each([
    '11010519491231002X',
    '440524188001010014',
    '110101199003070011',
    '810000199001010019',
    '820000199001010029',
    '830000199001010039',
    '911156199001010010',
  ])('%s keeps to GB 11643', (number) => {
    expect(isCitizenNumber(number)).toBe(true);
  });

  it('have a check character that catches every wrong digit and every swap of neighbours', () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 17, maxLength: 17 });
    fc.assert(
      fc.property(digits, fc.integer({ min: 0, max: 16 }), fc.integer({ min: 1, max: 9 }), (given, at, by) => {
        const number = given.join('');
        const whole = `${number}${checkCharacter(number) ?? ''}`;
        expect(isCitizenNumber(whole)).toBe(true);
        const wrong = Array.from(whole);
        wrong[at] = String(((given[at] ?? 0) + by) % 10);
        expect(isCitizenNumber(wrong.join(''))).toBe(false);
        if (at === 16 || given[at] === given[at + 1]) return;
        const swapped = Array.from(whole);
        [swapped[at], swapped[at + 1]] = [swapped[at + 1] ?? '', swapped[at] ?? ''];
        expect(isCitizenNumber(swapped.join(''))).toBe(false);
      }),
    );
  });
});
