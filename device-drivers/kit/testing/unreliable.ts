import { type Failure, type Result, failure } from '@hallhub/sync/base';
import { type Transport, createEmitter, rethrow } from '../index.ts';

export interface UnreliableLine extends Transport {
  /** While true, bytes are cut anew, lost, doubled, spoilt and joined by noise, and the line breaks in mid-command. */
  unreliable: boolean;
}

/** A line on which everything that can happen to bytes does, the same for the same seed. */
export function unreliableLine(inner: Transport, seed: number): UnreliableLine {
  const data = createEmitter<Uint8Array>(rethrow);
  const down = createEmitter<Failure>(rethrow);
  let state = (seed * 2_654_435_761) | 1;
  const chance = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const pick = (size: number): number => Math.floor(chance() * size);

  const spoil = (chunk: Uint8Array): void => {
    const fate = chance();
    if (fate < 0.005) return;
    const copy = chunk.slice();
    if (fate < 0.01) copy[pick(copy.length)] = pick(256);
    if (fate < 0.015) data.emit(Uint8Array.from({ length: 1 + pick(20) }, () => pick(256)));
    data.emit(copy);
    if (fate > 0.995) data.emit(copy);
  };
  inner.onData((bytes) => {
    if (!line.unreliable) {
      data.emit(bytes);
      return;
    }
    for (let at = 0; at < bytes.length;) {
      const size = 1 + pick(64);
      spoil(bytes.subarray(at, at + size));
      at += size;
    }
  });
  inner.onDown(down.emit);

  const line: UnreliableLine = {
    name: inner.name,
    unreliable: false,
    open: () => inner.open(),
    write: async (bytes): Promise<Result<void>> => {
      const written = inner.write(bytes);
      if (!line.unreliable || chance() > 0.01) return written;
      // Unplugged right behind the order: whether it arrived, nobody can say.
      await inner.close('drop');
      down.emit({ code: 'E-DEV-0103', detail: 'unplugged' });
      return failure('E-DEV-0103', 'unplugged');
    },
    close: (how) => inner.close(how),
    onData: data.on,
    onDown: down.on,
  };
  return line;
}
