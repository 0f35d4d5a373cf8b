import type { Framed, Framer } from './framer.ts';

/**
 * Some RS-485 adapters hear what they send. For a write that is fatal: its echo looks exactly like the device's consent.
 * So the echo is looked for on every read (whose reply never looks like its request) and taken off from then on.
 */
export function withoutEcho<F>(options: {
  readonly inner: Framer<F>;
  readonly sent: Uint8Array;
  /** Called once it is certain. */
  readonly onEcho: (heard: boolean) => void;
}): Framer<F> {
  const { inner, sent, onEcho } = options;
  let matched = 0;
  let decided = false;

  const decide = (heard: boolean): void => {
    decided = true;
    onEcho(heard);
  };
  /** What was taken for the beginning of an echo, and was none. */
  const giveBack = (): Framed<F>[] => (matched > 0 ? inner.push(sent.slice(0, matched)) : []);

  return {
    limit: inner.limit + sent.length,
    push: (bytes) => {
      if (decided) return inner.push(bytes);
      let at = 0;
      while (matched < sent.length && at < bytes.length && bytes[at] === sent[matched]) {
        matched += 1;
        at += 1;
      }
      if (matched === sent.length) {
        decide(true);
        const echo: Framed<F> = { kind: 'discarded', bytes: sent.slice(), why: 'noise' };
        return [echo, ...inner.push(bytes.subarray(at))];
      }
      if (at === bytes.length) return [];
      decide(false);
      return [...giveBack(), ...inner.push(bytes.subarray(at))];
    },
    flush: () => {
      const back = decided ? [] : giveBack();
      decided = true;
      return [...back, ...inner.flush()];
    },
  };
}
