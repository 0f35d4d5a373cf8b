import type { AccessController, AccessEvent } from '@hallhub/device-drivers/capabilities';
import type { Cancel, EpochMs } from '@hallhub/sync/base';
import type { CampusClock } from '../../calendar/index.ts';
import type { Pass } from '../pass.ts';
import type { PassStore } from '../store/passes.ts';
import type { EdgeGate, TerminalGrant } from './gate.ts';
import type { GateJournal } from './journal.ts';
import type { Match } from './presentation.ts';

/** An entry's method where a terminal says how it knew somebody; a card is a UID like any other. */
const METHODS: Readonly<Partial<Record<AccessEvent['method'], string>>> = { card: 'uid' };

/** What an event of a terminal is called on record, wherever it is written down: by the terminal and its own name for it. */
export const terminalEntry = ({
  terminal,
  key,
  method,
  at,
}: AccessEvent): Pick<TerminalGrant, 'id' | 'at'> & { readonly method: string } => ({
  id: `terminal:${terminal}:${key}`,
  at,
  method: METHODS[method] ?? method,
});

/** What a terminal knew somebody by; undefined where it does not say. */
export const shownToTerminal = ({ card, personId }: AccessEvent, match: Match): Uint8Array | undefined =>
  card !== undefined ? match('uid', card) : personId === undefined ? undefined : match('face', personId);

/** Of the approvals somebody has, the one by which they may have come in here then. */
export function passThere(passes: readonly Pass[], gate: Pick<EdgeGate, 'id' | 'area'>, at: EpochMs): Pass | undefined {
  const here = passes.filter(
    ({ effect, places }) =>
      effect === 'admit' && (places.length === 0 || places.includes(gate.id) || places.includes(gate.area)),
  );
  return here.find(({ validFrom, validUntil }) => validFrom <= at && at < validUntil) ?? here[0];
}

/**
 * A terminal at a gate that an agent decides at lets people through by itself: it goes on record here as it happens, so that
 * whoever walks is expected, and the hub is told with everything else. What the terminal remembers from before the hub reads
 * out of its memory.
 */
export function hearTerminal(deps: {
  readonly terminal: Pick<AccessController, 'onAccess'>;
  readonly gate: EdgeGate;
  readonly passes: Pick<PassStore, 'passesOf'>;
  readonly match: Match;
  readonly campusClock: CampusClock;
  readonly journal: Pick<GateJournal, 'add'>;
  readonly note: (grant: TerminalGrant) => void;
  readonly onFault: (error: unknown) => void;
}): Cancel {
  const { gate } = deps;
  const hear = (event: AccessEvent): void => {
    const credential = shownToTerminal(event, deps.match);
    const pass = credential && passThere(deps.passes.passesOf(credential), gate, event.at);
    const grant: TerminalGrant = { ...terminalEntry(event), ...(pass && { pass }), ...(credential && { credential }) };
    if (event.granted) deps.note(grant);
    else
      deps.journal.add({
        ...grant,
        ...{ gate, local: deps.campusClock(event.at) },
        ...{ state: 'refused', code: 'E-GATE-0139' },
      });
  };
  return deps.terminal.onAccess((event) => {
    // Left to the hub: the card is shown to this gate's reader as well, and judged like any other.
    if (event.replayed || event.leftToHub) return;
    try {
      hear(event);
    } catch (error) {
      deps.onFault(error);
    }
  });
}
