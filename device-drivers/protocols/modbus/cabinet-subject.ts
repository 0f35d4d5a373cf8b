import type { Clock } from '@hallhub/sync/base';
import type { Subject } from '../../conformance/types.ts';
import { createLockHardware } from '../lock-board/hardware.ts';
import { cabinetSubject } from '../lock-board/subject.ts';
import type { UnitParams } from './params.ts';
import type { RelayBoardSimulator } from './simulator-types.ts';

/** Locks and doors behind a simulated unit: its relays pulse them, its inputs show how they stand. */
export function relayCabinetSubject(
  board: RelayBoardSimulator,
  { compartments, firstRelay, contacts, items }: NonNullable<UnitParams['cabinet']>,
  clock: Clock,
): Pick<Subject, 'stimuli' | 'orders' | 'refusals' | 'scenes' | 'stop'> {
  const hardware = createLockHardware(compartments);
  const show = (part: { readonly firstInput: number } | undefined, index: number, closed: boolean): void => {
    if (part) board.setInput(part.firstInput + index, closed);
  };
  const wire = (index: number): void => {
    show(contacts, index, hardware.isOpen(index + 1) === (contacts?.openWhen === 'closed'));
    show(items, index, hardware.isOccupied(index + 1) === (items?.occupiedWhen === 'closed'));
  };
  for (let index = 0; index < compartments; index += 1) wire(index);
  hardware.onDoor(({ compartment }) => {
    wire(compartment - 1);
  });
  hardware.onItem(({ compartment }) => {
    wire(compartment - 1);
  });
  board.onRelay(({ channel, on }) => {
    if (on && channel >= firstRelay && channel < firstRelay + compartments) hardware.pulse(channel - firstRelay + 1);
  });
  return cabinetSubject({
    clock,
    hardware,
    start: () => Promise.resolve({ ok: true, value: undefined }),
    stop: () => Promise.resolve(),
    setFault: () => undefined,
    contacts: contacts !== undefined,
    items: items !== undefined,
    confirmation: contacts ? 'observed' : 'acknowledged',
  });
}
