import type { Barrier, DoorContact, GateAlarm, Passage, PassageSensor } from '@hallhub/device-drivers/capabilities';
import type { Cancel, Clock, DurationMs, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ms, ok, plus } from '@hallhub/sync/base';
import type { CampusClock } from '../../calendar/index.ts';
import type { RefusalCode } from '../codes.ts';
import type { Pass } from '../pass.ts';
import { isSamePerson } from '../pass.ts';
import type { Alone, AntiPassback, Decision, Freshness, GateRules, Standing } from '../rules.ts';
import { decide } from '../rules.ts';
import type { GateJournal, NewEntry } from './journal.ts';
import type { Presentation, Rejected, Shown, Source } from './presentation.ts';
import { watchDoor } from './door.ts';
import { createWaitingRoom } from './waiting.ts';

export interface EdgeGate extends GateRules {
  readonly antiPassback?: AntiPassback;
  /** What a genuine code is worth whose approval is not known here. */
  readonly trust: 'known' | 'signed';
  /** How long the barrier's release is energised. */
  readonly hold: DurationMs;
  /** How long after the release somebody may walk through before the grant lapses. */
  readonly passageTimeout: DurationMs;
  /** How long somebody who needs an escort or a second person waits for them. */
  readonly pairTimeout: DurationMs;
  /** People the area holds at once. */
  readonly limit?: number;
}

/** What the person at the gate is told. */
export interface Told {
  readonly granted: boolean;
  readonly code?: RefusalCode;
  /** How many more may follow on this document. */
  readonly companions?: number;
}
export type Feedback = (told: Told) => void;

export interface GateEdgeDeps {
  readonly gate: EdgeGate;
  readonly journal: GateJournal;
  readonly sources: readonly Source[];
  readonly barrier: Barrier;
  readonly passageSensor?: PassageSensor;
  readonly alarms?: GateAlarm;
  readonly doorContact?: DoorContact;
  readonly clock: Clock;
  readonly campusClock: CampusClock;
  /** How the gate stands now: schedule, lock-down, fire. */
  readonly standing: () => Standing;
  /** Whether the barrier can be left open; else each release is a pulse even while the gate stands open. */
  readonly staysOpen: boolean;
  /** Age of the picture of the hall, and what an old one does. */
  readonly freshness: () => Freshness;
  readonly clockTrusted: () => boolean;
  /** Cut off from other gates that count the same uses. */
  readonly alone: () => Alone;
  /** Whether a door that this one is interlocked with is open or about to open. */
  readonly otherDoorOpen: () => boolean;
  readonly feedback: Feedback;
  readonly newId: () => string;
  /** The journal could not be written (a full disk): nobody is let in by what is not on record. */
  readonly onFault: (error: unknown) => void;
  /** Offers something that has happened to the journal again, until it is written; it outlives the gate. */
  readonly writeLater: (write: () => void) => void;
  /** Whether the barrier has been left open for as long as the gate stands so. */
  readonly released: () => boolean;
}

/** A guard's word, after it was written down who gave it and why. */
export interface AdmitOrder {
  readonly by: string;
  readonly reason: string;
  /** The pass and credential of the refusal that is overruled, where there was one. */
  readonly pass?: Pass;
  /** What the card of somebody said whom no request names. */
  readonly stranger?: Presentation['stranger'];
}

/** What a terminal did by itself, a moment ago. */
export type TerminalGrant = Pick<NewEntry, 'id' | 'at' | 'pass' | 'credential' | 'method' | 'source'>;

export interface RunningGate {
  /** Lets one through by hand. Returns the entry's id. */
  /** Errors: `E-GATE-0117` the other door of its air lock is not shut. */
  admit(order: AdmitOrder): Result<string>;
  /** A terminal has let somebody through: it is on record, and whoever walks now is that person. */
  note(grant: TerminalGrant): void;
  /** Judges a credential that a guard typed or looked up, as if it had been shown; undefined when the journal could not be written. */
  present(shown: Presentation): Told | undefined;
  /** Whether somebody is in it or about to be, or its door stands open. */
  busy(): boolean;
  stop(): void;
}

/** How long an order to open lives: long enough for a busy bus, too short for anybody to have walked away. */
const OPEN_TTL = 2_000 as DurationMs;
/** Receipts after which the barrier surely did nothing: expired, line not open, refused, never queued, out of service. */
const CERTAINLY_SHUT: ReadonlySet<string> = new Set([
  ...['E-DEV-0201', 'E-DEV-0102', 'E-DEV-0203', 'E-DEV-0205', 'E-DEV-0404', 'E-DEV-0405', 'E-DEV-0409'],
]);
/** What a device dates further from now, back or ahead, is history or a broken clock: it is written down and opens nothing. */
const HISTORY = ms(10_000);
/** Somebody who walks through so soon after an expected passage came in on the heels of that person. */
const TAILGATE = ms(4_000);

