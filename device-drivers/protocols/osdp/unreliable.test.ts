import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ms, plus, seconds } from '@hallhub/sync/base';
import type { Receipt } from '../../kit/index.ts';
import type { Transport } from '../../kit/index.ts';
import { createOsdpReaderSimulator } from './simulator.ts';
import { KEY, createOsdpRig, keyBytes } from './testing/rig.ts';

/** What becomes of one frame. */
type Fate = 'arrives' | 'is lost' | 'comes twice' | 'is torn' | 'is spoilt';

/** As many in a row may be lost before the reader is offline, and its link begins anew. */
const LONGEST_RUN = 12;
const fates = fc.array(fc.constantFrom<Fate>('arrives', 'is lost', 'comes twice', 'is torn', 'is spoilt'), {
  maxLength: LONGEST_RUN,
});

/** A line end whose next writes meet their fates; afterwards all arrive. */
function fateful(inner: Transport, pending: Fate[]): Transport {
  return {
    ...inner,
    name: inner.name,
    write: async (bytes) => {
      switch (pending.shift()) {
        case 'is lost':
          return { ok: true, value: undefined };
        case 'comes twice':
          await inner.write(bytes);
          return inner.write(bytes);
        case 'is torn':
          return inner.write(bytes.subarray(0, Math.ceil(bytes.length / 2)));
        case 'is spoilt':
          return inner.write(bytes.map((byte, index) => (index === bytes.length - 3 ? byte ^ 0x10 : byte)));
        case 'arrives':
        case undefined:
          return inner.write(bytes);
      }
    },
  };
}

type Action =
  | { readonly do: 'card'; readonly number: number }
  | { readonly do: 'open' }
  | { readonly do: 'wait'; readonly for: number };

const actions = fc.array(
  fc.oneof(
    fc.nat(0xffff).map((number): Action => ({ do: 'card', number })),
    fc.constant<Action>({ do: 'open' }),
    fc.nat(600).map((duration): Action => ({ do: 'wait', for: duration })),
  ),
  { maxLength: 12 },
);

describe.each([
  ['in the clear', { check: 'crc' }, {}],
  ['on a secure link', { check: 'crc', secureChannel: 'required', key: KEY }, { key: keyBytes(KEY), secureOnly: true }],
])('frames lost, doubled, torn and spoilt %s', (_name, params, reader) => {
  it('never carry an order out twice, and never lose or repeat a card', async () => {
    await fc.assert(
      fc.asyncProperty(fates, fates, actions, async (outward, inward, plan) => {
        const toReader: Fate[] = [];
        const fromReader: Fate[] = [];
        const rig = await createOsdpRig({
          params,
          reader,
          host: (transport) => fateful(transport, toReader),
          device: (transport) => fateful(transport, fromReader),
        });
        expect(rig.driver.health.state).toBe('ready');
        toReader.push(...outward);
        // What is lost on one way need not be lost on the other as well to make a run.
        fromReader.push(...inward.slice(0, LONGEST_RUN - outward.length));
        const receipts: Promise<Receipt | undefined>[] = [];
        const presented: string[] = [];
        for (const action of plan) {
          if (action.do === 'wait') await rig.clock.advanceAsync(ms(action.for));
          else if (action.do === 'card') {
            const bits = action.number.toString(2).padStart(16, '0');
            presented.push(`16:${action.number.toString(16).padStart(4, '0')}`);
            rig.reader.present(bits);
          } else {
            const command = rig.openCommand({ expiresAt: plus(rig.clock.now(), seconds(60)) });
            receipts.push(rig.driver.capabilities.barrier?.open(command) ?? Promise.resolve(undefined));
          }
        }
        await rig.clock.advanceAsync(seconds(20));
        const given = await Promise.all(receipts);
        await rig.stop();
        expect(given.map((receipt) => receipt?.ok)).toEqual(given.map(() => true));
        expect(rig.pulses).toHaveLength(receipts.length);
        const seen = rig.cards.map(({ presented: card }) =>
          card.type === 'bits' ? `${card.bits}:${card.hex}` : card.type,
        );
        expect(seen).toEqual(presented);
        expect(rig.reader.violations).toEqual([]);
        expect(rig.clock.pending).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('are survived for ever: whatever an order comes to, it is done at most once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat(9)), fc.infiniteStream(fc.nat(9)), async (outward, inward) => {
        const endless = (chances: Iterator<number>): Fate[] => {
          const table: readonly Fate[] = ['is lost', 'comes twice', 'is torn', 'is spoilt'];
          const list: Fate[] = [];
          list.shift = () => table[chances.next().value as number] ?? 'arrives';
          return list;
        };
        const rig = await createOsdpRig({
          params,
          reader,
          host: (transport) => fateful(transport, endless(outward[Symbol.iterator]())),
          device: (transport) => fateful(transport, endless(inward[Symbol.iterator]())),
        });
        for (let round = 0; round < 6; round += 1) {
          const before = rig.pulses.length;
          const receipt = await rig.open();
          await rig.clock.advanceAsync(seconds(6));
          const done = rig.pulses.length - before;
          expect(done).toBeLessThanOrEqual(1);
          if (receipt.ok) expect(done).toBe(1);
        }
        await rig.stop();
        expect(rig.reader.violations).toEqual([]);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

describe('a reader on a line with another’s noise', () => {
  it('hears nothing that is not for it', async () => {
    const rig = await createOsdpRig({});
    const stranger = createOsdpReaderSimulator({ transport: rig.line.device, clock: rig.clock, address: 9 });
    await stranger.start();
    expect(await rig.open()).toMatchObject({ ok: true });
    expect(stranger.carriedOut).toEqual([]);
    await rig.stop();
    await stranger.stop();
  });
});
