import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conflictOf } from './claims.ts';
import { unitSchema } from './params.ts';

const unit = (params: object) => unitSchema.parse(params);
const conflict = (a: object, b: object) => conflictOf(unit(a), unit(b));

describe('two devices on one unit', () => {
  it.each([
    [
      'doors with relays and contacts of their own',
      { relay: { in: 0 }, input: { in: 0 } },
      { relay: { in: 4 }, input: { in: 4 } },
    ],
    ['halves of a board', { switch: { channels: 4 } }, { switch: { firstCoil: 4, channels: 4 } }],
    ['a door and the switches behind it', { relay: { in: 0, out: 1 } }, { switch: { firstCoil: 2, channels: 6 } }],
    ['two that read the same contact', { fire: { input: 3 } }, { buttons: { channels: 8 } }],
    ['the same on another unit', { relay: { in: 0 } }, { unit: 2, relay: { in: 0 } }],
    [
      'coils and registers of one number',
      { switch: { channels: 1 } },
      { climate: { celsius: { address: 9 }, control: { power: { register: 0 } } } },
    ],
  ])('are well: %s', (_what, a, b) => {
    expect(conflict(a, b)).toBeUndefined();
  });

  it.each([
    ['a relay', { relay: { in: 1 } }, { relay: { in: 0, out: 1 } }, 'coil 1 of unit 1'],
    [
      'the contact that counts people',
      { relay: { in: 0 }, input: { in: 2 } },
      { relay: { in: 1 }, input: { in: 2 } },
      'passage input 2',
    ],
    ['part of a range', { switch: { channels: 5 } }, { switch: { firstCoil: 4, channels: 4 } }, 'coil 4'],
    [
      'the second word of a setpoint',
      {
        climate: {
          celsius: { address: 0 },
          control: { power: { coil: 0 }, setpoint: { table: 'holding', address: 6, type: 'f32' } },
        },
      },
      {
        climate: {
          celsius: { address: 0 },
          control: { power: { coil: 1 }, mode: { register: 7, values: { cool: 1 } } },
        },
      },
      'holding register 7',
    ],
  ])('are refused over %s', (_what, a, b, detail) => {
    expect(conflict(a, b)).toMatchObject({ code: 'E-DEV-0306', detail: expect.stringContaining(detail) as string });
  });

  it('are refused exactly where their ranges meet, whichever comes first', () => {
    const range = fc.record({ firstCoil: fc.nat({ max: 40 }), channels: fc.integer({ min: 1, max: 40 }) });
    fc.assert(
      fc.property(range, range, (a, b) => {
        const coils = new Set(Array.from({ length: a.channels }, (_, index) => a.firstCoil + index));
        const meet = Array.from({ length: b.channels }, (_, index) => b.firstCoil + index).some((coil) =>
          coils.has(coil),
        );
        expect(conflict({ switch: a }, { switch: b }) !== undefined).toBe(meet);
        expect(conflict({ switch: b }, { switch: a }) !== undefined).toBe(meet);
      }),
    );
  });
});
