import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { type Result, err, failure, ok, unwrap } from '@hallhub/sync/base';
import {
  type Profile,
  type ProfileCatalogue,
  type Vector,
  profileFileSchema,
  profileSchema,
  vectorsSchema,
} from './profile.ts';

const BUILT_IN = join(import.meta.dirname, '..', 'profiles');
const TEMPLATES = 'templates';
const PROFILE_SUFFIX = '.json';
const VECTORS_SUFFIX = '.vectors.json';

type ProfileParts = z.infer<typeof profileFileSchema>;

/** Files by their path below the tree's root, e.g. `generic/modbus-relay.json`: a folder on the disk, or a bundle's content. */
export type ProfileFiles = ReadonlyMap<string, string>;

/**
 * Loads every profile below `folder` (`<family>/<name>.json`; what lies in `templates/` is only extended).
 * Errors: `E-PROFILE-0101` unreadable, `E-PROFILE-0102` against the schema, `E-PROFILE-0103` without vectors,
 * `E-PROFILE-0104` extends what is not there or itself.
 */
export function loadProfiles(folder: string): Result<ProfileCatalogue> {
  const files = readTree(folder);
  return files.ok ? catalogueOf(files.value) : err(files.error);
}

/** The profiles in a set of files. Errors: those of {@link loadProfiles}. */
export function catalogueOf(files: ProfileFiles): Result<ProfileCatalogue> {
  const profiles = new Map<string, Profile>();
  for (const file of files.keys()) {
    if (file.startsWith(`${TEMPLATES}/`) || !file.endsWith(PROFILE_SUFFIX) || file.endsWith(VECTORS_SUFFIX)) continue;
    const id = file.slice(0, -PROFILE_SUFFIX.length);
    const parts = extended(files, file, []);
    if (!parts.ok) return err(parts.error);
    const profile = checked(file, parts.value, profileSchema);
    if (!profile.ok) return profile;
    if (!files.has(`${id}${VECTORS_SUFFIX}`)) return failure('E-PROFILE-0103', id);
    profiles.set(id, { ...profile.value, id });
  }
  return ok({ get: (id) => profiles.get(id), list: () => [...profiles.values()] });
}

/** The profiles that come with the product. */
export function builtInProfiles(): ProfileCatalogue {
  return unwrap(loadProfiles(BUILT_IN));
}

/** The files of the profiles that come with the product. */
export function builtInFiles(): ProfileFiles {
  return unwrap(readTree(BUILT_IN));
}

/** The golden bytes beside a profile. Errors: those of {@link loadProfiles}. */
export function loadVectors(id: string, folder: string = BUILT_IN): Result<readonly Vector[]> {
  const path = join(folder, `${id}${VECTORS_SUFFIX}`);
  try {
    return vectorsIn(path, readFileSync(path, 'utf8'));
  } catch (error) {
    return failure('E-PROFILE-0101', `${path}: ${text(error)}`);
  }
}

/** The vectors of a profile in a set of files. Errors: those of {@link loadProfiles}. */
export function vectorsOf(files: ProfileFiles, id: string): Result<readonly Vector[]> {
  const name = `${id}${VECTORS_SUFFIX}`;
  const content = files.get(name);
  return content === undefined ? failure('E-PROFILE-0103', id) : vectorsIn(name, content);
}

function vectorsIn(name: string, content: string): Result<readonly Vector[]> {
  const json = parsed(name, content);
  if (!json.ok) return json;
  const file = checked(name, json.value, vectorsSchema);
  return file.ok ? ok(file.value.vectors) : file;
}

/** A file with what it extends below it. Lists are replaced, `params` are merged. */
function extended(files: ProfileFiles, file: string, above: readonly string[]): Result<ProfileParts> {
  const content = files.get(file);
  if (content === undefined)
    return failure('E-PROFILE-0104', `${above.at(-1) ?? ''} extends ${file}, which is not there`);
  if (above.includes(file)) return failure('E-PROFILE-0104', [...above, file].join(' extends '));
  const json = parsed(file, content);
  if (!json.ok) return json;
  const own = checked(file, json.value, profileFileSchema);
  if (!own.ok) return own;
  const { extends: template, ...all } = own.value;
  // The schema's defaults are for the whole; here only what the file says itself counts.
  const said = Object.keys(json.value as object);
  const parts: ProfileParts = Object.fromEntries(Object.entries(all).filter(([key]) => said.includes(key)));
  if (template === undefined) return ok(parts);
  const below = extended(files, `${TEMPLATES}/${template}${PROFILE_SUFFIX}`, [...above, file]);
  if (!below.ok) return below;
  return ok({ ...below.value, ...parts, params: { ...below.value.params, ...parts.params } });
}

/** The tree's files by path, with `/` between the parts on every system, in a fixed order. */
function readTree(folder: string): Result<ProfileFiles> {
  try {
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith(PROFILE_SUFFIX) && statSync(join(folder, path)).isFile())
      .map((path) => path.replaceAll('\\', '/'))
      .sort();
    return ok(new Map(paths.map((path) => [path, readFileSync(join(folder, path), 'utf8')])));
  } catch (error) {
    return failure('E-PROFILE-0101', `${folder}: ${text(error)}`);
  }
}

function parsed(name: string, content: string): Result<unknown> {
  try {
    return ok(JSON.parse(content));
  } catch (error) {
    return failure('E-PROFILE-0101', `${name}: ${text(error)}`);
  }
}

function checked<T>(name: string, json: unknown, schema: z.ZodType<T>): Result<T> {
  const result = schema.safeParse(json);
  if (result.success) return ok(result.data);
  const issues = result.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  return failure('E-PROFILE-0102', `${name}: ${issues.join('; ')}`);
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
