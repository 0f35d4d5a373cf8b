import type { Cancel } from '@hallhub/sync/base';
import { createEmitter, rethrow } from '../../kit/index.ts';

interface Compartment {
  open: boolean;
  occupied: boolean;
  /** The bolt moves and the door stays where it is. */
  stuck: boolean;
}

/** Doors, locks and contacts behind simulated lock boards. */
export interface LockHardware {
  readonly compartments: number;
  isOpen(compartment: number): boolean;
  isOccupied(compartment: number): boolean;
  /** Current goes through the lock: the door springs open unless it is stuck. */
  pulse(compartment: number): void;
  /** Somebody pulls a door open, or pushes it shut. */
  force(compartment: number): void;
  shut(compartment: number): void;
  place(compartment: number, occupied: boolean): void;
  setStuck(compartment: number, stuck: boolean): void;
  onPulse(listener: (compartment: number) => void): Cancel;
  onItem(listener: (item: { readonly compartment: number; readonly occupied: boolean }) => void): Cancel;
  onDoor(listener: (door: { readonly compartment: number; readonly open: boolean }) => void): Cancel;
}

/** All doors shut, all compartments empty. */
export function createLockHardware(compartments: number): LockHardware {
  const all = Array.from({ length: compartments }, (): Compartment => ({ open: false, occupied: false, stuck: false }));
  const pulsed = createEmitter<number>(rethrow);
  const moved = createEmitter<{ compartment: number; open: boolean }>(rethrow);
  const placed = createEmitter<{ compartment: number; occupied: boolean }>(rethrow);
  const at = (compartment: number): Compartment => {
    const found = all[compartment - 1];
    if (!found) throw new RangeError(`no compartment ${compartment}`);
    return found;
  };
  const move = (compartment: number, open: boolean): void => {
    const door = at(compartment);
    if (door.open === open) return;
    door.open = open;
    moved.emit({ compartment, open });
  };
  return {
    compartments,
    isOpen: (compartment) => at(compartment).open,
    isOccupied: (compartment) => at(compartment).occupied,
    pulse: (compartment) => {
      pulsed.emit(compartment);
      if (!at(compartment).stuck) move(compartment, true);
    },
    force: (compartment) => {
      move(compartment, true);
    },
    shut: (compartment) => {
      move(compartment, false);
    },
    place: (compartment, occupied) => {
      at(compartment).occupied = occupied;
      placed.emit({ compartment, occupied });
    },
    setStuck: (compartment, stuck) => {
      at(compartment).stuck = stuck;
    },
    onPulse: pulsed.on,
    onItem: placed.on,
    onDoor: moved.on,
  };
}
