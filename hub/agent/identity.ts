import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import { z } from 'zod';
import { credentialsSchema } from '../agents/enrolment-contract.ts';
import type { DataDir } from '../store/index.ts';

const identitySchema = credentialsSchema.extend({
  /** Where the agent was enrolled: `https://hub.example.edu`. */
  hubUrl: z.string(),
  /** PEM of the authority that the enrolment code named; absent where the hub's certificate is publicly trusted. */
  hubCa: z.string().optional(),
});
/** Who this agent is, and what lets it in. */
export type Identity = z.output<typeof identitySchema>;

const FILE = 'identity.json';
/** Everything that an agent has from its hub or keeps for it. */
const ALL = [FILE, `${FILE}.new`, 'agent.db', 'agent.db-wal', 'agent.db-shm', 'store.key', 'agent.key'];

/** Error: `E-AGENT-0304`. */
export function readIdentity(dir: DataDir): Result<Identity> {
  if (!existsSync(dir.file(FILE))) return failure('E-AGENT-0304', dir.path);
  const parsed = identitySchema.safeParse(JSON.parse(readFileSync(dir.file(FILE), 'utf8')));
  return parsed.success ? ok(parsed.data) : failure('E-AGENT-0304', `${dir.file(FILE)} is damaged`);
}

/** Replaces the file as a whole: a power cut leaves the old one or the new one. */
export function writeIdentity(dir: DataDir, identity: Identity): void {
  const file = dir.file(FILE);
  writeFileSync(`${file}.new`, JSON.stringify(identity), { mode: 0o600 });
  const handle = openSync(`${file}.new`, 'r');
  fsyncSync(handle);
  closeSync(handle);
  renameSync(`${file}.new`, file);
}

/** Destroys keys and data: a withdrawn agent knows nothing any more. */
export function destroyIdentity(dir: DataDir): void {
  for (const name of ALL) rmSync(dir.file(name), { force: true });
}
