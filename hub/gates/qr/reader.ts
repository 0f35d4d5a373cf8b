import type { EpochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Vault } from '../../vault/index.ts';
import type { RefusalCode } from '../codes.ts';
import type { CodeReader, Match } from '../edge/presentation.ts';
import { secretContext } from '../enrol-passes.ts';
import { SHOWN_STEP_MS } from '../store/codes.ts';
import type { PassStore } from '../store/passes.ts';
import { CAMPUS_PREFIX, doubtCampusCode, readCampusCode } from './campus-code.ts';
import type { LegacyCodes } from './legacy-code.ts';
import { doubtLegacyCode, readLegacyCode } from './legacy-code.ts';
import { VISITOR_PREFIX, createVisitorCodeVerifier } from './visitor-code.ts';

/** No code of ours is longer; what is, is not looked at. */
const LONGEST = 256;
/** A scanner tells of a code that is still held to it more than once. */
const SAME_PRESENTATION_MS = 3_000;
/** Longer than any dynamic code counts, with the clocks of phones off. */
const REMEMBERED_MS = 1_800_000;

/**
 * Reads codes for all gates of a process. A dynamic code is taken once, at whichever gate, and a restart forgets none; a
 * visitor's code is as often good as its pass says.
 */
export function createCodeReader(deps: {
  readonly db: Db;
  readonly vault: Pick<Vault, 'open'> & { readonly match: Match };
  readonly passes: Pick<PassStore, 'secretOf'>;
  /** Whose visitor codes are believed: Ed25519, raw, base64. */
  readonly visitorKeys: readonly string[];
  /** Absent: codes of older systems are none here. */
  readonly legacy?: LegacyCodes;
}): CodeReader {
  const { db, vault, passes } = deps;
  const visitorCode = createVisitorCodeVerifier(deps.visitorKeys);
  const take = db.prepare(
    'INSERT INTO gate_code_seen (credential, step, gate_id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const taken = db.prepare<[Uint8Array, number], { gateId: string; at: EpochMs }>(
    'SELECT gate_id AS gateId, at FROM gate_code_seen WHERE credential = ? AND step = ?',
  );
  const forget = db.prepare('DELETE FROM gate_code_seen WHERE at < ?');

  /** A dynamic code is taken once; undefined while it is still held to the same scanner. */
  const once = (
    code: { readonly method: string; readonly credential: Uint8Array; readonly codeStep: number },
    gateId: string,
    now: EpochMs,
  ): ReturnType<CodeReader> => {
    forget.run(now - REMEMBERED_MS);
    if (take.run(code.credential, code.codeStep, gateId, now).changes > 0) return code;
    const before = taken.get(code.credential, code.codeStep);
    const still = before?.gateId === gateId && now - before.at < SAME_PRESENTATION_MS;
    return still ? undefined : { method: code.method, code: 'E-GATE-0135' };
  };

  const campus = (text: string, gateId: string, now: EpochMs): ReturnType<CodeReader> => {
    const method = 'campus-code';
    const refused = (code: RefusalCode) => ({ method, code });
    const code = readCampusCode(text);
    if (!code) return refused('E-GATE-0131');
    const credential = vault.match(method, code.keyId);
    const sealed = passes.secretOf(credential);
    if (!sealed) return refused('E-GATE-0133');
    const key = vault.open(sealed, secretContext(credential));
    if (!key.ok) return refused('E-GATE-0133');
    const doubt = doubtCampusCode(code, key.value, now);
    if (doubt !== undefined) return refused(doubt);
    return once({ method, credential, codeStep: code.step }, gateId, now);
  };
  const old = (text: string, codes: LegacyCodes, gateId: string, now: EpochMs): ReturnType<CodeReader> => {
    const method = 'legacy-code';
    const code = readLegacyCode(text);
    if (!code) return { method: 'code', code: 'E-GATE-0131' };
    const doubt = doubtLegacyCode(code, codes, now);
    if (doubt !== undefined) return { method, code: doubt };
    return once({ method, credential: vault.match(method, code.key), codeStep: code.epoch }, gateId, now);
  };

  return (text, gateId, now) => {
    if (text.length > LONGEST) return { method: 'code', code: 'E-GATE-0131' };
    if (text.startsWith(CAMPUS_PREFIX)) return campus(text, gateId, now);
    if (!text.startsWith(VISITOR_PREFIX))
      return deps.legacy ? old(text, deps.legacy, gateId, now) : { method: 'code', code: 'E-GATE-0131' };
    const method = 'visitor-code';
    const code = visitorCode(text, now);
    if (typeof code === 'string') return { method, code };
    const codeStep = Math.floor(now / SHOWN_STEP_MS);
    return { method, credential: vault.match(method, code.subject), codeStep, signed: code };
  };
}
