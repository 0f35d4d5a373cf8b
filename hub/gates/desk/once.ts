import type { Clock, EpochMs, Result } from '@hallhub/sync/base';
import { failure } from '@hallhub/sync/base';
import type { Db } from '@hallhub/sync/sqlite';

interface OrderRow {
  readonly digest: Uint8Array;
  readonly answer: string | null;
}

export type Once = ReturnType<typeof createOnce>;

/**
 * Orders that count once, however often a tablet with a bad connection sends them. The key is committed before the order is
 * carried out, so that one whose process died in between is not carried out again: its outcome is then unknown.
 */
export function createOnce({
  db,
  clock,
  digest,
}: {
  readonly db: Db;
  readonly clock: Clock;
  /** Keyed hash: what was ordered may name somebody. */
  readonly digest: (text: string) => Uint8Array;
}) {
  const begin = db.prepare(
    'INSERT INTO gate_desk_order (staff_id, key, digest, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const known = db.prepare<[string, string], OrderRow>(
    'SELECT digest, answer FROM gate_desk_order WHERE staff_id = ? AND key = ?',
  );
  const answered = db.prepare('UPDATE gate_desk_order SET answer = ? WHERE staff_id = ? AND key = ?');
  const forget = db.prepare('DELETE FROM gate_desk_order WHERE at < ?');

  return {
    /** Errors: those of `order`; `E-GATE-0241` its outcome is unknown; `E-GATE-0243` the key stands for another order. */
    run: async <T>(
      by: { readonly id: string; readonly key: string },
      about: unknown,
      order: () => Result<T> | Promise<Result<T>>,
    ): Promise<Result<T>> => {
      const hash = digest(JSON.stringify(about));
      if (begin.run(by.id, by.key, hash, clock.now()).changes === 0) {
        const earlier = known.get(by.id, by.key);
        if (!earlier || Buffer.compare(earlier.digest, hash) !== 0) return failure('E-GATE-0243', by.key);
        return earlier.answer === null
          ? failure('E-GATE-0241', by.key)
          : // Written below, by the same order.
            (JSON.parse(earlier.answer) as Result<T>);
      }
      const answer = await order();
      answered.run(JSON.stringify(answer), by.id, by.key);
      return answer;
    },
    forget: (before: EpochMs): number => forget.run(before).changes,
  };
}
