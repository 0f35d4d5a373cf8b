import { type DurationMs, seconds, systemClock, unwrap } from '@hallhub/sync/base';
import { boardLanguage } from '../../device-drivers/protocols/lock-8a80/simulator.ts';
import { createLockHardware } from '../../device-drivers/protocols/lock-board/hardware.ts';
import { createLockBoardSimulator } from '../../device-drivers/protocols/lock-board/simulator.ts';
import { createSerialTransport } from '../../device-drivers/transports/index.ts';
import { say } from './children.ts';

/** Boards of 24 locks on each of these ptys, answering no faster than a serial line would; whatever opens is shut again. */
export interface LockerBoardsOptions {
  readonly paths: readonly string[];
  readonly boards: number;
  readonly baudRate: number;
}

const LOCKS = 24;
const STANDS_OPEN: DurationMs = seconds(2);

const { paths, boards, baudRate } = JSON.parse(process.argv[2] ?? '{}') as LockerBoardsOptions;
const clock = systemClock({ mode: 'production' });
const language = boardLanguage({
  stateBytes: LOCKS / 8,
  openBit: 0,
  groups: 'highest-first',
  openReply: 'own',
  timed: false,
});
for (const path of paths) {
  const hardware = createLockHardware(boards * LOCKS);
  hardware.onDoor(({ compartment, open }) => {
    if (!open) return;
    clock.after(STANDS_OPEN, () => {
      hardware.shut(compartment);
    });
  });
  const simulator = createLockBoardSimulator({
    transport: createSerialTransport({ path, baudRate }),
    clock,
    hardware,
    language,
    baudRate,
    boards: Array.from({ length: boards }, (_, index) => ({ address: index + 1, locks: LOCKS })),
  });
  unwrap(await simulator.start());
}
say({ ready: true });
