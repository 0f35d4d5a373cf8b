import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ms, plus, seconds, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { type CardRead, credentialText } from '../../capabilities/index.ts';
import { type Driver, silentLog } from '../../kit/index.ts';
import { type PtyPair, createPtyPair, until } from '../../kit/testing/index.ts';
import { systemTransports } from '../../transports/index.ts';
import { osdpProtocol } from './protocol.ts';
import { createOsdpReaderSimulator } from './simulator.ts';
import type { OsdpReaderSimulator } from './simulator-types.ts';
import { KEY } from './testing/rig.ts';

describe('a reader on a pty', () => {
  const clock = systemClock({ mode: 'test' });
  const transports = systemTransports({ clock });
  let pty: PtyPair;
  let reader: OsdpReaderSimulator;
  let driver: Driver;
  let cards: CardRead[];

  beforeEach(async () => {
    pty = await createPtyPair();
    const end = unwrap(transports({ kind: 'serial', path: pty.b, baudRate: 38_400 }));
    reader = createOsdpReaderSimulator({ transport: end, clock, baudRate: 38_400 });
    unwrap(await reader.start());
    [driver] = unwrap(
      osdpProtocol.connect(
        {
          transport: { kind: 'serial', path: pty.a, baudRate: 38_400 },
          devices: [
            {
              deviceId: 'reader',
              params: { secureChannel: 'required', installMode: true, key: KEY, output: { in: 0 }, firmware: {} },
            },
          ],
        },
        { clock, random: systemRandom, log: silentLog, transportFactory: transports },
      ),
    ) as [Driver];
    cards = [];
    driver.capabilities.cardReader?.onCard((card) => cards.push(card));
    driver.start();
    await until('the reader has its key', () => driver.health.state === 'ready');
  });
  afterEach(async () => {
    await driver.stop();
    await reader.stop();
    await pty.close();
  });

  it('gets its key, reports a card, opens a door and takes a file', async () => {
    expect(Buffer.from(reader.key ?? []).toString('hex')).toBe(KEY);
    reader.present('11101010000011011100000010');
    await until('the card is read', () => cards.length === 1);
    expect(cards.map(({ presented }) => credentialText(presented))).toEqual(['26:ea0dc080']);
    const envelope = (id: string) => ({
      id,
      issuedAt: clock.now(),
      expiresAt: plus(clock.now(), seconds(10)),
      issuedBy: 'test',
    });
    const receipt = await driver.capabilities.barrier?.open({
      ...envelope('1'),
      name: 'open',
      args: { hold: ms(200), direction: 'in' },
    });
    expect(receipt).toMatchObject({ ok: true, value: { confirmation: 'acknowledged' } });
    const image = systemRandom(1_500);
    const updated = await driver.capabilities.firmware?.update({
      ...envelope('2'),
      name: 'update',
      args: { version: '2.0.0', image: { from: 'bytes', bytes: image } },
    });
    expect(updated).toMatchObject({ ok: true });
    expect(reader.files).toEqual([{ type: 1, content: image }]);
    expect(reader.violations).toEqual([]);
  });
});
