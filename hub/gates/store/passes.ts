import type { EpochMs } from '@hallhub/sync/base';
import { epochMs } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import type { Pass, Terms } from '../pass.ts';
import { plainTerms } from '../pass.ts';

/** A credential as it lies in the store: a keyed hash, and for dynamic codes the sealed key. */
export interface StoredCredential {
  readonly credential: Uint8Array;
  readonly type: string;
  readonly secret?: Uint8Array;
}

export interface PassInsert extends Omit<Pass, 'revoked'> {
  readonly credentials: readonly StoredCredential[];
}

interface PassRow {
  readonly id: string;
  readonly requestId: string;
  readonly person: number;
  readonly kind: string;
  readonly effect: 'admit' | 'deny';
  readonly identities: string;
  readonly account: string;
  readonly validFrom: number;
  readonly validUntil: number;
  readonly revoked: number;
  readonly terms: string;
}

const COLUMNS = `p.id, p.request_id AS requestId, p.person, p.kind, p.effect, p.identities, p.account, p.valid_from AS validFrom,
  p.valid_until AS validUntil, p.revoked, p.terms`;

export type PassStore = ReturnType<typeof createPassStore>;

/** The SQL of passes and the credentials that open them. */
export function createPassStore(db: Db) {
  const byCredential = db.prepare<[Uint8Array], PassRow>(
    `SELECT ${COLUMNS} FROM gate_credential c JOIN gate_pass p ON p.id = c.pass_id WHERE c.credential = ?`,
  );
  const byRequest = db.prepare<[string], PassRow>(`SELECT ${COLUMNS} FROM gate_pass p WHERE p.request_id = ?`);
  const byId = db.prepare<[string], PassRow>(`SELECT ${COLUMNS} FROM gate_pass p WHERE p.id = ?`);
  const secret = db
    .prepare<[Uint8Array], Uint8Array>(
      'SELECT secret FROM gate_credential WHERE credential = ? AND secret IS NOT NULL LIMIT 1',
    )
    .pluck();
  const insertPass = db.prepare(
    `INSERT INTO gate_pass (id, request_id, person, kind, effect, identities, account, valid_from, valid_until, terms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertCredential = db.prepare(
    'INSERT OR REPLACE INTO gate_credential (credential, pass_id, type, secret) VALUES (?, ?, ?, ?)',
  );
  const deleteCredentials = db.prepare(
    'DELETE FROM gate_credential WHERE pass_id IN (SELECT id FROM gate_pass WHERE request_id = ?)',
  );
  const deletePasses = db.prepare('DELETE FROM gate_pass WHERE request_id = ?');
  const deleteCredentialsOf = db.prepare('DELETE FROM gate_credential WHERE pass_id = ?');
  const deletePass = db.prepare('DELETE FROM gate_pass WHERE id = ?');
  const revokeOne = db.prepare('UPDATE gate_pass SET revoked = 1 WHERE id = ?');
  const revoke = db.prepare('UPDATE gate_pass SET revoked = 1 WHERE request_id = ?');
  const purgeCredentials = db.prepare(
    'DELETE FROM gate_credential WHERE pass_id IN (SELECT id FROM gate_pass WHERE valid_until < ?)',
  );
  const purge = db.prepare('DELETE FROM gate_pass WHERE valid_until < ?');
  const count = db.prepare<[], number>(`SELECT count(*) FROM gate_pass WHERE revoked = 0 AND effect = 'admit'`).pluck();

  const insert = (requestId: string, pass: PassInsert): void => {
    insertPass.run(
      pass.id,
      requestId,
      pass.person,
      pass.kind,
      pass.effect,
      pass.identities.join(' '),
      pass.account,
      pass.validFrom,
      pass.validUntil,
      JSON.stringify(termsOf(pass)),
    );
    for (const { credential, type, secret: sealed } of pass.credentials)
      insertCredential.run(credential, pass.id, type, sealed ?? null);
  };

  return {
    /**
     * Every pass that this credential may call on: those that name it, and those of the people or plates behind them (a
     * leave, a deny list), which name an identity instead.
     */
    passesOf: (credential: Uint8Array): readonly Pass[] => {
      const found = new Map<string, Pass>();
      const add = (key: Uint8Array): readonly Pass[] => {
        const fresh = byCredential
          .all(key)
          .filter(({ id }) => !found.has(id))
          .map(toPass);
        for (const pass of fresh) found.set(pass.id, pass);
        return fresh;
      };
      const shown = Buffer.from(credential).toString('hex');
      const identities = new Set(add(credential).flatMap((pass) => pass.identities));
      identities.delete(shown);
      for (const identity of identities) add(Buffer.from(identity, 'hex'));
      return [...found.values()];
    },
    pass: (id: string): Pass | undefined => {
      const row = byId.get(id);
      return row && toPass(row);
    },
    passesOfRequest: (requestId: string): readonly Pass[] => byRequest.all(requestId).map(toPass),
    /** The sealed key of a dynamic code. */
    secretOf: (credential: Uint8Array): Uint8Array | undefined => secret.get(credential),
    /** Puts the passes of a request in place of whatever it had before. */
    replace: (requestId: string, passes: readonly PassInsert[]): void => {
      deleteCredentials.run(requestId);
      deletePasses.run(requestId);
      for (const pass of passes) insert(requestId, pass);
    },
    /** One pass in place of itself, as a feed brings it. */
    put: (pass: PassInsert): void => {
      deleteCredentialsOf.run(pass.id);
      deletePass.run(pass.id);
      insert(pass.requestId, pass);
    },
    revokePass: (id: string): void => {
      revokeOne.run(id);
    },
    revoke: (requestId: string): void => {
      revoke.run(requestId);
    },
    /** Passes that ended before `before` have nothing more to say, not even why somebody is refused. */
    purge: (before: EpochMs): number => {
      purgeCredentials.run(before);
      return purge.run(before).changes;
    },
    count: (): number => count.get() ?? 0,
  };
}

/** Only what is not plain, so that a row of 200,000 stays short. */
function termsOf(pass: Terms): Partial<Terms> {
  return {
    places: pass.places,
    ...(pass.direction && { direction: pass.direction }),
    ...(pass.windows.length > 0 && { windows: pass.windows }),
    ...(pass.uses && { uses: pass.uses }),
    ...(pass.slot && { slot: pass.slot }),
    ...(pass.oneInside && { oneInside: true }),
    ...(pass.companions > 0 && { companions: pass.companions }),
    ...(pass.escorted && { escorted: true }),
    ...(pass.may.length > 0 && { may: pass.may }),
    ...(pass.duress && { duress: pass.duress }),
  };
}

function toPass(row: PassRow): Pass {
  const { identities, revoked, terms, validFrom, validUntil, ...rest } = row;
  // Written by `replace` above: never empty.
  const named = identities.split(' ') as [string, ...string[]];
  return {
    ...plainTerms,
    ...(JSON.parse(terms) as Partial<Terms>),
    ...rest,
    identities: named,
    validFrom: epochMs(validFrom),
    validUntil: epochMs(validUntil),
    revoked: revoked === 1,
  };
}
