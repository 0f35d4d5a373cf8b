import type { EpochMs } from '@hallhub/sync/base';
import type { GateAlarmKind } from './edge/journal.ts';
import { isTwice } from './store/codes.ts';
import { isSignedPass, signedAccount } from './edge/signed-pass.ts';
import type { EntryRow } from './store/entries.ts';
import type { GateStore } from './store/index.ts';

type Raise = (alarm: {
  readonly id: string;
  readonly gateId: string;
  readonly alarm: GateAlarmKind;
  readonly at: EpochMs;
  readonly clear: boolean;
}) => void;

/**
 * What gates that could not hear each other have let through twice. Nobody can take it back, and somebody must know: compared
 * whenever an entry arrives, from whichever agent and however late.
 */
export function createDoubles({ store, raise }: { readonly store: GateStore; readonly raise: Raise }) {
  return {
    /** A code that was taken at two gates: a dynamic one at any, one that lasts at two ways into the same area at once. */
    added: (row: EntryRow): void => {
      const { codeOwner, codeStep, method, gateId } = row;
      if (codeOwner === null || codeStep === null || method === null || row.state === 'refused' || row.companion === 1)
        return;
      const others = store.entries
        .sameCode(codeOwner, codeStep, method, gateId)
        .filter((other) => isTwice(method, row, other));
      if (others.length > 0)
        raise({ id: `${row.id}/code-twice`, gateId, alarm: 'code-twice', at: row.at, clear: false });
    },
    /** Uses beyond what a pass has, and a code that was worth one way in. */
    walked: (row: EntryRow, at: EpochMs): void => {
      const { passId, gateId } = row;
      if (passId === null || row.way !== 'in' || row.companion === 1 || row.byHand !== null) return;
      const pass = store.passes.pass(passId);
      const most = isSignedPass(passId) ? { max: 1, per: 'request' } : pass?.uses;
      if (!most) return;
      const used = store.entries.used(pass?.account ?? signedAccount(passId), row.day ?? '');
      if ((most.per === 'day' ? used.today : used.ever) > most.max)
        raise({ id: `${row.id}/overused`, gateId, alarm: 'overused', at, clear: false });
    },
  };
}
