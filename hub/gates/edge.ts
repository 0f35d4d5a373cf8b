import { credentialKind, credentialText } from '@hallhub/device-drivers/capabilities';
import type { Barrier, CardRead, CardReader, PassageSensor } from '@hallhub/device-drivers/capabilities';
import type { Confirmation } from '@hallhub/device-drivers/kit';
import type { Cancel, Clock, DurationMs, EpochMs, Failure } from '@hallhub/sync/base';
import { ms, plus } from '@hallhub/sync/base';
import type { RefusalCode } from './codes.ts';
import type { LocalTime } from './local-time.ts';
import type { Decision, PassView } from './rules.ts';
import { decide } from './rules.ts';

/**
 * The life of one entry. `releasing`: committed, the order to the barrier is about to leave. `released`: the barrier took
 * it. Then `passed` (somebody walked through), `lapsed` (nobody did), `unconfirmed` (this gate cannot tell, or the process
 * died in between) or `blocked` (the barrier did not take the order). `refused` and `unexpected` (a passage that nobody was
 * let through for) end at once.
 */
export type EntryState =
  'refused' | 'releasing' | 'released' | 'passed' | 'lapsed' | 'unconfirmed' | 'blocked' | 'unexpected';

export interface NewEntry {
  readonly id: string;
  readonly gateId: string;
  readonly at: EpochMs;
  readonly state: 'refused' | 'releasing' | 'unexpected';
  readonly code?: RefusalCode;
  readonly pass?: PassView;
  readonly credential?: Uint8Array;
  /** Somebody who comes in on the visitor's card without a document of their own. */
  readonly companion?: boolean;
  /** What the guard may be shown of somebody whom no request names; sealed by the journal. */
  readonly stranger?: { readonly name: string; readonly number: string };
}

/**
 * The gate's own store: passes it may need, and the journal of what happened. Every call is durable when it returns, or with
 * the transaction that it joins.
 */
export interface GateJournal {
  passesOf(credential: Uint8Array): readonly PassView[];
  add(entry: NewEntry): void;
  /** Moves an open entry on; does nothing when it has already moved past. Returns whether it did. */
  settle(
    id: string,
    state: Exclude<EntryState, NewEntry['state']>,
    at: EpochMs,
    evidence?: { readonly confirmation?: Confirmation; readonly failure?: Failure },
  ): boolean;
  /** Whether what happens now is told inside a transaction of the teller, who tells it again should that fail. */
  joined(): boolean;
  /** In such a transaction: takes back what the gate remembers of it, should it fail. */
  onUndone(undo: () => void): void;
}

export interface GateEdgeDeps {
  readonly gate: {
    readonly id: string;
    readonly area: string;
    readonly direction: 'in' | 'out';
    readonly hold: DurationMs;
    readonly passageTimeout: DurationMs;
  };
  readonly staleness: { readonly maxStaleness: DurationMs; readonly whenStale: 'refuse' | 'continue' };
  readonly journal: GateJournal;
  readonly reader: CardReader;
  readonly barrier: Barrier;
  readonly passageSensor?: PassageSensor;
  readonly clock: Clock;
  readonly localTime: LocalTime;
  /** Age of the picture of the hall; undefined when the hall was never reached. */
  readonly pictureAge: () => DurationMs | undefined;
  readonly clockTrusted: () => boolean;
  /** Keyed hash of a credential; see the vault. */
  readonly match: (type: string, value: string) => Uint8Array;
  readonly newId: () => string;
  /** The journal could not be written (a full disk): nobody is let in by what is not on record. */
  readonly onFault: (error: unknown) => void;
}

/** How long an order to open lives: long enough for a busy bus, too short for anybody to have walked away. */
const OPEN_TTL = 2_000 as DurationMs;
/** Receipts after which the barrier surely did nothing: expired, line not open, refused, never queued, out of service. */
const CERTAINLY_SHUT: ReadonlySet<string> = new Set([
  ...['E-DEV-0201', 'E-DEV-0102', 'E-DEV-0203', 'E-DEV-0205', 'E-DEV-0404', 'E-DEV-0405', 'E-DEV-0409'],
]);
/** How soon something that happened is offered to the journal again after it could not be written. */
const RETRY = 5_000 as DurationMs;

/** A grant that nobody has walked through yet. */
interface Waiting {
  readonly id: string;
  readonly cancelTimer: Cancel;
  readonly pass: PassView;
  readonly credential: Uint8Array;
  /** How many more come in on this card after this one. */
  readonly companions: number;
  /** When it was granted. */
  readonly at: EpochMs;
}

/** Clocks of a reader's and a turnstile's machine may differ by so much. */
const CLOCK_SLACK = ms(2_000);

/**
 * One gate, end to end: card, decision, commit, release, passage. From the card's last byte to the order for the barrier
 * everything is synchronous, so nothing can come between. Returns what stops it.
 */