/** Somebody at the gate who is refused only until an escort or a second person shows a credential. */
interface Waiting {
  readonly shown: Presentation;
  readonly pass: Pass;
  readonly code: RefusalCode;
}
interface Pending extends Waiting {
  readonly cancelTimer: Cancel;
}

type Refusal = Pick<Extract<Decision, { granted: false }>, 'code' | 'pass'>;

/** What follows once somebody has walked through: the same person's companions, or those who waited for this person. */
export interface Follow {
  readonly shown: Presentation;
  readonly companions: number;
  readonly followers: readonly Waiting[];
  readonly pass: Pass;
}

/**
 * One gate, end to end: credential, decision, commit, release, passage. From the last byte of the credential to the order
 * for the barrier everything is synchronous, so nothing can come between.
 */
export function runGate(deps: GateEdgeDeps): RunningGate {
  const { gate, journal, clock } = deps;
  const pendings = new Set<Pending>();
  /** Who went in a moment ago and may still vouch for others. */
  let vouching: readonly { readonly pass: Pass; readonly until: EpochMs }[] = [];
  let lastPassed = Number.NEGATIVE_INFINITY;
  let lastTold: Told | undefined;

  /** What has happened cannot be refused any more: it is written as soon as the disk takes it, with the time it happened. */
  const surely = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      deps.onFault(error);
      if (journal.joined()) throw error;
      deps.writeLater(write);
    }
  };
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      deps.onFault(error);
      if (journal.joined()) throw error;
    }
  };
  const settle = (...move: Parameters<GateJournal['settle']>): void => {
    surely(() => {
      journal.settle(...move);
    });
  };
  const entry = (at: EpochMs): Pick<NewEntry, 'id' | 'gate' | 'at' | 'local'> => ({
    id: deps.newId(),
    gate,
    at,
    local: deps.campusClock(at),
  });
  const tell: Feedback = (told) => {
    lastTold = told;
    deps.feedback(told);
  };
  const waiting = createWaitingRoom<Follow>({
    clock,
    timeout: gate.passageTimeout,
    onLapsed: ({ id, then, doubtful }) => {
      settle(id, doubtful ? 'unconfirmed' : 'lapsed', clock.now());
      leaveOut(then?.followers ?? []);
    },
  });

  const decideOn = (shown: Presentation, companion: boolean, partners: readonly Pass[]): Decision => {
    const now = clock.now();
    const local = deps.campusClock(now);
    const limit = gate.limit;
    const candidates = journal.candidates(
      shown.credential,
      gate,
      local,
      gate.trust === 'signed' ? shown.signed : undefined,
    );
    const credential = Buffer.from(shown.credential).toString('hex');
    return decide({
      gate,
      standing: deps.standing(),
      released: deps.released(),
      candidates,
      now,
      local,
      ...(shown.cardValidTo !== undefined && { cardValidTo: shown.cardValidTo }),
      duress: candidates.some(({ pass }) => pass.duress?.includes(credential) === true),
      companion,
      clockTrusted: deps.clockTrusted(),
      alone: deps.alone(),
      freshness: deps.freshness(),
      ...(limit !== undefined && { occupancy: { inside: journal.heads(gate.area), limit } }),
      led: !gate.firstPerson || journal.led(gate.area, local.date),
      otherDoorOpen: deps.otherDoorOpen(),
      partners,
    });
  };

  const present = (shown: Shown): void => {
    attempt(() => {
      if ('code' in shown) reject(shown);
      else if (Math.abs(clock.now() - shown.at) > HISTORY) reject({ ...shown, code: 'E-GATE-0138' });
      else judge(shown);
    });
  };

  /** Refused before anybody is looked up. What is not of now is written down with its own time and told to nobody. */
  const reject = ({ code, method, at, stranger }: Rejected): void => {
    journal.add({ ...entry(at), state: 'refused', code, method, ...(stranger && { stranger }) });
    if (code !== 'E-GATE-0138') tell({ granted: false, code });
  };

  /** A code that another gate has just taken opens nothing here. */
  const onceOnly = (shown: Presentation, decision: Decision): Decision => {
    const { codeStep } = shown;
    return decision.granted && codeStep !== undefined && journal.codeTaken({ ...shown, codeStep }, decision.pass, gate)
      ? { granted: false, code: 'E-GATE-0135', pass: decision.pass }
      : decision;
  };

  const judge = (shown: Presentation): void => {
    const now = clock.now();
    vouching = vouching.filter(({ until }) => until > now);
    const partners = [...[...pendings].map(({ pass }) => pass), ...vouching.map(({ pass }) => pass)];
    const decision = onceOnly(shown, decideOn(shown, false, partners));
    if (!decision.granted) {
      if (decision.awaits && decision.pass) wait(shown, decision.pass, decision.code);
      else refuse(shown, decision);
      return;
    }
    const { pass } = decision;
    const followers = [...pendings].filter((pending) => !isSamePerson(pending.pass, pass));
    for (const pending of pendings) drop(pending);
    vouching = [...vouching, { pass, until: plus(now, gate.pairTimeout) }];
    const follow: Follow = {
      shown,
      pass,
      companions: pass.companions,
      followers,
    };
    release(follow, { warnings: decision.warnings });
  };

  /** Not journalled yet: whoever they wait for may be reaching for their card. */
  const wait = (shown: Presentation, pass: Pass, code: RefusalCode): void => {
    for (const earlier of pendings) if (isSamePerson(earlier.pass, pass)) drop(earlier);
    const pending: Pending = {
      shown,
      pass,
      code,
      cancelTimer: clock.after(gate.pairTimeout, () => {
        pendings.delete(pending);
        attempt(() => {
          refuse(shown, { code, pass });
        });
      }),
    };
    pendings.add(pending);
    tell({ granted: false, code });
  };
  const drop = (pending: Pending): void => {
    pending.cancelTimer();
    pendings.delete(pending);
  };

  /** Whoever they waited for did not come in: what they were told when they showed their card is what is written down. */
  const leaveOut = (followers: readonly Waiting[]): void => {
    for (const { shown, pass, code } of followers)
      surely(() => {
        recordRefusal(shown, { code, pass });
      });
  };

  const refuse = (shown: Presentation, decision: Refusal): void => {
    recordRefusal(shown, decision);
    tell({ granted: false, code: decision.code });
  };
  const recordRefusal = (shown: Presentation, { code, pass }: Refusal): void => {
    journal.add({
      ...entry(clock.now()),
      state: 'refused',
      code,
      method: shown.method,
      credential: shown.credential,
      ...(pass && { pass }),
      ...(shown.stranger && !pass && { stranger: shown.stranger }),
    });
  };

  const release = (
    follow: Follow,
    how: { readonly companion?: boolean; readonly warnings?: readonly RefusalCode[] } = {},
  ): void => {
    const { pass, shown } = follow;
    const warning = how.warnings?.[0];
    const facts = entry(clock.now());
    journal.add({
      ...facts,
      state: 'releasing',
      pass,
      credential: shown.credential,
      method: shown.method,
      ...(shown.codeStep !== undefined && { codeStep: shown.codeStep }),
      ...(how.companion && { companion: true }),
      ...(warning && { warning }),
    });
    if (warning === 'E-GATE-0113') raise('duress', facts.at);
    if (deps.standing() === 'open' && deps.staysOpen) {
      // The gate stands open: that somebody showed a credential is all there is to know.
      settle(facts.id, 'unconfirmed', facts.at);
    } else order(facts.id, `request:${pass.requestId}`, facts.at, follow);
    tell({ granted: true, companions: follow.companions + follow.followers.length });
  };

  const order = (id: string, issuedBy: string, at: EpochMs, follow?: Follow): void => {
    const opened = deps.barrier.open({
      id,
      name: 'open',
      args: { hold: gate.hold, direction: gate.direction },
      issuedAt: at,
      expiresAt: plus(at, OPEN_TTL),
      issuedBy,
    });
    if (deps.passageSensor) {
      waiting.expect(id, at, follow);
      journal.onUndone(() => {
        waiting.forget(id);
      });
    }
    void opened.then((receipt) => {
      if (receipt.ok) {
        settle(id, deps.passageSensor ? 'released' : 'unconfirmed', clock.now(), {
          confirmation: receipt.value.confirmation,
        });
        if (!deps.passageSensor && follow) next(follow);
      } else if (CERTAINLY_SHUT.has(receipt.error.code)) {
        waiting.forget(id);
        settle(id, 'blocked', clock.now(), { failure: receipt.error });
        leaveOut(follow?.followers ?? []);
      } else {
        // The order left and nobody knows what became of it. Who then walks through was let through; else it stays open to doubt.
        if (!deps.passageSensor) settle(id, 'unconfirmed', clock.now(), { failure: receipt.error });
        else waiting.doubt(id);
      }
    });
  };

  /** The barrier lets one through at a time, so each who follows is a release of its own, judged anew, after the one before. */
  const next = ({ shown, pass, companions, followers }: Follow): void => {
    attempt(() => {
      if (companions > 0 && deps.passageSensor) {
        const decision = decideOn(shown, true, []);
        if (decision.granted && decision.pass.requestId === pass.requestId)
          release({ shown, pass: decision.pass, companions: companions - 1, followers }, { companion: true });
        else leaveOut(followers);
        return;
      }
      const [first, ...others] = followers;
      if (!first) return;
      const decision = onceOnly(first.shown, decideOn(first.shown, false, [pass]));
      if (decision.granted)
        release(
          { shown: first.shown, pass: decision.pass, companions: decision.pass.companions, followers: others },
          { warnings: decision.warnings },
        );
      else {
        refuse(first.shown, decision);
        leaveOut(others);
      }
    });
  };

  const onPassage = (passage: Passage): void => {
    const mine = passage.direction === gate.direction;
    // Who walked before the oldest grant that waits had another one, if any.
    const late = mine && !waiting.isOwed(passage.at) ? waiting.takeLapsed(passage.at) : undefined;
    if (late) {
      journal.onUndone(() => {
        late.restore();
      });
      lastPassed = Math.max(lastPassed, passage.at);
      settle(late.id, 'passed', passage.at, { confirmation: 'observed' });
      return;
    }
    const grant = mine ? waiting.take(passage.at) : undefined;
    if (grant) {
      journal.onUndone(() => {
        grant.restore();
      });
      lastPassed = passage.at;
      settle(grant.id, 'passed', passage.at, { confirmation: 'observed' });
      if (grant.then) next(grant.then);
      return;
    }
    const free = deps.standing() === 'open' || deps.standing() === 'fire';
    const facts = entry(passage.at);
    surely(() => {
      journal.add({ ...facts, state: free ? 'free' : 'unexpected' });
    });
    // A lane without sensors for it: who walks in on the heels of somebody is told from the times.
    if (!free && passage.direction === 'in' && passage.at >= lastPassed && passage.at - lastPassed < TAILGATE)
      raise('tailgating', passage.at);
  };

  const raise = (alarm: Parameters<GateJournal['alarm']>[0]['alarm'], at: EpochMs, clear = false): void => {
    surely(() => {
      journal.alarm({ id: deps.newId(), gateId: gate.id, alarm, at, clear });
    });
  };

  const door = watchDoor({
    clock,
    ...(deps.doorContact && { doorContact: deps.doorContact }),
    ...(deps.alarms && { alarms: deps.alarms }),
  });
  const stops = [
    door.stop,
    ...deps.sources.map((source) => source(present)),
    deps.passageSensor?.onPassage(onPassage),
    deps.alarms?.onAlarm(({ alarm, at, clear }) => {
      raise(alarm, at, clear);
    }),
  ];
  return {
    present: (shown) => {
      lastTold = undefined;
      present(shown);
      return lastTold;
    },
    admit: ({ by, reason, pass, stranger }) => {
      // Whatever a guard sees on the screen, two doors of an air lock are never open together.
      if (deps.otherDoorOpen()) return failure('E-GATE-0117', gate.id);
      const facts = entry(clock.now());
      journal.add({
        ...facts,
        state: 'releasing',
        byHand: `${by}:${reason}`,
        ...(pass && { pass }),
        ...(stranger && !pass && { stranger }),
      });
      order(facts.id, `staff:${by}`, facts.at);
      tell({ granted: true });
      return ok(facts.id);
    },
    note: (grant) => {
      const { id, at } = grant;
      journal.add({ ...grant, gate, local: deps.campusClock(at), state: 'releasing' });
      if (!deps.passageSensor) {
        journal.settle(id, 'unconfirmed', at);
        return;
      }
      journal.settle(id, 'released', at);
      waiting.expect(id, at, undefined);
      journal.onUndone(() => {
        waiting.forget(id);
      });
    },
    busy: () => waiting.size() > 0 || door.open(),
    stop: () => {
      for (const stop of stops) stop?.();
      for (const follow of waiting.clear()) leaveOut(follow.followers);
      const waited = [...pendings];
      for (const pending of waited) drop(pending);
      leaveOut(waited);
    },
  };
}
