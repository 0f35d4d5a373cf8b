import type { Clock, EpochMs, RandomBytes, Result } from '@hallhub/sync/base';
import { failure, ms, ok, plus, uuidv7 } from '@hallhub/sync/base';
import type { Vault } from '../vault/index.ts';
import type { CabinetStore, CodeRow } from './store/cabinets.ts';

/** One-time codes with which a compartment is opened. */
export interface PickUpCodes {
  /** A new one; those before it for the same consignment are over, except when it is for a delegate. */
  issue(item: string, purpose: CodeRow['purpose'], validTo: EpochMs): string;
  /** Which consignment a code opens; it stays good until {@link end}. `from`: where wrong ones are counted. Errors: `E-CUST-0704`, `E-CUST-0709`. */
  check(code: string, from: string): Result<CodeRow>;
  /** The codes of a consignment in clear, for its recipient's screen or a cabinet that hashes them anew. */
  shown(item: string): readonly { readonly row: CodeRow; readonly code: string }[];
  end(item: string): void;
}

const DIGITS = 8;
const TRIES = 10;
const WINDOW = ms(600_000);
const MOST_PLACES = 5_000;

export function createPickUpCodes(deps: {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: RandomBytes;
  readonly vault: Pick<Vault, 'match' | 'seal' | 'open'>;
  readonly store: CabinetStore;
}): PickUpCodes {
  const { clock, vault, store } = deps;
  const hashOf = (code: string): string => vault.match('locker-code', code).toString('hex');
  const context = (id: string): string => `locker-code/${id}`;
  const wrong = new Map<string, { readonly count: number; readonly until: EpochMs }>();

  const newCode = (): string => {
    for (;;) {
      const bytes = deps.random(8);
      const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0) % 10n ** BigInt(DIGITS);
      const code = value.toString().padStart(DIGITS, '0');
      if (!store.codeByHash(hashOf(code))) return code;
    }
  };
  const isShut = (from: string): boolean => {
    const before = wrong.get(from);
    return before !== undefined && before.count >= TRIES && clock.now() < before.until;
  };
  const missed = (from: string): void => {
    const before = wrong.get(from);
    const now = clock.now();
    const [oldest] = wrong.keys();
    if (wrong.size >= MOST_PLACES && oldest !== undefined) wrong.delete(oldest);
    wrong.set(from, { count: before && now < before.until ? before.count + 1 : 1, until: plus(now, WINDOW) });
  };
  return {
    issue: (item, purpose, validTo) => {
      const now = clock.now();
      if (purpose !== 'delegate') store.endCodes(item, now);
      const id = uuidv7(now, deps.random);
      const code = newCode();
      const sealed = vault.seal(Buffer.from(code), context(id));
      store.addCode({ id, item, purpose, hash: hashOf(code), sealed, validFrom: now, validTo });
      return code;
    },
    check: (code, from) => {
      if (isShut(from)) return failure('E-CUST-0709');
      const row = store.codeByHash(hashOf(code.trim()));
      if (!row || clock.now() >= row.validTo) {
        missed(from);
        return failure('E-CUST-0704');
      }
      return ok(row);
    },
    shown: (item) =>
      store.codesOf(item).flatMap((row) => {
        const opened = row.sealed && vault.open(row.sealed, context(row.id));
        return opened?.ok === true ? [{ row, code: Buffer.from(opened.value).toString('utf8') }] : [];
      }),
    end: (item) => {
      store.endCodes(item, clock.now());
    },
  };
}
