import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { createPtyPair } from '@hallhub/device-drivers/kit/testing';
import { createRelayBoardSimulator } from '@hallhub/device-drivers/protocols/modbus';
import { createSerialTransport } from '@hallhub/device-drivers/transports';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { boardLanguage as languageOf8a80 } from '../../device-drivers/protocols/lock-8a80/simulator.ts';
import type { LockHardware } from '../../device-drivers/protocols/lock-board/hardware.ts';
import { createLockHardware } from '../../device-drivers/protocols/lock-board/hardware.ts';
import type { BoardLanguage, LockBoardFaults } from '../../device-drivers/protocols/lock-board/simulator.ts';
import { createLockBoardSimulator } from '../../device-drivers/protocols/lock-board/simulator.ts';
import { boardLanguage as languageOfKerong } from '../../device-drivers/protocols/lock-kerong/simulator.ts';
import { boardLanguage as languageOfWinnsen } from '../../device-drivers/protocols/lock-winnsen/simulator.ts';
import { boardLanguage as languageOfWkly } from '../../device-drivers/protocols/lock-wkly/simulator.ts';
import type { CleanUp } from './clean-up.ts';

/** A cabinet of six doors behind one lock board, on a pty, with a screen of its own. */
export interface StreetCabinet {
  readonly id: string;
  readonly kiosk: string;
  readonly hardware: LockHardware;
  /** Whether its board knows what is inside. */
  readonly items: boolean;
  /** Faults of the board and its line; a Modbus unit has none of these here. */
  readonly setFaults?: (faults: LockBoardFaults) => void;
}

/** Somebody at a cabinet: they put it in (or take it out) and shut the door, as soon as it is open. */
export function useDoor({ hardware }: StreetCabinet, lock: number, inside: boolean): void {
  hardware.place(lock, inside);
  hardware.shut(lock);
}

interface Make {
  readonly profile: string;
  readonly baudRate: number;
  readonly address: number;
  readonly locks: number;
  readonly items: boolean;
  readonly language: BoardLanguage;
}
const MAKES: Readonly<Record<string, Make>> = {
  'lock-8a80': {
    ...{ profile: 'generic/lock-8a80-8', baudRate: 9_600, address: 1, locks: 8, items: false },
    language: languageOf8a80({ stateBytes: 3, openBit: 1, groups: 'highest-first', openReply: 'own', timed: false }),
  },
  kerong: {
    ...{ profile: 'kerong/cu16-items', baudRate: 19_200, address: 0, locks: 16, items: true },
    language: languageOfKerong(),
  },
  wkly: {
    ...{ profile: 'generic/lock-wkly', baudRate: 9_600, address: 0, locks: 12, items: false },
    language: languageOfWkly(),
  },
  winnsen: {
    ...{ profile: 'winnsen/lock-16', baudRate: 9_600, address: 1, locks: 16, items: false },
    language: languageOfWinnsen('lock-status'),
  },
};
const DOORS = 6;
/** Locks of the Modbus unit of `generic/modbus-lock8-items`: doors at inputs 0 to 7, what is inside at 8 to 15. */
const RELAYS = 8;

/** Five cabinets, one for each kind of board, and what the configuration says of them: all hang on `agent`. */
export async function startCabinets(
  { later }: Pick<CleanUp, 'later'>,
  folder: string,
  agent: string,
): Promise<{
  readonly cabinets: readonly StreetCabinet[];
  readonly extra: { readonly devices: string; readonly kiosks: string; readonly lockers: string };
}> {
  const clock = systemClock({ mode: 'test' });
  const devices: string[] = [];
  const line = async (id: string, profile: string, baudRate: number) => {
    const pty = await createPtyPair(mkdtempSync(join(folder, id)));
    later(() => pty.close());
    devices.push(
      `  - { id: ${id}-board, profile: ${profile}, label: { zh: ${id}, en: ${id} }, agent: ${agent},
      transport: { kind: serial, path: ${pty.a}, baudRate: ${baudRate} } }`,
    );
    return createSerialTransport({ path: pty.b, baudRate });
  };

  const cabinets: StreetCabinet[] = [];
  for (const [id, { profile, baudRate, address, locks, items, language }] of Object.entries(MAKES)) {
    const hardware = createLockHardware(locks);
    const transport = await line(id, profile, baudRate);
    const simulator = createLockBoardSimulator({ transport, clock, boards: [{ address, locks }], hardware, language });
    unwrap(await simulator.start());
    later(() => simulator.stop());
    const setFaults = (faults: LockBoardFaults): void => {
      simulator.setFaults(faults);
    };
    cabinets.push({ id, kiosk: `screen-${id}`, hardware, items, setFaults });
  }
  const hardware = createLockHardware(RELAYS);
  const transport = await line('modbus', 'generic/modbus-lock8-items', 9_600);
  const unit = createRelayBoardSimulator({ transport, clock, baudRate: 9_600 });
  const wire = (index: number): void => {
    unit.setInput(index, !hardware.isOpen(index + 1));
    unit.setInput(RELAYS + index, hardware.isOccupied(index + 1));
  };
  for (let index = 0; index < RELAYS; index += 1) wire(index);
  hardware.onDoor(({ compartment }) => {
    wire(compartment - 1);
  });
  hardware.onItem(({ compartment }) => {
    wire(compartment - 1);
  });
  unit.onRelay(({ channel, on }) => {
    if (on && channel < RELAYS) hardware.pulse(channel + 1);
  });
  unwrap(await unit.start());
  later(() => unit.stop());
  cabinets.push({ id: 'modbus', kiosk: 'screen-modbus', hardware, items: true });

  const doors = (id: string, items: boolean): string =>
    Array.from(
      { length: DOORS },
      (_, n) => `        - { id: A${n + 1}, size: small, device: ${id}-board, lock: ${n + 1}, items: ${items} }`,
    ).join('\n');
  return {
    cabinets,
    extra: {
      devices: devices.join('\n'),
      kiosks: cabinets
        .map(
          ({ id, kiosk }) =>
            `  - { id: ${kiosk}, label: { zh: ${id}, en: ${id} }, agent: ${agent}, modes: [locker], cabinet: ${id} }`,
        )
        .join('\n'),
      lockers: `lockers:
  cabinets:
${cabinets
  .map(
    ({ id, items }) => `    - id: ${id}
      label: { zh: ${id}, en: ${id} }
      agent: ${agent}
      compartments:
${doors(id, items)}`,
  )
  .join('\n')}`,
    },
  };
}
