import type { IdentifyWay, KioskView } from '@hallhub/hub/kiosks/contract';
import type { Text } from '@hallhub/hub/web/kit/i18n.ts';
import type { Component } from 'vue';
import type { IconName } from '../kit/icons.ts';

/** One thing that a kiosk can be used for. Which of them a kiosk offers is its configuration; one folder each. */
export interface KioskMode {
  /** Name of the folder, and in the configuration. */
  readonly name: string;
  readonly tile: { readonly title: Text; readonly hint: Text; readonly icon: IconName };
  readonly needsPerson: boolean;
  /** The ways to be known that tell enough for it; absent: all. A pick-up code tells no number, and so no campus card. */
  readonly ways?: readonly IdentifyWay[];
  /** Drawn anew for each session, so that nothing of one reaches the next. */
  readonly screens: Component;
  /** The way through it, the first step being identification; none: no line of steps is drawn. */
  readonly steps?: readonly Text[];
  /** It goes on while the hub is away, as far as the agent beside the screen knows; what is said of that. */
  readonly withoutHub?: Text;
  /** What keeps it from serving anybody now. It is said before anybody identifies themselves. */
  readonly fault?: (view: KioskView) => ModeFault | undefined;
}

export interface ModeFault {
  readonly text: Text;
  readonly code?: string;
}

export const defineMode = (mode: KioskMode): KioskMode => mode;
