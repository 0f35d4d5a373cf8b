import { createHash } from 'node:crypto';
import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure, ok } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';
import { transact } from '@hallhub/sync/sqlite';
import type { Audit } from '../audit/index.ts';
import { MOST_IMAGE_BYTES } from './limits.ts';
import type { Span } from './range.ts';

export interface ImageView {
  readonly sha256: string;
  /** Of the file; also the last part of the address from which devices fetch it. */
  readonly name: string;
  readonly version: string;
  /** Ids of the profiles whose devices may take it. */
  readonly profiles: readonly string[];
  /** How the model that a device reports must begin; empty: any. */
  readonly models: readonly string[];
  /** Bytes. */
  readonly size: number;
  readonly received: number;
  readonly addedAt: EpochMs;
  readonly addedBy: string;
}

export type NewImage = Pick<ImageView, 'sha256' | 'name' | 'version' | 'profiles' | 'models' | 'size'>;

export interface Images {
  list(): readonly ImageView[];
  /** Error: `E-FW-0103`. */
  get(sha256: string): Result<ImageView>;
  /**
   * The same image again goes on where its upload stopped. Errors: `E-FW-0101`, `E-FW-0102`, `E-FW-0107`, and `E-FW-0108`
   * where the bytes are known as something else (with what differs).
   */
  begin(image: NewImage, by: string): Result<ImageView>;
  /**
   * The next bytes. The last ones complete it: then it must have its SHA-256, or all of it is dropped. Errors: `E-FW-0103`,
   * `E-FW-0105` (with the offset that is expected), `E-FW-0101`, `E-FW-0102`.
   */
  append(sha256: string, start: number, bytes: Uint8Array, by: string): Result<ImageView>;
  /** Errors: `E-FW-0103`, `E-FW-0104`. */
  remove(sha256: string, by: string): Result<void>;
  /** @throws where it is not there, or not complete. */
  bytes(sha256: string): Uint8Array;
  /** Its bytes from `from` to `to` (not included), a part at a time; all of them by default. @throws where it is deleted meanwhile. */
  parts(sha256: string, span?: Span): Iterable<Uint8Array>;
  /** Forgets uploads that were begun before and never completed. */
  purge(before: EpochMs): number;
}

const MOST_BYTES_IN_ALL = 512 * 1024 * 1024;

interface ImageRow extends Omit<ImageView, 'profiles' | 'models'> {
  readonly profiles: string;
  readonly models: string;
}
const viewOf = (row: ImageRow): ImageView => ({
  ...row,
  profiles: JSON.parse(row.profiles) as string[],
  models: JSON.parse(row.models) as string[],
});

type Words = Pick<NewImage, 'version' | 'profiles' | 'models'>;

/** Which of the words about an image are others; a file may have another name. */
function differences(a: Words, b: Words): readonly string[] {
  const same = (one: readonly string[], other: readonly string[]): boolean =>
    JSON.stringify([...one].sort()) === JSON.stringify([...other].sort());
  return [
    ...(a.version === b.version ? [] : ['version']),
    ...(same(a.profiles, b.profiles) ? [] : ['profiles']),
    ...(same(a.models, b.models) ? [] : ['models']),
  ];
}

