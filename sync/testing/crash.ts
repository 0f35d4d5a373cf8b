/** A process that can die at any commit: before it (the work is undone) or right after it (the work stands). */
export interface CrashPoint {
  /** Wraps a store so that its transactions die as planned. */
  wrap<S extends { transaction<T>(work: () => T): T }>(store: S): S;
  /** Dies at the n-th commit from now (1 is the next). */
  plan(commits: number, when: 'before' | 'after'): void;
  /** A new process: whatever was planned is forgotten. */
  reborn(): void;
  readonly dead: boolean;
}

class Crash extends Error {
  override readonly name = 'Crash';
}

export function crashPoint(): CrashPoint {
  let left = 0;
  let when: 'before' | 'after' = 'before';
  let dead = false;
  let depth = 0;
  const due = (at: 'before' | 'after'): boolean => {
    if (left === 0 || when !== at) return false;
    left -= 1;
    if (left > 0) return false;
    dead = true;
    return true;
  };
  return {
    wrap: (store) => {
      const transaction = <T>(work: () => T): T => {
        if (dead) throw new Crash('the process is dead');
        if (depth > 0) return store.transaction(work);
        depth += 1;
        try {
          const value = store.transaction(() => {
            const result = work();
            if (due('before')) throw new Crash('before the commit');
            return result;
          });
          if (due('after')) throw new Crash('after the commit');
          return value;
        } finally {
          depth -= 1;
        }
      };
      // What the store does outside an explicit transaction is a commit of its own.
      return new Proxy(store, {
        get: (target, name) => {
          if (name === 'transaction') return transaction;
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...args: unknown[]): unknown => {
            if (dead) throw new Crash('the process is dead');
            return Reflect.apply(member, target, args);
          };
        },
      });
    },
    plan: (commits, at) => {
      left = commits;
      when = at;
    },
    reborn: () => {
      left = 0;
      dead = false;
    },
    get dead() {
      return dead;
    },
  };
}

/** How many runs a property gets: a sample by default, many in a soak. */
export const propertyRuns = (sample: number): number =>
  sample * Math.max(1, Number(process.env['HALLHUB_PROPERTY_FACTOR'] ?? 1));
