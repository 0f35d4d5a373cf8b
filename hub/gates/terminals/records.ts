import type { AccessEvent } from '@hallhub/device-drivers/capabilities';
import type { Vault } from '../../vault/index.ts';
import type { CampusClock } from '../../calendar/index.ts';
import type { TerminalGrant } from '../edge/gate.ts';
import { passThere, shownToTerminal, terminalEntry } from '../edge/terminal-at-gate.ts';
import type { GateJournal } from '../edge/journal.ts';
import type { Pass } from '../pass.ts';
import type { PassStore } from '../store/passes.ts';
import type { TerminalGate } from './project.ts';
import type { TerminalStore } from './store.ts';

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
  /** Whether an entry is on record already. */
  readonly told: (id: string) => boolean;
  /** Tells the running gate whom to expect; false where it does not run. */
  readonly note: (gateId: string, grant: TerminalGrant) => boolean;
}) {
  const { store, journal, passes, vault, campusClock } = deps;

  const holder = (
    { deviceId, edge }: TerminalGate,
    event: AccessEvent,
  ): { readonly pass?: Pass; readonly credential?: Uint8Array } => {
    const { personId, at } = event;
    const credential = shownToTerminal(event, vault.match);
    const put = personId === undefined ? [] : store.claims(deviceId, personId);
    const named = put.find(({ validFrom, validTo }) => validFrom <= at && at < validTo) ?? put[0];
    const pass =
      (named && passes.pass(named.passId)) ?? passThere(credential ? passes.passesOf(credential) : [], edge, at);
    return { ...(pass && { pass }), ...(credential && { credential }) };
  };

  /** Call it inside a transaction. */
  return (terminal: TerminalGate, event: AccessEvent): void => {
    const { at, replayed, granted } = event;
    if (!store.see(event.terminal, event.key, at)) return;
    // The hub is deciding on it at this moment, as on any card.
    if (event.leftToHub && !replayed) return;
    const entry = terminalEntry(event);
    // The agent that decides at this gate heard it as it happened.
    if (deps.told(entry.id)) return;
    const grant: TerminalGrant = { ...entry, source: terminal.deviceId, ...holder(terminal, event) };
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
