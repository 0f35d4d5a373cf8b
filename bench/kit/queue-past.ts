import { openDatabase } from '@hallhub/sync/sqlite';
import { HALL, SERVICE_NAMES, counterId } from '../../e2e/queue-day/hall.ts';

const DAY = 86_400_000;

/** Fills the file of a hub that does not run with tickets of days gone by, each called, served and finished. */
export function storePastDays(
  file: string,
  { days, perDay, counters }: { readonly days: number; readonly perDay: number; readonly counters: number },
): void {
  const db = openDatabase({ file });
  const ticket = db.prepare(
    `INSERT INTO queue_ticket (id, hall, day, series, serial, number, key, service, class, source, state, since, taken_at, arrival,
       counter, calls, services) VALUES (?, ?, ?, 'A', ?, ?, ?, ?, 'ordinary', 'machine', 'finished', ?, ?, ?, ?, 1, ?)`,
  );
  const period = db.prepare(
    'INSERT INTO queue_period (ticket_id, seq, state, from_at, to_at, service, counter) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const call = db.prepare(
    `INSERT INTO queue_call (hall, day, ticket_id, number, service, counter, at, times, first_tier) VALUES (?, ?, ?, ?, ?, ?, ?, 1, 0)`,
  );
  const midnight = Math.floor(Date.now() / DAY) * DAY;
  for (let back = days; back >= 1; back -= 1) {
    const begun = midnight - back * DAY;
    const day = new Date(begun).toISOString().slice(0, 10);
    db.transaction(() => {
      for (let serial = 1; serial <= perDay; serial += 1) {
        const id = `past-${day}-${serial}`;
        const number = `A${String(serial).padStart(4, '0')}`;
        const service = SERVICE_NAMES[serial % SERVICE_NAMES.length] ?? 'enrolment';
        const counter = counterId(serial % counters);
        const at = (minutes: number): number => begun + serial * 10_000 + minutes * 60_000;
        const services = JSON.stringify([{ service, quantity: 1 }]);
        ticket.run(id, HALL, day, serial, number, `key-${id}`, service, at(25), at(0), at(0), counter, services);
        period.run(id, 0, 'waiting', at(0), at(20), service, null);
        period.run(id, 1, 'called', at(20), at(21), service, counter);
        period.run(id, 2, 'serving', at(21), at(25), service, counter);
        period.run(id, 3, 'finished', at(25), at(25), service, counter);
        call.run(HALL, day, id, number, service, counter, at(20));
      }
    })();
  }
  db.close();
}
