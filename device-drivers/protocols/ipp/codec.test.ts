import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IppAttribute, type IppValue, decodeIpp, encodeIpp, groupTag, ippLimits, valueTag } from './codec.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/);
const scalar: fc.Arbitrary<IppValue> = fc.oneof(
  fc.record({ type: fc.constantFrom('integer' as const, 'enum' as const), value: int32 }),
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({
    type: fc.constantFrom('text', 'name', 'keyword', 'uri', 'uriScheme', 'charset', 'naturalLanguage', 'mimeMediaType'),
    value: fc.string({ unit: 'binary', maxLength: 60 }),
  }),
  fc.record({
    type: fc.constantFrom('textWithLanguage' as const, 'nameWithLanguage' as const),
    language: fc.constantFrom('zh-cn', 'en', ''),
    value: fc.string({ unit: 'binary', maxLength: 60 }),
  }),
  fc.record({ type: fc.constant('range' as const), from: int32, to: int32 }),
  fc.record({ type: fc.constant('resolution' as const), x: int32, y: int32, unit: fc.constantFrom(3, 4) }),
  fc.record({
    type: fc.constant('bytes' as const),
    tag: fc.constantFrom(valueTag.unsupported, valueTag.unknown, valueTag.noValue, valueTag.octetString, 0x7e),
    value: fc.uint8Array({ maxLength: 40 }),
  }),
);
const { value } = fc.letrec<{ value: IppValue; attribute: IppAttribute }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    scalar,
    fc.record({
      type: fc.constant('collection' as const),
      members: fc.array(tie('attribute'), { maxLength: 3 }),
    }),
  ),
  attribute: fc.record({ name, values: fc.array(tie('value'), { minLength: 1, maxLength: 3 }) }),
}));
const message = fc.record({
  version: fc.constantFrom(0x0101, 0x0200),
  code: fc.integer({ min: 0, max: 0x0fff }),
  requestId: int32,
  groups: fc.array(
    fc.record({
      tag: fc.constantFrom(groupTag.operation, groupTag.job, groupTag.printer, groupTag.unsupported),
      attributes: fc.array(fc.record({ name, values: fc.array(value, { minLength: 1, maxLength: 3 }) }), {
        maxLength: 4,
      }),
    }),
    { maxLength: 4 },
  ),
});

describe('the IPP codec', () => {
  test('reads back every message that it writes, and finds the document behind it', () => {
    fc.assert(
      fc.property(message, fc.uint8Array({ maxLength: 30 }), (sent, document) => {
        const bytes = encodeIpp(sent);
        const read = decodeIpp(Buffer.concat([bytes, document]));
        expect(read).toEqual({ ok: true, value: { message: sent, end: bytes.length } });
      }),
    );
  });

  test('writes the Print-Job request of RFC 8010, appendix A.1, octet by octet', () => {
    const bytes = encodeIpp({
      version: 0x0101,
      code: 0x0002,
      requestId: 1,
      groups: [
        {
          tag: groupTag.operation,
          attributes: [
            { name: 'attributes-charset', values: [{ type: 'charset', value: 'utf-8' }] },
            { name: 'attributes-natural-language', values: [{ type: 'naturalLanguage', value: 'en-us' }] },
            { name: 'printer-uri', values: [{ type: 'uri', value: 'ipp://printer.example.com/ipp/print/pinetree' }] },
            { name: 'job-name', values: [{ type: 'name', value: 'foobar' }] },
            { name: 'ipp-attribute-fidelity', values: [{ type: 'boolean', value: true }] },
          ],
        },
        {
          tag: groupTag.job,
          attributes: [
            { name: 'copies', values: [{ type: 'integer', value: 20 }] },
            { name: 'sides', values: [{ type: 'keyword', value: 'two-sided-long-edge' }] },
          ],
        },
      ],
    });
    const text = (word: string): string => Buffer.from(word).toString('hex');
    expect(Buffer.from(bytes)).toEqual(
      Buffer.from(
        hex(`
          0101 0002 00000001 01
          47 0012 ${text('attributes-charset')} 0005 ${text('utf-8')}
          48 001b ${text('attributes-natural-language')} 0005 ${text('en-us')}
          45 000b ${text('printer-uri')} 002c ${text('ipp://printer.example.com/ipp/print/pinetree')}
          42 0008 ${text('job-name')} 0006 ${text('foobar')}
          22 0016 ${text('ipp-attribute-fidelity')} 0001 01
          02
          21 0006 ${text('copies')} 0004 00000014
          44 0005 ${text('sides')} 0013 ${text('two-sided-long-edge')}
          03`),
      ),
    );
  });

  test('reads the media-col collection of RFC 8010, appendix A.7', () => {
    const text = (word: string): string => Buffer.from(word).toString('hex');
    const bytes = hex(`
      0101 0000 00000001 02
      34 0009 ${text('media-col')} 0000
      4a 0000 000a ${text('media-size')}
      34 0000 0000
      4a 0000 000b ${text('x-dimension')}
      21 0000 0004 00005208
      4a 0000 000b ${text('y-dimension')}
      21 0000 0004 00007404
      37 0000 0000
      4a 0000 000b ${text('media-color')}
      44 0000 0004 ${text('blue')}
      37 0000 0000
      03`);
    const read = decodeIpp(bytes);
    expect(read.ok && read.value.message.groups[0]?.attributes).toEqual([
      {
        name: 'media-col',
        values: [
          {
            type: 'collection',
            members: [
              {
                name: 'media-size',
                values: [
                  {
                    type: 'collection',
                    members: [
                      { name: 'x-dimension', values: [{ type: 'integer', value: 21000 }] },
                      { name: 'y-dimension', values: [{ type: 'integer', value: 29700 }] },
                    ],
                  },
                ],
              },
              { name: 'media-color', values: [{ type: 'keyword', value: 'blue' }] },
            ],
          },
        ],
      },
    ]);
  });

  test('answers any bytes with a message or E-PRN-0105, never with a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const read = decodeIpp(bytes);
        if (!read.ok) expect(read.error.code).toBe('E-PRN-0105');
      }),
      { numRuns: 500 },
    );
  });

  test('survives a good message with octets changed, and refuses every one that was cut short', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 0, max: 255 }), fc.nat(), (sent, where, octet, cut) => {
        const bytes = encodeIpp(sent);
        const changed = Uint8Array.from(bytes);
        changed[where % changed.length] = octet;
        const read = decodeIpp(changed);
        if (!read.ok) expect(read.error.code).toBe('E-PRN-0105');
        expect(decodeIpp(bytes.subarray(0, cut % bytes.length)).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('refuses fields, nesting and lists beyond its limits', () => {
    const of = (values: readonly IppValue[]): Uint8Array =>
      encodeIpp({
        version: 0x0101,
        code: 0,
        requestId: 1,
        groups: [{ tag: groupTag.job, attributes: [{ name: 'x', values }] }],
      });
    let nested: IppValue = { type: 'integer', value: 1 };
    for (let depth = 0; depth <= ippLimits.collectionDepth; depth++) {
      nested = { type: 'collection', members: [{ name: 'm', values: [nested] }] };
    }
    const tooLong: IppValue = { type: 'text', value: 'x'.repeat(ippLimits.valueBytes + 1) };
    const tooMany = new Array<IppValue>(ippLimits.valuesInAll + 1).fill({ type: 'integer', value: 1 });
    for (const values of [[nested], [tooLong], tooMany]) expect(decodeIpp(of(values)).ok).toBe(false);
  });
});
