import type { PrintJobView } from '@hallhub/hub/api/types';
import type { KioskView } from '@hallhub/hub/kiosks/contract';
import type { TicketMachineView } from '@hallhub/hub/queue/contract';
import type { InjectionKey, Ref, ShallowRef } from 'vue';
import { inject } from 'vue';
import type { Voice } from '../voice/voice.ts';
import type { KioskApi } from './api.ts';
import type { Flow, FlowEvent } from './flow.ts';

/** What every screen has at hand. */
export interface Kiosk {
  readonly api: KioskApi;
  readonly flow: Readonly<Ref<Flow>>;
  /** The last view; screens are drawn only once there is one. */
  readonly view: Readonly<Ref<KioskView>>;
  /** The job that was ordered here last, as the printer has it now. Says nothing about a person. */
  readonly job: Ref<PrintJobView | undefined>;
  /** The page's clock, once a second. */
  readonly now: Readonly<Ref<number>>;
  /** Where in the steps of its mode a screen is. */
  readonly atStep: Ref<number>;
  /** The queue of the hall that the kiosk stands in, as it was told last. */
  readonly queue: ShallowRef<TicketMachineView | undefined>;
  /** What is on the screen is wanted even where the hub is gone: a number that is on no paper. */
  readonly keeps: Ref<boolean>;
  readonly voice: Voice;
  dispatch(event: FlowEvent): void;
}

export const kioskKey: InjectionKey<Kiosk> = Symbol('kiosk');

export function useKiosk(): Kiosk {
  const kiosk = inject(kioskKey);
  if (!kiosk) throw new Error('outside of a kiosk');
  return kiosk;
}
