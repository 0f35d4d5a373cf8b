import type { RelayChange, TurnstileArm } from '@hallhub/device-drivers/protocols/modbus';
import { createRelayBoardSimulator, createTurnstileArm } from '@hallhub/device-drivers/protocols/modbus';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { ms, systemClock, unwrap } from '@hallhub/sync/base';

/** A turnstile behind a relay board on a pty. */
export interface Turnstile {
  readonly arm: TurnstileArm;
  /** Every time that the board was told to release, in order. */
  readonly pulses: readonly RelayChange[];
  /** Called as the board obeys, before it answers. */
  onPulse(listener: () => void): void;
  /** How often somebody walked through. */
  readonly walks: number;
  /** Somebody pushes the arm. False where it is locked. */
  walk(): boolean;
  stop(): Promise<void>;
}

/** `pulses` goes on where the one before it ended: the same board on a line that was broken. */
export async function startTurnstile(path: string, pulses: RelayChange[] = []): Promise<Turnstile> {
  const clock = systemClock({ mode: 'test' });
  const baudRate = 115_200;
  const board = createRelayBoardSimulator({ transport: createSerialTransport({ path, baudRate }), clock, baudRate });
  const arm = createTurnstileArm({ board, clock, relay: { in: 0 }, input: { in: 0 }, release: ms(1_500) });
  let walks = 0;
  const listeners: (() => void)[] = [];
  board.onRelay((change) => {
    if (!change.on) return;
    pulses.push(change);
    for (const listener of listeners) listener();
  });
  unwrap(await board.start());
  return {
    arm,
    pulses,
    onPulse: (listener) => {
      listeners.push(listener);
    },
    get walks() {
      return walks;
    },
    walk: () => {
      const walked = arm.walk('in');
      if (walked) walks += 1;
      return walked;
    },
    stop: async () => {
      arm.stop();
      await board.stop();
    },
  };
}
