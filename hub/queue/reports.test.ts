import { minutes } from '@hallhub/sync/base';
import { describe, expect, it } from 'vitest';
import { createReports } from './reports.ts';
import { openQueue } from './testing/rig.ts';

describe('a report', () => {
  it('is counted a few hundred tickets at a time, with everything else the hub does in between', async () => {
    const rig = openQueue();
    const { halls, desk, tickets } = rig.queue;
    const TAKEN = 620;
    for (let n = 0; n < TAKEN; n += 1) rig.take(n % 3 === 0 ? 'fees' : 'enrolment');
    rig.open('c1');
    for (const outcome of ['served', 'incomplete', 'referred'] as const) {
      rig.order('c1', { do: 'next' });
      rig.clock.advance(minutes(3));
      rig.order('c1', { do: 'finish', outcome });
    }
    const read: number[] = [];
    let breaths = 0;
    const reports = createReports({
      ...{ halls, desk, nameOf: () => undefined },
      tickets: {
        ...tickets,
        ofDay: (...asked) => {
          // Nothing is read before the loop has been free since the last time.
          expect(breaths).toBe(read.length);
          const slice = tickets.ofDay(...asked);
          read.push(slice.length);
          return slice;
        },
      },
      breathe: () => {
        breaths += 1;
        return Promise.resolve();
      },
    });
    const report = await reports.statistics({ hall: 'main', from: '2026-11-22', to: '2026-11-24', by: 'service' });
    if (!report.ok) throw new Error(report.error.code);
    expect(Math.max(...read)).toBeLessThanOrEqual(250);
    expect(read.reduce((sum, slice) => sum + slice, 0)).toBe(TAKEN);
    const sum = (of: 'taken' | 'called' | 'served' | 'incomplete' | 'referred'): number =>
      report.value.rows.reduce((all, row) => all + row[of], 0);
    expect([sum('taken'), sum('called')]).toEqual([TAKEN, 3]);
    expect([sum('served'), sum('incomplete'), sum('referred')]).toEqual([1, 1, 1]);
  });

  it('of more than a year is refused', async () => {
    const { queue } = openQueue();
    const reports = createReports({ ...queue, nameOf: () => undefined });
    const asked = { hall: 'main', from: '2025-01-01', to: '2026-11-23', by: 'hour' } as const;
    expect(await reports.statistics(asked)).toMatchObject({ error: { code: 'E-QUEUE-0115' } });
  });
});
