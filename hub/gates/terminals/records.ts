import type { AccessEvent } from '@hallhub/device-drivers/capabilities';
import type { EpochMs } from '@hallhub/sync/base';
import type { Vault } from '../../vault/index.ts';
import type { CampusClock } from '../../calendar/index.ts';
import type { TerminalGrant } from '../edge/gate.ts';
import type { GateJournal } from '../edge/journal.ts';
import type { Pass } from '../pass.ts';
import type { PassStore } from '../store/passes.ts';
import type { TerminalGate } from './project.ts';
import { covers } from './rules.ts';
import type { TerminalStore } from './store.ts';

/** An entry's method where a terminal says how it knew somebody; a card is a UID like any other. */
const METHODS: Readonly<Partial<Record<AccessEvent['method'], string>>> = { card: 'uid' };

/**
 * What terminals did by themselves, as entries: each once, however often and in whatever order it is told, by the
 * terminal's serial number and its own name for the event. What is history is written down with its time, and nothing else.
 */
export function createTerminalRecords(deps: {
  readonly store: TerminalStore;
  readonly journal: GateJournal;
  readonly passes: Pick<PassStore, 'pass' | 'passesOf'>;
  readonly vault: Pick<Vault, 'match'>;
  readonly campusClock: CampusClock;
  /** Tells the running gate whom to expect; false where it does not run. */
  readonly note: (gateId: string, grant: TerminalGrant) => boolean;
}) {
  const { store, journal, passes, vault, campusClock } = deps;

  const holder = (
    { deviceId, edge }: TerminalGate,
    { personId, card }: AccessEvent,
    at: EpochMs,
  ): { readonly pass?: Pass; readonly credential?: Uint8Array } => {
    const credential =
      card !== undefined
        ? vault.match('uid', card)
        : personId !== undefined
          ? vault.match('face', personId)
          : undefined;
    const put = personId === undefined ? [] : store.claims(deviceId, personId);
    const named = put.find(({ validFrom, validTo }) => validFrom <= at && at < validTo) ?? put[0];
    const candidates = credential ? passes.passesOf(credential) : [];
    const pass =
      (named && passes.pass(named.passId)) ??
      candidates.find(
        (one) => one.effect === 'admit' && covers(one, edge) && one.validFrom <= at && at < one.validUntil,
      ) ??
      candidates.find((one) => one.effect === 'admit' && covers(one, edge));
    return { ...(pass && { pass }), ...(credential && { credential }) };
  };

  /** Call it inside a transaction. */
  return (terminal: TerminalGate, event: AccessEvent): void => {
    const { at, replayed, granted } = event;
    if (!store.see(event.terminal, event.key, at)) return;
    // The hub is deciding on it at this moment, as on any card.
    if (event.leftToHub && !replayed) return;
    const grant: TerminalGrant = {
      id: `terminal:${event.terminal}:${event.key}`,
      at,
      method: METHODS[event.method] ?? event.method,
      source: terminal.deviceId,
      ...holder(terminal, event, at),
    };
    const facts = { ...grant, gate: terminal.edge, local: campusClock(at) };
    if (!granted) {
      journal.add({ ...facts, state: 'refused', code: replayed ? 'E-GATE-0138' : 'E-GATE-0139' });
      return;
    }
    if (!replayed && deps.note(terminal.gate.id, grant)) return;
    // It opened, and nobody watched whether somebody walked.
    journal.add({ ...facts, state: 'releasing', ...(replayed && { warning: 'E-GATE-0138' }) });
    journal.settle(grant.id, 'unconfirmed', at);
  };
}
