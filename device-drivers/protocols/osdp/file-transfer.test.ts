import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MonoMs } from '@hallhub/sync/base';
import { type FileStatus, beginTransfer, nextFragment, refused, takeFileStatus, takeUp } from './file-transfer.ts';

const now = 0 as MonoMs;
const status = (over: Partial<FileStatus> = {}): FileStatus => ({
  name: 'file-status',
  control: 1,
  delay: 0,
  status: 0,
  receiveSize: 0,
  ...over,
});
const begin = (total: number, from = 0) => beginTransfer({ total, from, messageSize: 0, now });

describe('a transfer', () => {
  it('covers every byte once, in order, whatever sizes the reader takes', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.array(fc.nat(1_500)), fc.boolean(), (total, sizes, isSecure) => {
        let state = begin(total);
        let expected = 0;
        for (let round = 0; expected < total; round += 1) {
          const { offset, size } = nextFragment(state, isSecure);
          expect(offset).toBe(expected);
          expect(size).toBeGreaterThan(0);
          expected += size;
          const step = takeFileStatus(state, size, status({ receiveSize: sizes[round % sizes.length] ?? 0 }), now);
          if (step.next !== 'go-on') throw new Error(step.next);
          state = step.state;
        }
        expect(expected).toBe(total);
        expect(nextFragment(state, isSecure)).toEqual({ offset: total, size: 0 });
      }),
    );
  });

  it('is done when the reader has processed it or restarts with it', () => {
    expect(takeFileStatus(begin(10), 10, status({ status: 1 }), now)).toEqual({ next: 'done', outcome: 'processed' });
    expect(takeFileStatus(begin(10), 10, status({ status: 2 }), now)).toEqual({ next: 'done', outcome: 'rebooting' });
    expect(takeFileStatus(begin(10), 4, status({ status: 1 }), now)).toMatchObject({ next: 'go-on' });
  });

  it('waits while the reader finishes, but not for ever', () => {
    const step = takeFileStatus(begin(10), 10, status({ status: 3, delay: 700 }), now);
    if (step.next !== 'go-on') throw new Error(step.next);
    expect(step.state).toMatchObject({ notBefore: 700, finishingSince: 0 });
    const late = 301_000 as MonoMs;
    expect(takeFileStatus(step.state, 0, status({ status: 3 }), late)).toEqual({ next: 'failed', code: 'E-OSDP-0306' });
  });

  it('heeds what the reader wants', () => {
    const step = takeFileStatus(begin(500), 100, status({ control: 4, delay: 250 }), now);
    expect(step).toMatchObject({ state: { isExclusive: true, wantsPoll: true, notBefore: 250, offset: 100 } });
  });

  it('that is taken up begins anew once when the reader has forgotten it, and then fails', () => {
    const state = takeUp({ ...begin(500), offset: 200 }, now);
    const again = refused(state, 'E-OSDP-0303', now);
    expect(again).toMatchObject({ next: 'go-on', state: { offset: 0 } });
    if (again.next !== 'go-on') throw new Error(again.next);
    expect(refused(again.state, 'E-OSDP-0303', now)).toEqual({ next: 'failed', code: 'E-OSDP-0303' });
  });
});
