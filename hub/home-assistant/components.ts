import type { CapabilityName } from '@hallhub/device-drivers/capabilities';

/** What Home Assistant may do with a device of ours. Whatever is not listed is only shown. */
export interface Allowance {
  /** A device's id, or `*` for all; a barrier must be named. */
  readonly device: string;
  readonly capability: 'switch' | 'curtain' | 'barrier';
}

/** A device as Home Assistant is told of it. Nothing of this is about persons. */
export interface ShownDevice {
  readonly id: string;
  readonly name: string;
  readonly model: string;
  readonly capabilities: readonly CapabilityName[];
  /** How many channels its switch has, once it has said so. */
  readonly channels: number;
  /** What it measures, once it has said so. */
  readonly values: readonly { readonly name: string; readonly unit: string }[];
}

export interface Naming {
  readonly hubId: string;
  /** The discovery prefix; `homeassistant` as Home Assistant comes. */
  readonly prefix: string;
}

const objectId = ({ hubId }: Naming, deviceId: string): string => `hallhub-${hubId}-${deviceId}`;
/** What we say, below `out`; what Home Assistant says, below `in`: its account at the broker has the one or the other. */
export const hubStatusTopic = (hubId: string): string => `hallhub/${hubId}/out/status`;
export const availabilityTopic = (hubId: string, id: string): string => `hallhub/${hubId}/out/${id}/availability`;
export const stateTopic = (hubId: string, id: string, key: string): string => `hallhub/${hubId}/out/${id}/${key}`;
export const orderTopic = (hubId: string, id: string, key: string): string => `hallhub/${hubId}/in/${id}/${key}/set`;
export const orderFilter = (hubId: string): string => `hallhub/${hubId}/in/+/+/set`;
export const configTopic = (naming: Naming, id: string): string =>
  `${naming.prefix}/device/${objectId(naming, id)}/config`;
export const configFilter = ({ prefix }: Naming): string => `${prefix}/device/+/config`;

/** The device of a discovery topic of this hub; undefined for those of others. */
export function deviceOfConfig(naming: Naming, topic: string): string | undefined {
  const [start, end] = [`${naming.prefix}/device/hallhub-${naming.hubId}-`, '/config'];
  return topic.startsWith(start) && topic.endsWith(end) ? topic.slice(start.length, -end.length) : undefined;
}

export const isAllowed = (allow: readonly Allowance[], device: string, capability: Allowance['capability']): boolean =>
  allow.some(
    (entry) =>
      entry.capability === capability &&
      (entry.device === device || (entry.device === '*' && capability !== 'barrier')),
  );

/** What a value in this unit is to Home Assistant: its device class, and whether it only grows. */
const UNITS: Readonly<Record<string, { readonly dev_cla: string; readonly stat_cla: string }>> = {
  W: { dev_cla: 'power', stat_cla: 'measurement' },
  V: { dev_cla: 'voltage', stat_cla: 'measurement' },
  A: { dev_cla: 'current', stat_cla: 'measurement' },
  Wh: { dev_cla: 'energy', stat_cla: 'total_increasing' },
  kWh: { dev_cla: 'energy', stat_cla: 'total_increasing' },
  '°C': { dev_cla: 'temperature', stat_cla: 'measurement' },
  lx: { dev_cla: 'illuminance', stat_cla: 'measurement' },
  Hz: { dev_cla: 'frequency', stat_cla: 'measurement' },
  '%': { dev_cla: 'humidity', stat_cla: 'measurement' },
};

/** A name as a topic level and a key: `Leistung L1` is `leistung-l1`. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '') || `v${Buffer.from(name).toString('hex')}`;

/** The discovery message of one device, in the device form of Home Assistant 2024.11 and later. */
export function discoveryOf(naming: Naming, device: ShownDevice, allow: readonly Allowance[]): object {
  const { hubId } = naming;
  const components = Object.fromEntries(
    componentsOf(naming, device, allow).map(([key, component]) => [
      key,
      { ...component, uniq_id: `${objectId(naming, device.id)}-${key}` },
    ]),
  );
  return {
    dev: { ids: [objectId(naming, device.id)], name: device.name, mdl: device.model },
    o: { name: 'hallhub' },
    avty_mode: 'all',
    avty: [{ t: hubStatusTopic(hubId) }, { t: availabilityTopic(hubId, device.id) }],
    cmps: components,
  };
}

