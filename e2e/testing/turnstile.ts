import type { RelayChange, TurnstileArm } from '@hallhub/device-drivers/protocols/modbus';
import { createRelayBoardSimulator, createTurnstileArm } from '@hallhub/device-drivers/protocols/modbus';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import type { Cancel } from '@hallhub/sync/base';
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
  /** Somebody pushes the arm. False where it is locked, or still in the way of whoever went before. */
  walk(): boolean;
  /** Something goes over the contact without asking the arm: a car over a loop, somebody on another's heels. False while the contact is closed. */
  cross(): boolean;
  stop(): Promise<void>;
}

/** Long enough to be seen on a machine that has much else to do. */
const CONTACT = ms(800);
/** One after the other: nobody is through before the contact of whoever went before has opened again and was seen so. */
const STEP = ms(1_400);

/** `pulses` goes on where the one before it ended: the same board on a line that was broken. */
export async function startTurnstile(path: string, pulses: RelayChange[] = []): Promise<Turnstile> {
  const clock = systemClock({ mode: 'test' });
  const baudRate = 115_200;
  const board = createRelayBoardSimulator({ transport: createSerialTransport({ path, baudRate }), clock, baudRate });
  const arm = createTurnstileArm({
    board,
    clock,
    relay: { in: 0 },
    input: { in: 0 },
    release: ms(1_500),
    contact: CONTACT,
  });
  let walks = 0;
  let busy = false;
  let cancelContact: Cancel = () => undefined;
  let cancelStep: Cancel = () => undefined;
  const occupy = (): void => {
    busy = true;
    cancelStep = clock.after(STEP, () => {
      busy = false;
    });
  };
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
      if (busy || !arm.walk('in')) return false;
      walks += 1;
      occupy();
      return true;
    },
    cross: () => {
      if (busy) return false;
      occupy();
      board.setInput(0, true);
      cancelContact = clock.after(CONTACT, () => {
        board.setInput(0, false);
      });
      return true;
    },
    stop: async () => {
      cancelContact();
      cancelStep();
      arm.stop();
      await board.stop();
    },
  };
}
