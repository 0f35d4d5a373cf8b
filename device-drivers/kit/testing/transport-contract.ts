import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Failure } from '@hallhub/sync/base';
import type { Transport } from '../index.ts';
import { noise } from './bytes.ts';
import { tick, until } from './until.ts';

export interface TransportFixture {
  /** The end under test. */
  readonly transport: Transport;
  /** What arrives at the other end, in order. */
  received(): Uint8Array;
  /** Sends from the other end. */
  send(bytes: Uint8Array): Promise<void>;
  /** Breaks the line as a pulled plug would. */
  unplug(): Promise<void>;
  /** Makes the line usable again after {@link unplug}. */
  plug(): Promise<void>;
  dispose(): Promise<void>;
  /**
   * There is no connection that could break: nothing is noticed before something is written, and opening succeeds whether
   * anybody is there or not.
   */
  readonly isConnectionless?: boolean;
}

/** What every transport must do, whatever its wire. */
export function transportContract(name: string, create: () => Promise<TransportFixture>): void {
  describe(`transport contract: ${name}`, () => {
    let fixture: TransportFixture;
    let got: Buffer;
    let downs: Failure[];
    beforeEach(async () => {
      fixture = await create();
      got = Buffer.alloc(0);
      downs = [];
      fixture.transport.onData((bytes) => {
        got = Buffer.concat([got, bytes]);
      });
      fixture.transport.onDown((reason) => downs.push(reason));
    });
    afterEach(async () => {
      await fixture.transport.close();
      await fixture.dispose();
    });

    it('refuses to write before it is open', async () => {
      expect(await fixture.transport.write(Uint8Array.of(1))).toMatchObject({
        ok: false,
        error: { code: 'E-DEV-0102' },
      });
    });

    it('carries bytes both ways, in order, whatever their values', async () => {
      expect(await fixture.transport.open()).toMatchObject({ ok: true });
      const every = Uint8Array.from({ length: 256 }, (_, index) => index);
      expect(await fixture.transport.write(every)).toMatchObject({ ok: true });
      await until('the other end has all bytes', () => fixture.received().length >= 256);
      expect(Buffer.from(fixture.received())).toEqual(Buffer.from(every));
      await fixture.send(every);
      await until('all bytes are here', () => got.length >= 256);
      expect(got).toEqual(Buffer.from(every));
    });

    it('keeps the order of writes that nobody waits for', async () => {
      await fixture.transport.open();
      const bytes = noise(3_000);
      const writes: Promise<unknown>[] = [];
      for (let at = 0; at < bytes.length; at += 100) writes.push(fixture.transport.write(bytes.subarray(at, at + 100)));
      await Promise.all(writes);
      await until('the other end has all bytes', () => fixture.received().length >= bytes.length);
      expect(Buffer.from(fixture.received())).toEqual(Buffer.from(bytes));
    });

    it('does not keep the caller’s bytes', async () => {
      await fixture.transport.open();
      const bytes = Uint8Array.of(1, 2, 3);
      const written = fixture.transport.write(bytes);
      bytes.fill(9);
      await written;
      await until('the other end has the bytes', () => fixture.received().length >= 3);
      expect([...fixture.received()]).toEqual([1, 2, 3]);
    });

    it('never delivers inside the call that writes', async () => {
      await fixture.transport.open();
      let during = false;
      let inside = false;
      fixture.transport.onData(() => {
        inside ||= during;
      });
      await fixture.send(Uint8Array.of(1));
      during = true;
      void fixture.transport.write(Uint8Array.of(2));
      during = false;
      await until('the byte is here', () => got.length >= 1);
      expect(inside).toBe(false);
    });

    it('is open once, however often it is opened', async () => {
      const both = await Promise.all([fixture.transport.open(), fixture.transport.open()]);
      expect(both.map(({ ok }) => ok)).toEqual([true, true]);
      expect(await fixture.transport.open()).toMatchObject({ ok: true });
      await fixture.send(Uint8Array.of(7));
      await until('the byte is here', () => got.length >= 1);
      await tick();
      expect([...got]).toEqual([7]);
    });

    it('tells once when the line breaks, refuses to write, and opens again', async () => {
      await fixture.transport.open();
      await fixture.unplug();
      // Without a connection the break shows in what is written, and not always at once.
      if (fixture.isConnectionless === true) {
        for (let tries = 0; tries < 50 && downs.length === 0; tries += 1) {
          await fixture.transport.write(Uint8Array.of(1));
          await tick();
        }
      }
      await until('the break is told', () => downs.length > 0);
      expect(downs).toMatchObject([{ code: 'E-DEV-0103' }]);
      expect(await fixture.transport.write(Uint8Array.of(1))).toMatchObject({ ok: false });
      if (fixture.isConnectionless !== true) {
        expect(await fixture.transport.open()).toMatchObject({ ok: false, error: { code: 'E-DEV-0101' } });
      }
      await fixture.plug();
      expect(await fixture.transport.open()).toMatchObject({ ok: true });
      await fixture.send(Uint8Array.of(5));
      await until('the byte is here', () => got.length >= 1);
      expect([...got]).toEqual([5]);
      expect(downs).toHaveLength(1);
    });

    it('closes without telling of a break, and opens again', async () => {
      await fixture.transport.open();
      await fixture.transport.close();
      await fixture.transport.close();
      await tick();
      expect(downs).toEqual([]);
      expect(await fixture.transport.write(Uint8Array.of(1))).toMatchObject({
        ok: false,
        error: { code: 'E-DEV-0102' },
      });
      expect(await fixture.transport.open()).toMatchObject({ ok: true });
    });

    it('stops calling a listener that was cancelled', async () => {
      await fixture.transport.open();
      const heard: number[] = [];
      const cancel = fixture.transport.onData((bytes) => heard.push(bytes.length));
      cancel();
      cancel();
      await fixture.send(Uint8Array.of(1));
      await until('the byte is here', () => got.length >= 1);
      expect(heard).toEqual([]);
    });
  });
}
