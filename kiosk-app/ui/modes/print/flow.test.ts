import type { CertificateView } from '@hallhub/hub/api/types';
import { epochMs } from '@hallhub/sync/base';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PrintEvent, PrintPage } from './flow.ts';
import { START, copiesLeft, stepOf, turn } from './flow.ts';

const certificate = (id: string, state: CertificateView['state'], allowed: number, used: number): CertificateView => ({
  certificateId: id,
  revision: 1,
  template: 'enrolment',
  title: { zh: '在读证明', en: 'Certificate of enrolment' },
  studentName: '',
  state,
  copiesAllowed: allowed,
  copiesUsed: used,
  validFrom: epochMs(0),
  validUntil: epochMs(9e15),
});
const ALL = [
  certificate('three', 'issued', 3, 0),
  certificate('one', 'issued', 2, 1),
  certificate('used-up', 'issued', 2, 2),
  certificate('pending', 'pending', 2, 0),
  { ...certificate('early', 'issued', 2, 0), untimely: 'not-yet' as const },
  { ...certificate('expired', 'issued', 2, 0), untimely: 'over' as const },
];
const walk = (...events: readonly PrintEvent[]): PrintPage =>
  events.reduce((page, event) => turn(page, event, ALL), START);

describe('printing', () => {
  it('goes from the list over the picture and the copies to the job, and back to the list', () => {
    const ordered = walk(
      { type: 'choose', certificateId: 'three' },
      { type: 'confirm' },
      { type: 'copies', copies: 2 },
      { type: 'ordered' },
    );
    expect(ordered).toEqual({ at: 'job' });
    expect(turn(ordered, { type: 'again' }, ALL)).toEqual(START);
  });

  it('chooses nothing that cannot be printed', () => {
    for (const certificateId of ['used-up', 'pending', 'early', 'expired', 'nowhere'])
      expect(walk({ type: 'choose', certificateId })).toEqual(START);
  });

  it('orders no more than is left, nor than the printer makes at once', () => {
    const chosen = walk({ type: 'choose', certificateId: 'three' }, { type: 'confirm' });
    expect(turn(chosen, { type: 'copies', copies: 9 }, ALL)).toMatchObject({ copies: 3 });
    expect(turn(chosen, { type: 'copies', copies: 9 }, ALL, 2)).toMatchObject({ copies: 2 });
  });

  it('orders nothing that was not looked at', () => {
    expect(walk({ type: 'choose', certificateId: 'three' }, { type: 'ordered' })).toMatchObject({ at: 'preview' });
  });
});

const anyEvent: fc.Arbitrary<PrintEvent> = fc.oneof(
  fc.nat(9).map((page): PrintEvent => ({ type: 'turn', page })),
  fc
    .constantFrom('three', 'one', 'used-up', 'pending', 'early', 'expired', 'nowhere')
    .map((certificateId): PrintEvent => ({ type: 'choose', certificateId })),
  fc.integer({ min: -3, max: 30 }).map((copies): PrintEvent => ({ type: 'copies', copies })),
  fc.constantFrom<PrintEvent>({ type: 'confirm' }, { type: 'back' }, { type: 'ordered' }, { type: 'again' }),
);

describe('whatever is touched', () => {
  it('copies stay between one and what is left', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        const page = walk(...events);
        if (page.at !== 'copies') return;
        const left = copiesLeft(ALL.find((one) => one.certificateId === page.certificateId)!);
        expect(page.copies).toBeGreaterThanOrEqual(1);
        expect(page.copies).toBeLessThanOrEqual(left);
      }),
    );
  });

  it('Back, or Another after a job, leads to the list: there is no dead end', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
        const there = [{ type: 'back' }, { type: 'back' }, { type: 'again' }] as const;
        expect(walk(...events, ...there).at).toBe('list');
      }),
    );
  });

  it('the steps only go forward by choosing, looking and ordering', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 30 }), anyEvent, (events, event) => {
        const before = walk(...events);
        const after = turn(before, event, ALL);
        if (stepOf(after, false) > stepOf(before, false)) expect(['choose', 'ordered']).toContain(event.type);
      }),
    );
  });
});
