import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type ManualClock, type Result, failure, manualClock, ms, ok } from '@hallhub/sync/base';
import { type Exchange, type ExchangeOptions, type Reply, type Request, createExchange } from './exchange.ts';
import { createFrameCutter } from './frame-cutter.ts';

/** Frames of two bytes for the tests: `A5`, then a value. */
interface Value {
  readonly value: number;
}

const framer = () =>
  createFrameCutter<Value>({
    limit: 16,
    seek: (bytes, from, to) => {
      const at = bytes.indexOf(0xa5, from);
      return at === -1 || at >= to ? to : at;
    },
    measure: (_bytes, start, end) => (end - start < 2 ? undefined : 2),
    decode: (bytes, start) => ({ value: bytes[start + 1] ?? 0 }),
  });

let clock: ManualClock;
let sent: number[];
let seen: string[];
let exchange: Exchange;

function create(options: Partial<ExchangeOptions> = {}): Exchange {
  return createExchange({
    clock,
    write: (bytes) => {
      sent.push(bytes[0] ?? 0);
      return Promise.resolve(ok());
    },
    quiet: ms(500),
    onTraffic: ({ direction, meaning }) => seen.push(`${direction} ${meaning}`),
    ...options,
  });
}

function ask(byte: number, over: Partial<Request<Value>> = {}): Promise<Result<Reply<Value>>> {
  return exchange.request({
    bytes: Uint8Array.of(byte),
    meaning: `ask ${byte}`,
    framer: framer(),
    timeout: ms(300),
    accept: () => true,
    describe: ({ value }) => ({ bytes: Uint8Array.of(0xa5, value), meaning: `value ${value}` }),
    ...over,
  });
}

beforeEach(async () => {
  clock = manualClock();
  [sent, seen] = [[], []];
  exchange = create();
  exchange.up();
  await clock.advanceAsync(ms(500));
});

