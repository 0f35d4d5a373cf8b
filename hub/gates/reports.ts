import type { EpochMs } from '@hallhub/sync/base';
import { iso } from '@hallhub/sync/base';
import type { EventType } from '@hallhub/sync/contract';
import { eventEntered, eventRefused, vehicleEntered, vehicleRefused } from '@hallhub/sync/contract';
import { visitorEntered, visitorRefused } from '@hallhub/sync/contract';
import type { Outbox } from '@hallhub/sync/outbox';
import type { EntryRow } from './store/entries.ts';

/** The kinds whose passages the hall hears of. Where members of the university walk is nobody's business but the gate's. */
const OUTCOMES: Readonly<
  Record<
    string,
    | {
        readonly entered: EventType<string, typeof visitorEntered.schema>;
        readonly refused: EventType<string, typeof visitorRefused.schema>;
      }
    | undefined
  >
> = {
  'visitor-access': { entered: visitorEntered, refused: visitorRefused },
  'vehicle-access': { entered: vehicleEntered, refused: vehicleRefused },
  'event-access': { entered: eventEntered, refused: eventRefused },
};

/** Tells the hall what became of an approval, in the transaction that made it true. */
export function createReports(deps: {
  readonly outbox: Pick<Outbox, 'append'>;
  readonly revisionOf: (requestId: string) => number;
}) {
  const subject = (row: EntryRow) =>
    row.requestId === null || row.person === null || row.kind === null
      ? undefined
      : { requestId: row.requestId, person: row.person, types: OUTCOMES[row.kind] };

  return {
    entered: (row: EntryRow, at: EpochMs): void => {
      const named = subject(row);
      if (!named?.types) return;
      deps.outbox.append({
        type: named.types.entered,
        subject: named.requestId,
        time: at,
        data: {
          revision: deps.revisionOf(named.requestId),
          at: iso(at),
          person: named.person,
          gate: row.gateId,
          direction: row.way ?? 'in',
          companions: row.companion,
          passage: row.state === 'passed' ? 'observed' : 'unconfirmed',
          ...(row.byHand !== null && { byHand: true }),
        },
      });
    },
    refused: (row: EntryRow): void => {
      const named = subject(row);
      if (!named?.types || row.code === null) return;
      deps.outbox.append({
        type: named.types.refused,
        subject: named.requestId,
        time: row.at,
        data: {
          revision: deps.revisionOf(named.requestId),
          at: iso(row.at),
          person: named.person,
          gate: row.gateId,
          code: row.code,
        },
      });
    },
  };
}