type Part = readonly [key: string, component: Readonly<Record<string, unknown>> & { readonly p: string }];

function componentsOf(naming: Naming, device: ShownDevice, allow: readonly Allowance[]): readonly Part[] {
  const { hubId } = naming;
  const { id } = device;
  const state = (key: string): { readonly stat_t: string } => ({ stat_t: stateTopic(hubId, id, key) });
  const order = (key: string): { readonly cmd_t: string } => ({ cmd_t: orderTopic(hubId, id, key) });
  const flag = (key: string, name: string, deviceClass: string): Part => [
    key,
    { p: 'binary_sensor', name, dev_cla: deviceClass, ...state(key) },
  ];
  const parts: Part[] = [
    [
      'health',
      {
        p: 'binary_sensor',
        name: 'Problem',
        dev_cla: 'problem',
        ent_cat: 'diagnostic',
        ...state('health'),
        // Shown while the device is away: that is what it is for.
        avty: [{ t: hubStatusTopic(hubId) }],
      },
    ],
  ];
  const measured = (key: string, name: string, unit: string): Part => [
    key,
    { p: 'sensor', name, unit_of_meas: unit, ...(UNITS[unit] ?? { stat_cla: 'measurement' }), ...state(key) },
  ];
  for (const capability of device.capabilities) {
    switch (capability) {
      case 'switch':
        for (let channel = 0; channel < device.channels; channel += 1) {
          const [key, name] = [`switch-${channel}`, `Channel ${channel + 1}`];
          parts.push(
            isAllowed(allow, id, 'switch')
              ? [key, { p: 'switch', name, ...state(key), ...order(key) }]
              : [key, { p: 'binary_sensor', name, dev_cla: 'power', ...state(key) }],
          );
        }
        break;
      case 'curtain':
        parts.push(
          isAllowed(allow, id, 'curtain')
            ? [
                'curtain',
                {
                  p: 'cover',
                  name: 'Curtain',
                  dev_cla: 'curtain',
                  pos_t: stateTopic(hubId, id, 'curtain'),
                  ...order('curtain'),
                  set_pos_t: orderTopic(hubId, id, 'curtain'),
                },
              ]
            : ['curtain', { p: 'sensor', name: 'Curtain', unit_of_meas: '%', ...state('curtain') }],
        );
        break;
      case 'barrier':
        // Nothing to show: a barrier has no state that it could be asked for.
        if (isAllowed(allow, id, 'barrier')) parts.push(['open', { p: 'button', name: 'Open', ...order('open') }]);
        break;
      case 'occupancy':
        parts.push(flag('occupancy', 'Occupancy', 'occupancy'));
        break;
      case 'tamper':
        parts.push(flag('tamper', 'Tamper', 'tamper'));
        break;
      case 'fireInput':
        parts.push(flag('fire', 'Fire alarm', 'safety'));
        break;
      case 'climate':
        parts.push(measured('temperature', 'Temperature', '°C'), measured('humidity', 'Humidity', '%'));
        break;
      case 'meter':
        for (const { name, unit } of device.values) parts.push(measured(`meter-${slug(name)}`, name, unit));
        break;
      case 'buttonPanel':
        parts.push(['button', { p: 'event', name: 'Button', evt_typ: ['pressed', 'released'], ...state('button') }]);
        break;
      case 'firmware':
        parts.push([
          'firmware',
          { p: 'update', name: 'Firmware', dev_cla: 'firmware', ent_cat: 'diagnostic', ...state('firmware') },
        ]);
        break;
      default:
      // Cards, codes, faces and plates are about persons; printers and displays show their health.
    }
  }
  return parts;
}
