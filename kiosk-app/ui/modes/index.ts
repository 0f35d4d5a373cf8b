import type { KioskView } from '@hallhub/hub/kiosks/contract';
import { campusCardMode } from './campus-card/index.ts';
import { lockerMode } from './locker/index.ts';
import type { KioskMode } from './mode.ts';
import { printMode } from './print/index.ts';
import { ticketMode } from './ticket/index.ts';

/** What this page can do. A kiosk offers those of them that its configuration names. */
export const MODES: readonly KioskMode[] = [printMode, campusCardMode, ticketMode, lockerMode];

export const modeOf = (name: string): KioskMode | undefined => MODES.find((mode) => mode.name === name);

/** The modes of a kiosk, in its order. */
export const modesOf = (view: KioskView): readonly KioskMode[] => view.modes.flatMap((name) => modeOf(name) ?? []);

/** Names in the kiosk's configuration that this page knows nothing of; staff are told. */
export const unknownModes = (view: KioskView): readonly string[] => view.modes.filter((name) => !modeOf(name));
