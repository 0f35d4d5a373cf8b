import { describe, expect, test } from 'vitest';
import { type AttemptState, isEnded } from './rules.ts';
import type { Death } from './testing/killed-hub.ts';
import { killedHub } from './testing/killed-hub.ts';

/*
 * One copy of one page is allowed, so one sheet may come out, ever. The hub is killed in every state of the machine, before what
 * the state asks for is done, while it is done where that is more than an instant, and after it was done.
 */

interface Case {
  /** How the state is come to: where the hubs before it died. */
  readonly after?: readonly Death[];
  readonly deaths: readonly Death[];
  /** What may be said in the end. */
  readonly ends: readonly AttemptState[];
}

/** A job whose empty shell is on the printer, and one whose document may be. */
const LEFT_EMPTY: readonly Death[] = [['reserved', 'after']];
const SENT_NOTHING: readonly Death[] = [['sending', 'before']];
const SENT_ALL: readonly Death[] = [['sending', 'after']];

const both = (place: Death[0]): readonly Death[] => [
  [place, 'before'],
  [place, 'after'],
];
const CASES: Readonly<Record<AttemptState, readonly Case[]>> = {
  queued: [{ deaths: both('queued'), ends: ['printed'] }],
  reserved: [{ deaths: [...both('reserved'), ['reserved', 'during']], ends: ['printed'] }],
  searching: [{ after: LEFT_EMPTY, deaths: both('searching'), ends: ['printed'] }],
  withdrawing: [{ after: LEFT_EMPTY, deaths: both('withdrawing'), ends: ['printed'] }],
  created: [{ deaths: both('created'), ends: ['printed'] }],
  sending: [
    { deaths: [['sending', 'before']], ends: ['not-printed'] },
    { deaths: [['sending', 'during']], ends: ['not-printed', 'uncertain'] },
    { deaths: [['sending', 'after']], ends: ['uncertain'] },
  ],
  sent: [{ deaths: both('sent'), ends: ['printed'] }],
  'winding-down': [
    {
      after: SENT_NOTHING,
      deaths: [...both('winding-down/job'), ...both('winding-down/cancelJob')],
      ends: ['not-printed'],
    },
    { after: SENT_ALL, deaths: both('winding-down'), ends: ['uncertain'] },
  ],
  printed: [{ deaths: [['printed', 'after']], ends: ['printed'] }],
  'not-printed': [{ after: SENT_NOTHING, deaths: [['not-printed', 'after']], ends: ['not-printed'] }],
  uncertain: [{ after: SENT_ALL, deaths: [['uncertain', 'after']], ends: ['uncertain'] }],
};
const TABLE = Object.values(CASES)
  .flat()
  .flatMap(({ after = [], deaths, ends }) => deaths.map((death) => ({ path: [...after, death], ends })));
const stateOf = ([place]: Death): string | undefined => place.split('/')[0];

describe.concurrent('SIGKILL of the hub in every state', () => {
  test.each(TABLE.map(({ path, ends }) => [path.map((death) => death.join(' ')).join(', then '), path, ends] as const))(
    '%s',
    { timeout: 60_000 },
    async (_, path, ends) => {
      const rig = await killedHub({ pages: 1 });
      try {
        for (const [index, death] of path.entries()) {
          expect(await rig.hub(index === 0 ? 'print' : 'resume', death)).toBe('SIGKILL');
          const found = rig.open();
          expect(found.service.jobs().map(({ state }) => state)).toEqual([stateOf(death)]);
          await found.close();
        }
        const end = await rig.hub('resume');
        expect(ends).toContain(end);
        const sheets = rig.printer.tray.length;
        // Only what is certain is called so.
        if (end === 'printed') expect(sheets).toBe(1);
        if (end === 'not-printed') expect(sheets).toBe(0);
        // And the student tries again, twice.
        const again = [await rig.hub('print'), await rig.hub('print')];
        expect(again).toEqual([end === 'not-printed' ? 'printed' : 'E-CERT-0401', 'E-CERT-0401']);
        expect(rig.printer.tray.length).toBeLessThanOrEqual(1);
        expect(rig.printer.jobs.filter(({ state }) => state < 7)).toEqual([]);

        // The hall is told of every sheet once, and of nothing else.
        const after = rig.open();
        const told = after.events().filter(({ type }) => type !== 'certificate.issued');
        expect(told.map(({ type, data }) => [type, data.copies])).toEqual([
          [end === 'uncertain' ? 'certificate.uncertain' : 'certificate.printed', 1],
        ]);
        expect(after.service.jobs().every(({ state }) => isEnded(state))).toBe(true);
        await after.close();
      } finally {
        await rig.close();
      }
    },
  );
});
