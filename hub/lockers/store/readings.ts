import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Case } from '../rules/cases.ts';
import type { Consignment } from '../rules/consignment.ts';
import type { Journey } from '../rules/journey.ts';

export interface ItemRow {
  readonly id: string;
  readonly custodian: 'hub' | 'run' | 'person' | 'nobody';
  readonly heldBy: string | null;
  readonly epoch: number;
  readonly to: string;
  readonly bag: string | null;
  readonly cabinet: string | null;
  readonly compartment: string | null;
  readonly ready: 0 | 1;
  readonly since: EpochMs;
}

export interface JourneyRow {
  readonly manifest: string;
  readonly run: string;
  readonly box: string;
  readonly from: string;
  readonly to: string;
  readonly stage: Journey['stage'];
  readonly dueAt: EpochMs | null;
  readonly at: EpochMs;
}

const ITEM = 'id, custodian, held_by AS heldBy, epoch, to_hub AS "to", bag, cabinet, compartment, ready, since';
const JOURNEY = 'manifest, run, box, from_hub AS "from", to_hub AS "to", stage, due_at AS dueAt, at';

export type Readings = ReturnType<typeof readings>;

/** What was read from the chain, kept so that lists need not read it all. */
export function readings(db: Db) {
  const putItem = db.prepare(
    `INSERT INTO custody_item (id, custodian, held_by, epoch, to_hub, bag, cabinet, compartment, ready, tracking, since)
     VALUES (@id, @custodian, @heldBy, @epoch, @to, @bag, @cabinet, @compartment, @ready, @tracking, @since)
     ON CONFLICT (id) DO UPDATE SET custodian = excluded.custodian, held_by = excluded.held_by, epoch = excluded.epoch,
       to_hub = excluded.to_hub, bag = excluded.bag, cabinet = excluded.cabinet, compartment = excluded.compartment,
       ready = excluded.ready, tracking = excluded.tracking, since = excluded.since`,
  );
  const heldAt = db.prepare<[string], ItemRow>(
    `SELECT ${ITEM} FROM custody_item WHERE custodian = 'hub' AND held_by = ? ORDER BY since, id`,
  );
  const inBag = db
    .prepare<[string, string], string>(
      `SELECT id FROM custody_item WHERE held_by = ? AND bag = ? AND custodian = 'hub' ORDER BY id`,
    )
    .pluck();
  const tracked = db.prepare<[string], string>('SELECT id FROM custody_item WHERE tracking = ?').pluck();
  const counts = db.prepare<[string, string], { ready: number; held: number; away: number }>(
    `SELECT coalesce(sum(custodian = 'hub' AND held_by = ? AND ready), 0) AS ready,
       coalesce(sum(custodian = 'hub' AND held_by = ? AND NOT ready), 0) AS held,
       coalesce(sum(custodian = 'run'), 0) AS away FROM custody_item`,
  );
  const putCase = db.prepare(
    `INSERT INTO custody_case (id, kind, hub, opened_at, closed_at, content) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET closed_at = excluded.closed_at, content = excluded.content`,
  );
  const putCaseItem = db.prepare('INSERT INTO custody_case_item (item, case_id) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const caseById = db.prepare<[string], string>('SELECT content FROM custody_case WHERE id = ?').pluck();
  const casesOf = db
    .prepare<[string], string>(
      `SELECT c.content FROM custody_case_item i CROSS JOIN custody_case c ON c.id = i.case_id WHERE i.item = ? ORDER BY c.opened_at, c.id`,
    )
    .pluck();
  const openCases = db
    .prepare<[], string>('SELECT content FROM custody_case WHERE closed_at IS NULL ORDER BY opened_at, id')
    .pluck();
  const closedCases = db
    .prepare<[number], string>(
      'SELECT content FROM custody_case WHERE closed_at IS NOT NULL ORDER BY closed_at DESC, id LIMIT ?',
    )
    .pluck();
  const putJourney = db.prepare(
    `INSERT INTO custody_journey (manifest, run, box, from_hub, to_hub, stage, due_at, at)
     VALUES (@manifest, @run, @box, @from, @to, @stage, @dueAt, @at)
     ON CONFLICT (manifest) DO UPDATE SET stage = excluded.stage, due_at = excluded.due_at`,
  );
  const journeys = db.prepare<[number], JourneyRow>(
    `SELECT ${JOURNEY} FROM custody_journey ORDER BY at DESC, manifest LIMIT ?`,
  );
  const overdue = db.prepare<[number], JourneyRow>(
    `SELECT ${JOURNEY} FROM custody_journey WHERE stage = 'under-way' AND due_at <= ? ORDER BY due_at, manifest`,
  );
  const boxed = db.prepare<[string, string], JourneyRow>(
    `SELECT ${JOURNEY} FROM custody_journey WHERE stage = 'sealed' AND from_hub = ? AND box = ?`,
  );
  const caseOf = (content: string): Case => JSON.parse(content) as Case;
  return {
    putItem: (item: Consignment): void => {
      const { custodian, place } = item;
      putItem.run({
        ...{ id: item.id, custodian: custodian.is, epoch: item.epoch, to: item.to, since: item.since },
        heldBy: custodian.is === 'hub' ? custodian.hub : custodian.is === 'run' ? custodian.manifest : null,
        bag: place?.at === 'bag' ? place.bag : null,
        cabinet: place?.at === 'compartment' || place?.at === 'bin' ? place.cabinet : null,
        compartment: place?.at === 'compartment' ? place.compartment : null,
        ready: item.ready ? 1 : 0,
        tracking: item.tracking ?? null,
      });
    },
    heldAt: (hub: string): readonly ItemRow[] => heldAt.all(hub),
    inBag: (hub: string, bag: string): readonly string[] => inBag.all(hub, bag),
    /** By the SHA-256 of its code. */
    tracked: (sha256: string): string | undefined => tracked.get(sha256),
    counts: (hub: string) => counts.get(hub, hub) ?? { ready: 0, held: 0, away: 0 },
    putCase: (one: Case): void => {
      putCase.run(one.id, one.kind, one.hub, one.openedAt, one.closed?.at ?? null, JSON.stringify(one));
      for (const item of one.items) putCaseItem.run(item, one.id);
    },
    case: (id: string): Case | undefined => {
      const content = caseById.get(id);
      return content === undefined ? undefined : caseOf(content);
    },
    casesOf: (item: string): readonly Case[] => casesOf.all(item).map(caseOf),
    openCases: (): readonly Case[] => openCases.all().map(caseOf),
    closedCases: (most: number): readonly Case[] => closedCases.all(most).map(caseOf),
    putJourney: ({ manifest, contents, stage, dueAt }: Journey): void => {
      const { run, box, from, to, at } = contents;
      putJourney.run({ manifest, run, box, from, to, at, stage, dueAt: dueAt ?? null });
    },
    journeys: (most: number): readonly JourneyRow[] => journeys.all(most),
    overdue: (now: EpochMs): readonly JourneyRow[] => overdue.all(now),
    /** A box of this hub that is sealed and stands here. */
    boxed: (hub: string, box: string): JourneyRow | undefined => boxed.get(hub, box),
  };
}
