import type { IpcMain, IpcMainEvent } from 'electron';
import { z } from 'zod';
import { isScreen } from './policy.ts';

/** What a page may say, and what must come with it: nothing does. The names are those of preload/preload.cjs. */
export const CHANNELS = {
  'hallhub:alive': z.tuple([]),
  'hallhub:finished': z.tuple([]),
  'hallhub:restart': z.tuple([]),
} as const;

export type Channel = keyof typeof CHANNELS;

/** Whether it was the page itself that spoke: its top frame, on one of its own screens. */
export const isTrusted = ({ senderFrame }: Pick<IpcMainEvent, 'senderFrame'>): boolean =>
  senderFrame !== null && senderFrame.parent === null && isScreen(senderFrame.url);

/** Hears a page, if it is the kiosk's and what it says is what may be said. Anything else is dropped and told. */
export function hear(options: {
  readonly ipc: Pick<IpcMain, 'on'>;
  readonly handlers: Readonly<Record<Channel, () => void>>;
  readonly onRefused: (channel: Channel) => void;
}): void {
  const { ipc, handlers, onRefused } = options;
  for (const channel of Object.keys(CHANNELS) as Channel[])
    ipc.on(channel, (event, ...said: unknown[]) => {
      if (isTrusted(event) && CHANNELS[channel].safeParse(said).success) handlers[channel]();
      else onRefused(channel);
    });
}
