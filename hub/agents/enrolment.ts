import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, minutes, ok, plus } from '@hallhub/sync/base';
import type { Db, SchemaComponent } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import type { Vault } from '../vault/index.ts';
import { createSecret } from './code-text.ts';
import type { Credentials } from './enrolment-contract.ts';
import { createGuesses } from './guesses.ts';
import { isProven, sealTo } from './sealed-box.ts';

export const agentsSchema: SchemaComponent = {
  component: 'agents',
  migrations: [
    {
      name: 'enrolled agents and one-time codes',
      sql: `
        CREATE TABLE agent (
          id TEXT PRIMARY KEY, public_key BLOB NOT NULL, enrolled_at INTEGER NOT NULL, revoked_at INTEGER,
          match_key BLOB) STRICT, WITHOUT ROWID;
        CREATE TABLE agent_code (
          agent TEXT PRIMARY KEY, hash BLOB NOT NULL, expires_at INTEGER NOT NULL, tries INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;`,
    },
  ],
};

export interface EnrolledAgent {
  readonly id: string;
  readonly enrolledAt: EpochMs;
  readonly revokedAt: EpochMs | null;
}

/** Who is an agent of this hub. */
export interface Enrolment {
  enrolled(): readonly EnrolledAgent[];
  /** A one-time code for an agent of the configuration; an earlier one stops working. Error: `E-AGENT-0201`. */
  createCode(agent: string, by: string): Result<{ readonly secret: string; readonly expiresAt: EpochMs }>;
  /**
   * Trades a code for credentials, sealed to the agent's key. Whoever held the agent's name before is cut off.
   * Wrong codes count against the address that they come from, never against somebody's code.
   * Errors: `E-AGENT-0202` wrong code, key or proof; `E-AGENT-0204` the broker did not take the credentials (the code
   * stays good); `E-AGENT-0206` too many wrong codes lately.
   */
  redeem(request: {
    /** The address that asks. */
    readonly source: string;
    readonly code: string;
    readonly publicKey: Buffer;
    readonly proof: Buffer;
  }): Promise<Result<{ readonly agent: string; readonly sealed: Buffer }>>;
  /**
   * Withdraws an agent for good: its match key is destroyed. It may be told before {@link Enrolment.shutOut} ends its
   * credentials. Error: `E-AGENT-0203`.
   */
  revoke(agent: string, by: string): Result<void>;
  /** Ends its credentials at the broker. Error: `E-DEV-0401` they have ended already. */
  shutOut(agent: string, by: string): Result<void>;
  /** The agent's own key for keyed hashes; undefined once it is withdrawn. */
  matchKey(agent: string): Buffer | undefined;
}

const CODE_LIVES = minutes(60);
/** Whoever has a code has it right and its key proven at once; one that is seen again and again without that is given up. */
const MOST_TRIES = 20;

const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

