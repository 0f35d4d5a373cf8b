import type { CloudEvent, EventData, EventType } from '@hallhub/sync/contract';
import type { EpochMs, Failure, Result } from '@hallhub/sync/base';
import { epochMs, parseInstant } from '@hallhub/sync/base';
import type { GateAlarmKind } from './edge/journal.ts';
import type { Stranger } from './edge/presentation.ts';
import { isSignedPass, signedAccount } from './edge/signed-pass.ts';
import { areaReleased, entryAdded, entrySettled, gateAlarmed, gateEventTypes } from './edge/wire.ts';
import { ownerOf } from './pass-id.ts';
import type { EntryRow } from './store/entries.ts';
import type { GateStore } from './store/index.ts';

/** What becomes of what agents tell: the hub's journal, by the same calls that its own gates make. */
export interface AgentEvents {
  added(row: EntryRow): void;
  settled(row: EntryRow, at: EpochMs): void;
  alarm(alarm: { id: string; gateId: string; alarm: GateAlarmKind; at: EpochMs; clear: boolean }): void;
  /** A fire contact beside an agent released an area. */
  released(area: string, by: string): void;
  seal(plain: Uint8Array, context: string): Uint8Array;
  open(sealed: Uint8Array, context: string): Result<Uint8Array>;
}

/** Under which name a number is sealed that a guard typed for an agent. */
export const TYPED = 'gate-typed';

const instantOf = (text: string): EpochMs => parseInstant(text) ?? epochMs(0);

/** Takes in what agents tell of their gates, once, whatever is told again; the ends of entries wait for their beginnings. */
export function createAgentIntake(deps: {
  readonly store: Pick<GateStore, 'entries' | 'passes'>;
  readonly events: AgentEvents;
  /** Which agent decides at a gate. */
  readonly agentOf: (gateId: string) => string | undefined;
}) {
  const { store, events } = deps;
  const read = <E extends EventType>(type: E, event: CloudEvent): EventData<E> | undefined => {
    const parsed = type.schema.safeParse(event.data);
    return parsed.success ? (parsed.data as EventData<E>) : undefined;
  };
  const refusal = (agent: string, event: CloudEvent): Failure | undefined => {
    const type = gateEventTypes.find((candidate) => candidate.type === event.type);
    if (!type || read(type, event) === undefined) return { code: 'E-AGENT-0102', detail: event.type };
    return deps.agentOf(event.subject) === agent ? undefined : { code: 'E-AGENT-0101', detail: event.subject };
  };
  const apply = (agent: string, event: CloudEvent): Failure | undefined => {
    const refused = refusal(agent, event);
    if (refused) return refused;
    const gateId = event.subject;
    const added = event.type === entryAdded.type ? read(entryAdded, event) : undefined;
    if (added) takeAdded(agent, gateId, added);
    const settled = event.type === entrySettled.type ? read(entrySettled, event) : undefined;
    // Its beginning waits to be told again: the end waits for it.
    if (settled && !store.entries.entry(settled.id)) return { code: 'E-GATE-0202', detail: settled.id };
    if (settled) takeSettled(settled);
    const alarmed = event.type === gateAlarmed.type ? read(gateAlarmed, event) : undefined;
    if (alarmed) {
      const { id, alarm, at, clear } = alarmed;
      events.alarm({ id, gateId, alarm: alarm as GateAlarmKind, at: instantOf(at), clear });
    }
    const released = event.type === areaReleased.type ? read(areaReleased, event) : undefined;
    if (released) events.released(released.area, `agent:${agent}`);
    return undefined;
  };
  const plainStranger = (stranger: Stranger): Uint8Array | undefined => {
    if (!('sealed' in stranger)) return Buffer.from(JSON.stringify(stranger));
    const opened = events.open(Buffer.from(stranger.sealed, 'base64'), TYPED);
    return opened.ok ? opened.value : undefined;
  };
  const takeAdded = (agent: string, gateId: string, told: EventData<typeof entryAdded>): void => {
    const { at, id, area, way, day, state, companion, passId, stranger, ...rest } = told;
    const pass = passId === undefined ? undefined : store.passes.pass(passId);
    const shown = stranger && plainStranger(stranger);
    const isNew = store.entries.add({
      ...rest,
      id,
      gateId,
      area,
      way,
      day,
      at: instantOf(at),
      state,
      companion,
      source: agent,
      ...(rest.codeStep !== undefined && passId !== undefined && { codeOwner: rest.codeOwner ?? passId }),
      ...(passId !== undefined && { passId, ...ownerOf(passId) }),
      ...(passId !== undefined &&
        isSignedPass(passId) && { subject: signedAccount(passId), account: signedAccount(passId) }),
      ...(pass && {
        kind: pass.kind,
        subject: pass.identities[0],
        ...(pass.uses && { account: pass.account }),
        ...(pass.slot && { slot: pass.slot.id }),
      }),
      ...(shown && { display: events.seal(shown, `gate-entry/${id}`) }),
    });
    const row = isNew ? store.entries.entry(id) : undefined;
    if (row) events.added(row);
  };
  const takeSettled = ({ id, at, state, code, confirmation }: EventData<typeof entrySettled>): void => {
    const when = instantOf(at);
    const moved = store.entries.settle(id, state, when, {
      ...(code !== undefined && { code }),
      ...(confirmation && { confirmation }),
    });
    const row = moved ? store.entries.entry(id) : undefined;
    if (row) events.settled(row, when);
  };
  return { types: gateEventTypes.map(({ type }) => type), refusal, apply };
}