export function createImages(deps: {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Pick<Audit, 'record'>;
  /** Whether a roll-out under way needs it. */
  readonly inUse: (sha256: string) => boolean;
}): Images {
  const { db, clock, audit } = deps;
  const columns =
    'sha256, name, version, profiles, models, size, received, added_at AS addedAt, added_by AS addedBy FROM firmware_image';
  const all = db.prepare<[], ImageRow>(`SELECT ${columns} ORDER BY added_at DESC`);
  const one = db.prepare<[string], ImageRow>(`SELECT ${columns} WHERE sha256 = ?`);
  const insert = db.prepare('INSERT INTO firmware_image VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)');
  const total = db.prepare<[], number>('SELECT coalesce(sum(size), 0) FROM firmware_image').pluck();
  const addChunk = db.prepare('INSERT INTO firmware_chunk VALUES (?, ?, ?)');
  const received = db.prepare('UPDATE firmware_image SET received = ? WHERE sha256 = ?');
  const chunks = db.prepare<[string], { start: number }>(
    'SELECT start FROM firmware_chunk WHERE sha256 = ? ORDER BY start',
  );
  const chunk = db
    .prepare<[string, number], Uint8Array>('SELECT bytes FROM firmware_chunk WHERE sha256 = ? AND start = ?')
    .pluck();
  const drop = db.prepare('DELETE FROM firmware_image WHERE sha256 = ?');
  const dropUploads = db.prepare('DELETE FROM firmware_image WHERE received < size AND added_at < ?');

  /** A part at a time, so that a download that stalls holds no more than that. */
  function* parts(
    sha256: string,
    { from, to }: Span = { from: 0, to: Number.POSITIVE_INFINITY },
  ): Generator<Uint8Array> {
    const starts = chunks.all(sha256).map(({ start }) => start);
    for (const [index, start] of starts.entries()) {
      const next = starts[index + 1] ?? Number.POSITIVE_INFINITY;
      if (next <= from || start >= to) continue;
      const bytes = chunk.get(sha256, start);
      // It was deleted in the middle of a download: the device sees a broken line, not a shorter program.
      if (!bytes) throw new Error(`image ${sha256} is gone`);
      yield bytes.subarray(Math.max(0, from - start), Math.min(bytes.length, to - start));
    }
  }
  const digestOf = (sha256: string): string => {
    const hash = createHash('sha256');
    for (const part of parts(sha256)) hash.update(part);
    return hash.digest('hex');
  };
  const get = (sha256: string): Result<ImageView> => {
    const row = one.get(sha256);
    return row ? ok(viewOf(row)) : failure('E-FW-0103', sha256);
  };

  return {
    list: () => all.all().map(viewOf),
    get,
    begin: ({ sha256, name, version, profiles, models, size }, by) => {
      const known = one.get(sha256);
      if (known) {
        if (known.size !== size) return failure('E-FW-0102', sha256);
        const other = differences(viewOf(known), { version, profiles, models });
        return other.length === 0 ? ok(viewOf(known)) : failure('E-FW-0108', other.join(', '));
      }
      if (size < 1 || size > MOST_IMAGE_BYTES) return failure('E-FW-0101', `${MOST_IMAGE_BYTES} bytes at most`);
      if ((total.get() ?? 0) + size > MOST_BYTES_IN_ALL) return failure('E-FW-0107');
      insert.run(sha256, name, version, JSON.stringify(profiles), JSON.stringify(models), size, clock.now(), by);
      return get(sha256);
    },
    append: (sha256, start, bytes, by) =>
      transact(db, (): Result<ImageView> => {
        const image = one.get(sha256);
        if (!image) return failure('E-FW-0103', sha256);
        if (start !== image.received || bytes.length === 0) return failure('E-FW-0105', String(image.received));
        const now = start + bytes.length;
        if (now > image.size) return failure('E-FW-0101', `${image.size} bytes were announced`);
        addChunk.run(sha256, start, bytes);
        received.run(now, sha256);
        if (now < image.size) return get(sha256);
        if (digestOf(sha256) !== sha256) {
          drop.run(sha256);
          return failure('E-FW-0102', sha256);
        }
        audit.record({
          actor: by,
          action: 'firmware.add-image',
          subject: `firmware:${sha256}`,
          detail: { version: image.version, size: image.size },
        });
        return get(sha256);
      }),
    remove: (sha256, by) => {
      if (!one.get(sha256)) return failure('E-FW-0103', sha256);
      if (deps.inUse(sha256)) return failure('E-FW-0104', sha256);
      transact(db, () => {
        drop.run(sha256);
        audit.record({ actor: by, action: 'firmware.delete-image', subject: `firmware:${sha256}` });
      });
      return ok();
    },
    bytes: (sha256) => new Uint8Array(Buffer.concat([...parts(sha256)])),
    parts,
    purge: (before) => dropUploads.run(before).changes,
  };
}