export function runGate(deps: GateEdgeDeps): Cancel {
  const { gate, journal, clock } = deps;
  /** Grants that wait for somebody to walk through, oldest first. */
  const waiting: Waiting[] = [];
  const retries = new Set<Cancel>();
  /** Grants whose order may or may not have reached the barrier. */
  const doubtful = new Set<string>();

  const onCard = (read: CardRead): void => {
    try {
      judge(read);
    } catch (error) {
      deps.onFault(error);
    }
  };

  const judge = ({ presented }: CardRead): void => {
    const credential = deps.match(credentialKind(presented), credentialText(presented));
    const card = presented.type === 'resident-id' ? presented.card : undefined;
    const now = clock.now();
    const decision = decideOn(credential, now, card?.validTo);
    if (decision.granted) release(decision.pass, credential, now, decision.pass.companions);
    else refuse(decision, credential, now, card);
  };

  const decideOn = (credential: Uint8Array, now: EpochMs, cardValidTo: string | undefined): Decision =>
    decide({
      gate,
      passes: journal.passesOf(credential),
      now,
      local: deps.localTime(now),
      ...(cardValidTo !== undefined && { cardValidTo }),
      clockTrusted: deps.clockTrusted(),
      freshness: { age: deps.pictureAge(), ...deps.staleness },
    });

  /** The barrier lets one through at a time, so each companion is a release of its own, judged anew, after the one before. */
  const releaseCompanion = ({ credential, pass, companions }: Waiting): void => {
    const now = clock.now();
    const decision = decideOn(credential, now, undefined);
    if (decision.granted && decision.pass.requestId === pass.requestId)
      release(decision.pass, credential, now, companions - 1, true);
  };

  const refuse = (
    decision: Decision & { granted: false },
    credential: Uint8Array,
    now: EpochMs,
    card: { name: string; number: string } | undefined,
  ): void => {
    journal.add({
      id: deps.newId(),
      gateId: gate.id,
      at: now,
      state: 'refused',
      code: decision.code,
      credential,
      ...(decision.pass && { pass: decision.pass }),
      ...(card && !decision.pass && { stranger: { name: card.name, number: card.number } }),
    });
  };

  const release = (
    pass: PassView,
    credential: Uint8Array,
    now: EpochMs,
    companions: number,
    companion = false,
  ): void => {
    const id = deps.newId();
    journal.add({ id, gateId: gate.id, at: now, state: 'releasing', pass, credential, companion });
    const order = deps.barrier.open({
      id,
      name: 'open',
      args: { hold: gate.hold, direction: gate.direction },
      issuedAt: now,
      expiresAt: plus(now, OPEN_TTL),
      issuedBy: `request:${pass.requestId}`,
    });
    if (deps.passageSensor) {
      expectPassage({ id, pass, credential, companions, at: now });
      journal.onUndone(() => {
        forget(id);
      });
    }
    void order.then((receipt) => {
      if (receipt.ok) {
        settle(id, deps.passageSensor ? 'released' : 'unconfirmed', clock.now(), {
          confirmation: receipt.value.confirmation,
        });
      } else if (CERTAINLY_SHUT.has(receipt.error.code)) {
        forget(id);
        settle(id, 'blocked', clock.now(), { failure: receipt.error });
      } else {
        // The order left and nobody knows what became of it. Who then walks through was let through; else it stays open to doubt.
        if (!deps.passageSensor) settle(id, 'unconfirmed', clock.now(), { failure: receipt.error });
        else if (waiting.some((grant) => grant.id === id)) doubtful.add(id);
      }
    });
  };

  /** What has happened cannot be refused any more: it is written as soon as the disk takes it, with the time it happened. */
  const surely = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      deps.onFault(error);
      if (journal.joined()) throw error;
      const cancel = clock.after(RETRY, () => {
        retries.delete(cancel);
        surely(write);
      });
      retries.add(cancel);
    }
  };
  const settle = (...move: Parameters<GateJournal['settle']>): void => {
    surely(() => {
      journal.settle(...move);
    });
  };

  const expectPassage = (grant: Omit<Waiting, 'cancelTimer'>): void => {
    const { id } = grant;
    const cancelTimer = clock.after(gate.passageTimeout, () => {
      forget(id);
      settle(id, doubtful.delete(id) ? 'unconfirmed' : 'lapsed', clock.now());
    });
    waiting.push({ ...grant, cancelTimer });
    waiting.sort((one, other) => one.at - other.at);
  };

  const forget = (id: string): void => {
    const index = waiting.findIndex((grant) => grant.id === id);
    waiting.splice(index, index < 0 ? 0 : 1)[0]?.cancelTimer();
  };

  const onPassage = (passage: { readonly direction: 'in' | 'out'; readonly at: EpochMs }): void => {
    // What an agent tells of an hour ago is nobody's passage who stands here now, and opens nothing.
    const grant = waiting.find(({ at }) => passage.direction === gate.direction && passage.at >= at - CLOCK_SLACK);
    if (grant) {
      forget(grant.id);
      const wasDoubtful = doubtful.delete(grant.id);
      journal.onUndone(() => {
        expectPassage(grant);
        if (wasDoubtful) doubtful.add(grant.id);
      });
      settle(grant.id, 'passed', passage.at, { confirmation: 'observed' });
      if (grant.companions > 0) {
        try {
          releaseCompanion(grant);
        } catch (error) {
          deps.onFault(error);
          if (journal.joined()) throw error;
        }
      }
    } else {
      const entry: NewEntry = { id: deps.newId(), gateId: gate.id, at: passage.at, state: 'unexpected' };
      surely(() => {
        journal.add(entry);
      });
    }
  };

  const stops = [deps.reader.onCard(onCard), deps.passageSensor?.onPassage(onPassage)];
  return () => {
    for (const stop of stops) stop?.();
    for (const { cancelTimer } of waiting.splice(0)) cancelTimer();
    for (const cancel of retries) cancel();
  };
}
