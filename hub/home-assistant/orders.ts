import type { CapabilityMap } from '@hallhub/device-drivers/capabilities';

type ArgsOf<C extends keyof CapabilityMap, M extends keyof CapabilityMap[C]> = CapabilityMap[C][M] extends (
  command: infer Given,
) => unknown
  ? Given extends { readonly args: infer Args }
    ? Args
    : never
  : never;

/** What Home Assistant asks for, in the hub's terms. */
export type HomeAssistantOrder =
  | { readonly capability: 'switch'; readonly name: 'set'; readonly args: ArgsOf<'switch', 'set'> }
  | { readonly capability: 'curtain'; readonly name: 'move'; readonly args: ArgsOf<'curtain', 'move'> }
  | { readonly capability: 'barrier'; readonly name: 'open'; readonly args: ArgsOf<'barrier', 'open'> };

const COVER: ReadonlyMap<string, 'open' | 'closed' | 'stop'> = new Map([
  ['OPEN', 'open'],
  ['CLOSE', 'closed'],
  ['STOP', 'stop'],
]);

/** Undefined for anything that no component of ours says. */
export function readOrder(
  key: string,
  payload: string,
  opening: ArgsOf<'barrier', 'open'>,
): HomeAssistantOrder | undefined {
  const digits = /^switch-(\d{1,2})$/.exec(key)?.[1];
  if (digits !== undefined && (payload === 'ON' || payload === 'OFF'))
    return { capability: 'switch', name: 'set', args: { channel: Number(digits), on: payload === 'ON' } };
  if (key === 'curtain') {
    const to = COVER.get(payload);
    if (to !== undefined) return { capability: 'curtain', name: 'move', args: { to } };
    const percentOpen = /^\d{1,3}$/.test(payload) ? Number(payload) : 101;
    return percentOpen <= 100 ? { capability: 'curtain', name: 'move', args: { to: { percentOpen } } } : undefined;
  }
  return key === 'open' && payload === 'PRESS' ? { capability: 'barrier', name: 'open', args: opening } : undefined;
}
