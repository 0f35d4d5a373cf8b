import type { z } from 'zod';
import type { EpochMs, Failure } from '../base/index.ts';
import { parseInstant } from '../base/index.ts';
import { revocationSchema } from './change.ts';
import type { Change, Revocation } from './change.ts';

/** One request kind as data: a name, the schema major that this program reads, and the schema. */
export interface Kind<K extends string = string, D = unknown> {
  readonly kind: K;
  /** Highest schema major understood; lower majors must still parse with `schema`. */
  readonly major: number;
  /** Newest version, as a hall that follows this program's schema writes it. */
  readonly schemaVersion: `${number}.${number}`;
  readonly schema: z.ZodType<D>;
}

export function defineKind<const K extends string, D>(kind: Kind<K, D>): Kind<K, D> {
  return kind;
}

interface Envelope {
  readonly id: string;
  readonly revision: number;
  readonly validFrom: EpochMs;
  /** Exclusive. */
  readonly validUntil: EpochMs;
  readonly committedAt: EpochMs;
}

export interface UpsertOf<K extends string, D> extends Envelope {
  readonly op: 'upsert';
  readonly kind: K;
  readonly data: D;
}

/** A revocation needs no knowledge of its kind: whatever the request was, it no longer holds. */
export interface Revoke extends Envelope {
  readonly op: 'revoke';
  readonly kind: string;
  readonly data: Revocation;
  /**
   * `hall`: the hall said so. `absent`: a complete image or a repair no longer held the request. `quarantined`: a newer
   * revision of the request could not be understood, so the older one must no longer be relied on.
   */
  readonly because: 'hall' | 'absent' | 'quarantined';
}

/** What a change turned out to be. Only `accepted` reaches a projection. */
export type Reading<C> =
  | { readonly status: 'accepted'; readonly change: C | Revoke }
  | { readonly status: 'unknown-kind' }
  | { readonly status: 'poison'; readonly failure: Failure };

/** Turns an envelope into a typed change of a known kind. */
export interface KindReader<C> {
  read(change: Change): Reading<C>;
  knows(kind: string): boolean;
}

type UpsertsOf<T> = T extends Kind<infer K, infer D> ? UpsertOf<K, D> : never;

/** The kinds of one feed. A later kind is one more entry; the mechanism does not change. */
export function defineKinds<const T extends readonly Kind[]>(kinds: T): KindReader<UpsertsOf<T[number]>> {
  const byName = new Map<string, Kind>(kinds.map((kind) => [kind.kind, kind]));
  return {
    knows: (kind) => byName.has(kind),
    read: (change) => readChange(byName, change) as Reading<UpsertsOf<T[number]>>,
  };
}

function readChange(kinds: ReadonlyMap<string, Kind>, change: Change): Reading<UpsertOf<string, unknown>> {
  const envelope = envelopeOf(change);
  if (change.op === 'revoke') {
    // Even a revocation with odd data is a revocation: refusing it would leave a withdrawn approval standing.
    const said = revocationSchema.safeParse(change.data);
    const data = said.success ? said.data : {};
    return { status: 'accepted', change: { ...envelope, op: 'revoke', kind: change.kind, data, because: 'hall' } };
  }
  const kind = kinds.get(change.kind);
  if (!kind) return { status: 'unknown-kind' };
  const major = Number.parseInt(change.schemaVersion, 10);
  if (major > kind.major) {
    return {
      status: 'poison',
      failure: { code: 'E-SYNC-0202', detail: `${change.kind} schema ${change.schemaVersion}, known ${kind.major}.x` },
    };
  }
  if (envelope.validUntil <= envelope.validFrom) {
    return { status: 'poison', failure: { code: 'E-SYNC-0203', detail: 'validUntil is not after validFrom' } };
  }
  const parsed = kind.schema.safeParse(change.data);
  if (!parsed.success) return { status: 'poison', failure: { code: 'E-SYNC-0203', detail: whereWrong(parsed.error) } };
  return { status: 'accepted', change: { ...envelope, op: 'upsert', kind: change.kind, data: parsed.data } };
}

function envelopeOf(change: Change): Envelope {
  return {
    id: change.id,
    revision: change.revision,
    validFrom: requireInstant(change.validFrom),
    validUntil: requireInstant(change.validUntil),
    committedAt: requireInstant(change.committedAt),
  };
}

function requireInstant(text: string): EpochMs {
  const value = parseInstant(text);
  if (value === undefined) throw new TypeError('a change reached the kinds without its envelope having been checked');
  return value;
}

/** Where a value is wrong, by path and rule only: the values themselves may be personal. */
export function whereWrong(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.map(String).join('.') || '(root)'}: ${issue.code}`)
    .join('; ');
}
