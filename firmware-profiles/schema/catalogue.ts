import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { type Result, err, failure, ok, unwrap } from '@hallhub/sync/base';
import { type Profile, type ProfileCatalogue, type Vector, profileSchema, vectorsSchema } from './profile.ts';

const BUILT_IN = join(import.meta.dirname, '..', 'profiles');
const PROFILE_SUFFIX = '.json';
const VECTORS_SUFFIX = '.vectors.json';

/**
 * Loads every profile below `folder` (`<family>/<name>.json`).
 * Errors: `E-PROFILE-0101` unreadable, `E-PROFILE-0102` against the schema, `E-PROFILE-0103` without vectors.
 */
export function loadProfiles(folder: string): Result<ProfileCatalogue> {
  const files = listFiles(folder);
  if (!files.ok) return err(files.error);
  const profiles = new Map<string, Profile>();
  for (const file of files.value) {
    if (!file.endsWith(PROFILE_SUFFIX) || file.endsWith(VECTORS_SUFFIX)) continue;
    const id = file.slice(0, -PROFILE_SUFFIX.length);
    const profile = readChecked(join(folder, file), profileSchema);
    if (!profile.ok) return profile;
    if (!files.value.includes(`${id}${VECTORS_SUFFIX}`)) return failure('E-PROFILE-0103', id);
    profiles.set(id, { ...profile.value, id });
  }
  return ok({ get: (id) => profiles.get(id), list: () => [...profiles.values()] });
}

/** The profiles that come with the product. */
export function builtInProfiles(): ProfileCatalogue {
  return unwrap(loadProfiles(BUILT_IN));
}

/** The golden bytes beside a profile. Errors: those of {@link loadProfiles}. */
export function loadVectors(id: string, folder: string = BUILT_IN): Result<readonly Vector[]> {
  const file = readChecked(join(folder, `${id}${VECTORS_SUFFIX}`), vectorsSchema);
  return file.ok ? ok(file.value.vectors) : file;
}

/** Paths below `folder`, with `/` between their parts on every system, in a fixed order. */
function listFiles(folder: string): Result<readonly string[]> {
  try {
    const families = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const files = families.flatMap(({ name }) => readdirSync(join(folder, name)).map((file) => `${name}/${file}`));
    return ok(files.sort());
  } catch (error) {
    return failure('E-PROFILE-0101', `${folder}: ${text(error)}`);
  }
}

function readChecked<T>(path: string, schema: z.ZodType<T>): Result<T> {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return failure('E-PROFILE-0101', `${path}: ${text(error)}`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return ok(parsed.data);
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  return failure('E-PROFILE-0102', `${path}: ${issues.join('; ')}`);
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
