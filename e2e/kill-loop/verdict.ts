import type { ReceivedEvent } from '@hallhub/sync/reference-hall';
import { iso } from '@hallhub/sync/base';
import type { EpochMs } from '@hallhub/sync/base';
import type { Campus } from '../testing/campus.ts';
import type { HubDatabase, StoredEntry } from '../testing/hub-database.ts';
import type { GateNotes } from './visitors.ts';

export interface Verdict {
  readonly counts: Readonly<Record<string, number>>;
  /** What must never happen and did, in words; empty when all is well. */
  readonly violations: readonly string[];
}

/**
 * Compares what three witnesses say when everything has come to rest: the hub's database, the hall's inbox, and what was
 * seen at the devices (relay pulses, people who walked, sheets in the tray).
 */
export function verdict(campus: Campus, database: HubDatabase, notes: GateNotes): Verdict {
  const entries = database.entriesAfter(0);
  const attempts = database.attempts();
  const certificates = database.certificates();
  const tray = campus.printer.tray();
  const received = campus.hall.inbox.list({ limit: 1_000_000 });
  const ofType = (type: string): readonly ReceivedEvent[] =>
    received.filter((event) => event.type === type && event.status === 'accepted');
  const entered = ofType('hallhub.visitor-access.entered.v1');
  const refused = ofType('hallhub.visitor-access.refused.v1');
  const printed = ofType('hallhub.certificate.printed.v1');
  const uncertain = ofType('hallhub.certificate.not-printed.v1');
  const inState = (state: string): readonly StoredEntry[] => entries.filter((entry) => entry.state === state);
  const granted = entries.filter(({ state }) => state !== 'refused' && state !== 'unexpected');
  const attemptsIn = (state: string): readonly string[] =>
    attempts.filter((attempt) => attempt.state === state).map(({ certificateId }) => certificateId);
  const { pulses } = campus.turnstile;
  const violations: string[] = [];
  const forbid = (happened: boolean, what: string): void => {
    if (happened) violations.push(what);
  };

  // Outcomes: each exactly once.
  violations.push(
    ...differences(
      'passage',
      [...inState('passed'), ...inState('unconfirmed')].map(passageKey),
      entered.map(({ subject, data }) => eventKey(subject, data, (data as { passage: string }).passage)),
    ),
    ...differences(
      'refusal',
      inState('refused')
        .filter(({ requestId }) => requestId !== null)
        .map(({ requestId, at, code }) => `${requestId ?? ''} ${iso(at as EpochMs)} ${code ?? ''}`),
      refused.map(({ subject, data }) => eventKey(subject, data, (data as { code: string }).code)),
    ),
    ...differences(
      'print',
      attemptsIn('printed'),
      printed.map(({ subject }) => subject),
    ),
    ...differences(
      'uncertain print',
      attemptsIn('uncertain'),
      uncertain.map(({ subject }) => subject),
    ),
  );
  const { waiting, dead } = database.outbox();
  forbid(waiting > 0, `${waiting} outcomes still wait`);
  forbid(dead > 0, `${dead} outcomes were rejected`);
  forbid(
    received.some(({ status }) => status === 'rejected'),
    'the hall rejected events',
  );

  // The gate.
  const walked = new Set(notes.walked);
  for (const entry of entries.filter(({ seq }) => walked.has(seq))) {
    const told = entry.state === 'passed' || entry.state === 'unconfirmed';
    forbid(!told, `somebody walked of whom no outcome tells: ${JSON.stringify(entry)}`);
  }
  const wrong = notes.revoked.filter(({ requestId, afterEntry }) =>
    granted.some((entry) => entry.requestId === requestId && entry.seq > afterEntry),
  );
  forbid(wrong.length > 0, `${wrong.length} visitors were let in after their revocation had been committed`);
  forbid(notes.strayPulses > 0, `${notes.strayPulses} relay pulses without a committed grant`);
  forbid(pulses.length > granted.length, `${pulses.length} relay pulses for ${granted.length} committed grants`);
  forbid(
    entries.some(({ state }) => state === 'releasing' || state === 'released'),
    'grants were left open',
  );

  // Paper.
  for (const { certificateId, copiesAllowed, documentSha256 } of certificates) {
    const sheets = tray.filter((sheet) => sheet === documentSha256).length;
    const counted = attempts
      .filter((attempt) => attempt.certificateId === certificateId)
      .reduce((sum, { copiesCounted }) => sum + copiesCounted, 0);
    const sure = attemptsIn('printed').filter((id) => id === certificateId).length;
    forbid(sheets > copiesAllowed, `${sheets} sheets of ${certificateId}, ${copiesAllowed} allowed`);
    forbid(sheets > counted, `${sheets} sheets of ${certificateId}, ${counted} counted`);
    forbid(sure > sheets, `${sure} copies of ${certificateId} called printed, ${sheets} sheets there`);
  }
  const ours = new Set(certificates.map(({ documentSha256 }) => documentSha256));
  forbid(!tray.every((sheet) => ours.has(sheet)), 'a sheet that is no certificate');

  const integrity = database.integrity();
  forbid(integrity !== 'ok', `integrity check: ${String(integrity)}`);
  return {
    counts: {
      grants: granted.length,
      passed: inState('passed').length,
      unconfirmed: inState('unconfirmed').length,
      lapsed: inState('lapsed').length,
      blocked: inState('blocked').length,
      unexpected: inState('unexpected').length,
      refusals: inState('refused').length,
      swipesAfterRevocation: notes.revoked.length,
      relayPulses: pulses.length,
      walks: campus.turnstile.walks,
      walksOnOwnGrant: notes.walked.length,
      outcomes: received.length,
      certificates: certificates.length,
      prints: attempts.length,
      printed: attemptsIn('printed').length,
      notPrinted: attemptsIn('not-printed').length,
      uncertain: attemptsIn('uncertain').length,
      sheets: tray.length,
    },
    violations,
  };
}

const passageKey = ({ requestId, settledAt, state }: StoredEntry): string =>
  `${requestId ?? ''} ${iso((settledAt ?? 0) as EpochMs)} ${state === 'passed' ? 'observed' : 'unconfirmed'}`;
const eventKey = (subject: string, data: unknown, last: string): string =>
  `${subject} ${(data as { at: string }).at} ${last}`;

/** What stands in one list more often than in the other. */
function differences(what: string, here: readonly string[], inHall: readonly string[]): readonly string[] {
  const count = new Map<string, number>();
  for (const key of here) count.set(key, (count.get(key) ?? 0) + 1);
  for (const key of inHall) count.set(key, (count.get(key) ?? 0) - 1);
  return [...count].flatMap(([key, difference]) => {
    if (difference === 0) return [];
    return `${what} ${key}: ${difference > 0 ? `${difference} lost` : `${-difference} too many`} in the hall`;
  });
}