export function createEnrolment(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly vault: Pick<Vault, 'sealer'>;
  readonly configured: readonly string[];
  /** New credentials for the bus; the old ones stop working. */
  readonly issueToken: (agent: string, by: string) => string;
  readonly revokeToken: (agent: string, by: string) => Result<void>;
  /** Puts the token where the broker looks. */
  readonly admit: (agent: string, token: string) => Promise<Result<void>>;
  /** Where and how the agent finds the broker, and whose agent it is. */
  readonly place: () => Pick<Credentials, 'hub' | 'campus' | 'mqtt' | 'profileKeys'>;
}): Enrolment {
  const { db, clock, audit, vault } = deps;
  const all = db.prepare<[], EnrolledAgent>(
    'SELECT id, enrolled_at AS enrolledAt, revoked_at AS revokedAt FROM agent ORDER BY id',
  );
  const setCode = db.prepare('INSERT OR REPLACE INTO agent_code (agent, hash, expires_at, tries) VALUES (?, ?, ?, 0)');
  const codes = db.prepare<[number], { agent: string; hash: Uint8Array }>(
    `SELECT agent, hash FROM agent_code WHERE expires_at > ? AND tries < ${MOST_TRIES}`,
  );
  const countTry = db.prepare('UPDATE agent_code SET tries = tries + 1 WHERE agent = ?');
  const guesses = createGuesses(clock);
  const dropCode = db.prepare('DELETE FROM agent_code WHERE agent = ?');
  const claim = db.prepare<[string], { expiresAt: number }>(
    'DELETE FROM agent_code WHERE agent = ? RETURNING expires_at AS expiresAt',
  );
  const setAgent = db.prepare(
    'INSERT OR REPLACE INTO agent (id, public_key, enrolled_at, revoked_at, match_key) VALUES (?, ?, ?, NULL, ?)',
  );
  const endAgent = db.prepare('UPDATE agent SET revoked_at = ?, match_key = NULL WHERE id = ? AND revoked_at IS NULL');
  const keyOf = db.prepare<[string], { matchKey: Uint8Array | null }>(
    'SELECT match_key AS matchKey FROM agent WHERE id = ?',
  );
  const context = (agent: string): string => `agent/${agent}/match-key`;

  const find = (secret: string): string | undefined => {
    const hash = hashOf(secret);
    // All are compared, so that the time tells nothing about which of them came close.
    const matching = codes.all(clock.now()).filter((code) => timingSafeEqual(code.hash, hash));
    return matching[0]?.agent;
  };

  return {
    enrolled: () => all.all(),
    createCode: (agent, by) => {
      if (!deps.configured.includes(agent)) return failure('E-AGENT-0201', agent);
      const secret = createSecret();
      const expiresAt = plus(clock.now(), CODE_LIVES);
      transact(db, () => {
        setCode.run(agent, hashOf(secret), expiresAt);
        audit.record({ actor: by, action: 'agent.create-code', subject: `agent:${agent}` });
      });
      return ok({ secret, expiresAt });
    },
    redeem: async ({ source, code, publicKey, proof }) => {
      if (!(await guesses.admit(source))) return failure('E-AGENT-0206');
      const agent = find(code);
      if (agent === undefined || !isProven(publicKey, code, proof)) {
        guesses.wrong(source);
        if (agent !== undefined) countTry.run(agent);
        return failure('E-AGENT-0202');
      }
      // Taken before anything is waited for: two requests with one code must not both find it.
      const expiresAt = claim.get(agent)?.expiresAt;
      if (expiresAt === undefined) return failure('E-AGENT-0202');
      const token = deps.issueToken(agent, `agent:${agent}`);
      const admitted = await deps.admit(agent, token);
      if (!admitted.ok) {
        setCode.run(agent, hashOf(code), expiresAt);
        return failure('E-AGENT-0204', admitted.error.detail);
      }
      const matchKey = randomBytes(32);
      transact(db, () => {
        dropCode.run(agent);
        setAgent.run(agent, publicKey, clock.now(), vault.sealer.seal(matchKey, context(agent)));
        audit.record({ actor: `agent:${agent}`, action: 'agent.enrol', subject: `agent:${agent}` });
      });
      const credentials: Credentials = { agent, token, matchKey: matchKey.toString('base64'), ...deps.place() };
      return ok({ agent, sealed: sealTo(publicKey, Buffer.from(JSON.stringify(credentials))) });
    },
    revoke: (agent, by) =>
      transact(db, () => {
        if (endAgent.run(clock.now(), agent).changes === 0) return failure('E-AGENT-0203', agent);
        dropCode.run(agent);
        audit.record({ actor: by, action: 'agent.revoke', subject: `agent:${agent}` });
        return ok();
      }),
    shutOut: (agent, by) => deps.revokeToken(agent, by),
    matchKey: (agent) => {
      const sealed = keyOf.get(agent)?.matchKey;
      return sealed ? Buffer.from(vault.sealer.open(sealed, context(agent))) : undefined;
    },
  };
}
