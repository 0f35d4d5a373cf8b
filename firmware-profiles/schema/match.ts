import type { Profile } from './profile.ts';

/** What a USB device, or the adapter behind a serial port, says of itself. Hex digits in lower case. */
export interface SeenOnUsb {
  /** `0400:c35a`. */
  readonly ids: string;
  /** Class of one of its interfaces, by the codes of the USB-IF: `07` is a printer. */
  readonly interfaceClass?: string;
}

/** 3 by vendor and product, 2 by vendor, 1 by class, 0 not at all. */
function closeness({ match }: Pick<Profile, 'match'>, { ids, interfaceClass }: SeenOnUsb): number {
  const [vendor, product] = ids.toLowerCase().split(':');
  return Math.max(
    0,
    ...(match?.usb ?? []).map((wanted) => {
      if ('interfaceClass' in wanted) return wanted.interfaceClass.toLowerCase() === interfaceClass ? 1 : 0;
      if (wanted.vendorId.toLowerCase() !== vendor) return 0;
      if (wanted.productId === undefined) return 2;
      return wanted.productId.toLowerCase() === product ? 3 : 0;
    }),
  );
}

/** The profiles that such a device may have, by their ids, those that match most exactly first. */
export function profilesOnUsb(
  profiles: readonly Pick<Profile, 'id' | 'match' | 'transport'>[],
  kind: 'serial' | 'usb',
  seen: SeenOnUsb,
): readonly string[] {
  return profiles
    .filter(({ transport }) => transport.kind === kind)
    .map((profile) => ({ id: profile.id, close: closeness(profile, seen) }))
    .filter(({ close }) => close > 0)
    .sort((a, b) => b.close - a.close || a.id.localeCompare(b.id))
    .map(({ id }) => id);
}
