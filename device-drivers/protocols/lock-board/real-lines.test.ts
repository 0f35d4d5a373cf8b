import { describe, expect, it } from 'vitest';
import { epochMs, systemClock, systemRandom, unwrap } from '@hallhub/sync/base';
import { type Protocol, silentLog } from '../../kit/index.ts';
import { createPtyPair, until } from '../../kit/testing/index.ts';
import { createSerialTransport, systemTransports } from '../../transports/index.ts';
import { lock8a80Protocol } from '../lock-8a80/driver.ts';
import { boardLanguage as languageOf8a80 } from '../lock-8a80/simulator.ts';
import { lockKerongProtocol } from '../lock-kerong/driver.ts';
import { boardLanguage as languageOfKerong } from '../lock-kerong/simulator.ts';
import { createLockHardware } from './hardware.ts';
import { type BoardLanguage, createLockBoardSimulator } from './simulator.ts';

const clock = systemClock({ mode: 'test' });
const boards = [
  { address: 1, locks: 16 },
  { address: 2, locks: 16 },
];
const as8a80 = languageOf8a80({ stateBytes: 2, openBit: 0, groups: 'highest-first', openReply: 'own', timed: false });

describe('lock boards on a pty', () => {
  it.each<[string, Protocol, BoardLanguage, Readonly<Record<string, unknown>>]>([
    ['8A/80, states of a known length', lock8a80Protocol, as8a80, { stateBytes: 2 }],
    ['8A/80, states ended by a pause', lock8a80Protocol, as8a80, { pauseMs: 100 }],
    ['KERONG', lockKerongProtocol, languageOfKerong(), {}],
  ])('open, and are seen to: %s', async (_name, protocol, language, params) => {
    const pty = await createPtyPair();
    const hardware = createLockHardware(32);
    const transport = createSerialTransport({ path: pty.b, baudRate: 9_600 });
    const simulator = createLockBoardSimulator({ transport, clock, boards, hardware, language, baudRate: 9_600 });
    unwrap(await simulator.start());
    const [driver] = unwrap(
      protocol.connect(
        {
          transport: { kind: 'serial', path: pty.a, baudRate: 9_600 },
          devices: [
            { deviceId: 'cabinet', params: { boards, replyTimeoutMs: 5_000, opensWithinMs: 10_000, ...params } },
          ],
        },
        { clock, random: systemRandom, log: silentLog, transportFactory: systemTransports({ clock }) },
      ),
    );
    if (!driver) throw new Error('no driver');
    const heard: string[] = [];
    driver.capabilities.cabinet?.onDoor(({ compartment, open }) => heard.push(`${compartment} ${open}`));
    driver.start();
    try {
      await until('the cabinet is ready', () => driver.health.state === 'ready');
      const receipt = await driver.capabilities.cabinet?.unlock({
        id: 'c-1',
        name: 'unlock',
        args: { compartment: 20 },
        issuedAt: clock.now(),
        expiresAt: epochMs(clock.now() + 60_000),
        issuedBy: 'test',
      });
      expect(receipt).toMatchObject({ ok: true, value: { confirmation: 'observed' } });
      hardware.shut(20);
      await until('the door is seen shut', () => heard.includes('20 false'));
      expect(heard).toEqual(['20 true', '20 false']);
    } finally {
      await driver.stop();
      await simulator.stop();
      await pty.close();
    }
  });
});
