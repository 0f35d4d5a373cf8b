import type { AgentHost } from '@hallhub/device-drivers/agent';
import type { MqttChannel } from '@hallhub/device-drivers/kit';
import { ms, systemRandom } from '@hallhub/sync/base';
import type { Audit } from '../audit/index.ts';
import type { HubOptions } from '../options.ts';
import type { Profiles } from '../profiles/index.ts';
import type { HomeAssistant } from './service.ts';
import { createHomeAssistant } from './service.ts';

/** Where no gate says how long: long enough for one person. */
const HOLD = ms(700);

/** The announcements as the configuration wants them; undefined where it wants none. */
export function homeAssistantOf(
  { config, clock, log, random = systemRandom }: HubOptions,
  {
    host,
    audit,
    mqtt,
    profiles,
  }: {
    readonly host: AgentHost;
    readonly audit: Audit;
    readonly mqtt: MqttChannel;
    readonly profiles: Pick<Profiles, 'catalogue'>;
  },
): HomeAssistant | undefined {
  const { enabled, prefix, allow } = config.homeAssistant;
  if (!enabled) return undefined;
  const labels = new Map(config.devices.map(({ id, label }) => [id, label]));
  return createHomeAssistant({
    hubId: config.hub.id,
    prefix,
    allow,
    channel: mqtt,
    host,
    describe: (id, profile) => ({
      name: labels.get(id)?.zh ?? id,
      model: profiles.catalogue().get(profile)?.label.en ?? profile,
    }),
    opening: (id) => {
      const gate = config.gates.find(({ barrier }) => barrier === id);
      return { hold: gate?.hold ?? HOLD, direction: gate?.direction ?? 'in' };
    },
    record: (id, { name, args }) => {
      audit.record({
        actor: 'home-assistant',
        action: `device.${name}`,
        subject: `device:${id}`,
        detail: { args: JSON.stringify(args) },
      });
    },
    clock,
    random,
    log,
  });
}