describe('exchange', () => {
  it('asks once more for what may be asked again and came torn, after the quiet time, and then no more', async () => {
    const answer = ask(1, { again: framer });
    const next = ask(2);
    exchange.receive(Uint8Array.of(0xff));
    await clock.advanceAsync(ms(300));
    expect(sent).toEqual([1]);
    await clock.advanceAsync(ms(500));
    expect(sent).toEqual([1, 1]);
    exchange.receive(Uint8Array.of(0xa5, 11));
    expect(await answer).toMatchObject({ ok: true, value: { frame: { value: 11 } } });
    exchange.receive(Uint8Array.of(0xa5, 12));
    expect(await next).toMatchObject({ ok: true });

    const hopeless = ask(3, { again: framer });
    for (let tries = 0; tries < 2; tries += 1) {
      exchange.receive(Uint8Array.of(0xff));
      await clock.advanceAsync(ms(800));
    }
    expect(await hopeless).toMatchObject({ error: { code: 'E-DEV-0204' } });
    expect(sent).toEqual([1, 1, 2, 3, 3]);
  });

  it('never asks again for what changes something, nor after silence, nor what was refused meanwhile', async () => {
    const order = ask(1);
    exchange.receive(Uint8Array.of(0xff));
    await clock.advanceAsync(ms(800));
    expect(await order).toMatchObject({ error: { code: 'E-DEV-0204' } });
    const silent = ask(2, { again: framer });
    await clock.advanceAsync(ms(800));
    expect(await silent).toMatchObject({ error: { code: 'E-DEV-0202' } });
    let late = false;
    const vetoed = ask(3, {
      again: framer,
      veto: () => (late ? { code: 'E-DEV-0201' } : undefined),
    });
    late = true;
    exchange.receive(Uint8Array.of(0xff));
    await clock.advanceAsync(ms(800));
    expect(await vetoed).toMatchObject({ error: { code: 'E-DEV-0201' } });
    expect(sent).toEqual([1, 2, 3]);
  });

  it('sends the next request only when the one before is answered', async () => {
    const answers = [ask(1), ask(2), ask(3)];
    expect(sent).toEqual([1]);
    exchange.receive(Uint8Array.of(0xa5, 11));
    expect(sent).toEqual([1, 2]);
    exchange.receive(Uint8Array.of(0xa5, 12));
    exchange.receive(Uint8Array.of(0xa5, 13));
    expect(await Promise.all(answers)).toMatchObject(
      [11, 12, 13].map((value) => ({ ok: true, value: { frame: { value } } })),
    );
  });

  it('writes at once when the line is free, before anything else happens', () => {
    void ask(1);
    expect(sent).toEqual([1]);
  });

  it('leaves the line quiet after a timeout, so that the late reply answers nothing', async () => {
    const first = ask(1);
    const second = ask(2);
    await clock.advanceAsync(ms(300));
    expect(await first).toMatchObject({ ok: false, error: { code: 'E-DEV-0202' } });
    await clock.advanceAsync(ms(400));
    exchange.receive(Uint8Array.of(0xa5, 11));
    await clock.advanceAsync(ms(499));
    expect(sent).toEqual([1]);
    await clock.advanceAsync(ms(1));
    expect(sent).toEqual([1, 2]);
    exchange.receive(Uint8Array.of(0xa5, 12));
    expect(await second).toMatchObject({ ok: true, value: { frame: { value: 12 } } });
  });

  it('uses a line that babbles without end, after a while', async () => {
    void ask(1);
    await clock.advanceAsync(ms(300));
    const second = ask(2);
    for (let step = 0; step < 60 && sent.length < 2; step += 1) {
      exchange.receive(Uint8Array.of(0));
      await clock.advanceAsync(ms(100));
    }
    exchange.receive(Uint8Array.of(0xa5, 12));
    expect(await second).toMatchObject({ ok: true });
  });

  it('leaves the line quiet after bytes that nobody asked for', async () => {
    exchange.receive(Uint8Array.of(0xa5, 99));
    const answer = ask(1);
    expect(sent).toEqual([]);
    await clock.advanceAsync(ms(500));
    expect(sent).toEqual([1]);
    exchange.receive(Uint8Array.of(0xa5, 11));
    expect(await answer).toMatchObject({ ok: true, value: { frame: { value: 11 } } });
    expect(seen).toContain('discarded nobody asked for this');
  });

  it('waits on when the frame is no answer to this request', async () => {
    const answer = ask(1, { accept: ({ value }) => value === 11 });
    exchange.receive(Uint8Array.of(0xa5, 10));
    exchange.receive(Uint8Array.of(0xa5, 11));
    expect(await answer).toMatchObject({ ok: true, value: { frame: { value: 11 } } });
    expect(seen).toContain('discarded not the answer: value 10');
  });

  it('tells nonsense from silence', async () => {
    const answer = ask(1);
    exchange.receive(Uint8Array.of(1, 2, 3));
    await clock.advanceAsync(ms(300));
    expect(await answer).toMatchObject({ ok: false, error: { code: 'E-DEV-0204' } });
  });

  it('gives up a torn reply as soon as its bytes stop', async () => {
    exchange = create({ interByte: ms(50) });
    exchange.up();
    await clock.advanceAsync(ms(500));
    const answer = ask(1);
    await clock.advanceAsync(ms(100));
    const before = clock.monotonic();
    exchange.receive(Uint8Array.of(0xa5));
    let done = 0;
    void answer.then(() => {
      done = clock.monotonic();
    });
    await clock.advanceAsync(ms(300));
    expect(await answer).toMatchObject({ ok: false, error: { code: 'E-DEV-0204' } });
    expect(done - before).toBe(50);
  });

  it('asks for a veto in the very moment before the bytes leave', async () => {
    let late = false;
    const first = ask(1);
    const second = ask(2, { veto: () => (late ? { code: 'E-DEV-0201' } : undefined) });
    late = true;
    exchange.receive(Uint8Array.of(0xa5, 11));
    expect(await first).toMatchObject({ ok: true });
    expect(await second).toMatchObject({ ok: false, error: { code: 'E-DEV-0201' } });
    expect(sent).toEqual([1]);
  });

  it('lets the urgent go first, in their own order', () => {
    void ask(1);
    void ask(2);
    void ask(3, { urgent: true });
    void ask(4, { urgent: true });
    for (let value = 0; value < 4; value += 1) exchange.receive(Uint8Array.of(0xa5, value));
    expect(sent).toEqual([1, 3, 4, 2]);
  });

  it('keeps the pause between frames', async () => {
    exchange = create({ gap: ms(4) });
    exchange.up();
    await clock.advanceAsync(ms(500));
    void ask(1);
    void ask(2);
    exchange.receive(Uint8Array.of(0xa5, 11));
    await clock.advanceAsync(ms(3));
    expect(sent).toEqual([1]);
    await clock.advanceAsync(ms(1));
    expect(sent).toEqual([1, 2]);
  });

  it.each([
    ['breaks', 'E-DEV-0103'],
    ['is given up', 'E-DEV-0102'],
  ] as const)('does not know of what has left when the line %s, and refuses until it is up again', async (_, code) => {
    const waiting = [ask(1), ask(2)];
    exchange.down({ code });
    expect(await Promise.all(waiting)).toMatchObject([
      { ok: false, error: { code: 'E-DEV-0206' } },
      { ok: false, error: { code: 'E-DEV-0102' } },
    ]);
    expect(await ask(3)).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
    expect(clock.pending).toBe(0);
  });

  it('fails at once when the line refuses the bytes', async () => {
    exchange = create({ write: () => Promise.resolve(failure('E-DEV-0103', 'gone')) });
    exchange.up();
    await clock.advanceAsync(ms(500));
    expect(await ask(1)).toEqual({ ok: false, error: { code: 'E-DEV-0103', detail: 'gone' } });
  });

  it('lets no queue grow without end', async () => {
    exchange = create({ queueLimit: 2 });
    exchange.up();
    await clock.advanceAsync(ms(500));
    void ask(1);
    void ask(2);
    void ask(3);
    expect(await ask(4)).toMatchObject({ ok: false, error: { code: 'E-DEV-0205' } });
  });

  it('tells the number of withheld bytes, not the bytes', async () => {
    const bytes: number[] = [];
    exchange = create({
      withholdDiscarded: true,
      onTraffic: (event) => {
        if (event.direction === 'discarded') bytes.push(...event.bytes);
        seen.push(event.meaning);
      },
    });
    exchange.up();
    await clock.advanceAsync(ms(500));
    exchange.receive(Uint8Array.of(1, 2, 3));
    expect(bytes).toEqual([]);
    expect(seen).toContain('nobody asked for this, 3 bytes withheld');
  });

  it('never gives a reply to a request other than the one that it was sent for', async () => {
    // A device that answers every request with its own number, after a delay that may be far too long.
    // At exactly the timeout either order is right.
    const delay = fc.integer({ min: 1, max: 790 }).filter((value) => value !== 300);
    const delays = fc.array(delay, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(delays, async (given) => {
        clock = manualClock();
        const replyTo = (byte: number): void => {
          const delay = given[byte] ?? 1;
          clock.after(ms(delay), () => {
            exchange.receive(Uint8Array.of(0xa5, byte));
          });
        };
        exchange = create({
          write: (bytes) => {
            replyTo(bytes[0] ?? 0);
            return Promise.resolve(ok());
          },
        });
        exchange.up();
        const answers = given.map((_, byte) => ask(byte));
        await clock.advanceAsync(ms(2_000 * (given.length + 1)));
        const results = await Promise.all(answers);
        results.forEach((result, byte) => {
          const inTime = (given[byte] ?? 0) < 300;
          expect(result.ok).toBe(inTime);
          if (result.ok) expect(result.value.frame.value).toBe(byte);
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('what nothing answers', () => {
  const tell = (byte: number, over: object = {}): Promise<Result<void>> =>
    exchange.tell({ bytes: Uint8Array.of(byte), meaning: `tell ${byte}`, rest: ms(50), ...over });

  it('goes out in the same queue, and the line is left alone behind it', async () => {
    const both = Promise.all([tell(1), ask(2)]);
    await clock.advanceAsync(ms(49));
    expect(sent).toEqual([1]);
    await clock.advanceAsync(ms(1));
    expect(sent).toEqual([1, 2]);
    exchange.receive(Uint8Array.of(0xa5, 7));
    expect(await both).toMatchObject([{ ok: true }, { ok: true, value: { frame: { value: 7 } } }]);
  });

  it('takes no answer for one', async () => {
    const told = tell(1);
    exchange.receive(Uint8Array.of(0xa5, 7));
    await clock.advanceAsync(ms(50));
    expect(await told).toEqual({ ok: true, value: undefined });
    expect(seen).toEqual(['out tell 1', 'discarded nobody asked for this']);
  });

  it('is not sent when it came too late, and not known when the line goes', async () => {
    expect(await tell(1, { veto: () => ({ code: 'E-DEV-0201' }) })).toMatchObject({
      ok: false,
      error: { code: 'E-DEV-0201' },
    });
    expect(sent).toEqual([]);
    const told = tell(2);
    exchange.down({ code: 'E-DEV-0103' });
    expect(await told).toMatchObject({ ok: false, error: { code: 'E-DEV-0206' } });
    expect(await tell(3)).toMatchObject({ ok: false, error: { code: 'E-DEV-0102' } });
  });
});
