import type { ProfileCatalogue } from '@hallhub/firmware-profiles/schema';
import type { DeviceConfig, GateConfig } from '../config/index.ts';

/**
 * Gates that will open for no car by themselves: their camera never says how sure it is of a plate, and they do not accept that.
 * The file alone cannot tell; which camera it is stands in the profile.
 */
export const gatesWithoutConfidence = (
  gates: readonly GateConfig[],
  devices: readonly DeviceConfig[],
  profiles: Pick<ProfileCatalogue, 'get'>,
): readonly { readonly gate: string; readonly camera: string }[] =>
  gates.flatMap(({ id: gate, plateReader: camera, withoutConfidence }) => {
    const device = camera === undefined ? undefined : devices.find(({ id }) => id === camera);
    const silent = device && profiles.get(device.profile)?.lacks?.includes('plate-confidence');
    return silent && camera !== undefined && withoutConfidence === 'refuse' ? [{ gate, camera }] : [];
  });
