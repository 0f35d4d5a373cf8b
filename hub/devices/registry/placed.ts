import type { DeviceConfig } from '../../config/index.ts';
import type { HardwarePlace } from './hardware.ts';

/** The device where its hardware hangs now: where the configuration says, unless it was replaced by one elsewhere. */
export function placed(device: DeviceConfig, place: HardwarePlace | undefined): DeviceConfig {
  if (!place) return device;
  const { id, profile, label, params } = device;
  const { agent, transport } = place;
  return {
    id,
    profile,
    label,
    params: { ...params, ...place.params },
    ...(agent !== undefined && { agent }),
    transport: lineAt(transport, device.transport),
  };
}

/** The line by which a device is reached at its new place. Speed and framing are the model's; only the port moved. */
function lineAt(place: HardwarePlace['transport'], configured: DeviceConfig['transport']): DeviceConfig['transport'] {
  if (place.kind !== 'serial') return place;
  return configured.kind === 'serial'
    ? { ...configured, path: place.path }
    : { dataBits: 8, parity: 'none', stopBits: 1, ...place };
}
