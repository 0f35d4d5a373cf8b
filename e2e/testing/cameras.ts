import { builtInConformance } from '@hallhub/device-drivers/conformance';
import type { VzenithSimulator } from '@hallhub/device-drivers/protocols/vzenith';
import { createVzenithMqttSimulator } from '@hallhub/device-drivers/protocols/vzenith';
import { mqttPeer } from '@hallhub/device-drivers/transports';
import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { systemClock, unwrap } from '@hallhub/sync/base';
import { openRealWeb } from '../../device-drivers/protocols/http-device/testing/real-web.ts';
import type { ExtraConfig } from './campus.ts';
import { cleanUp } from './clean-up.ts';
import type { HttpClient } from './http-client.ts';
import type { HubProcess } from './hub-process.ts';

/** A camera that sees cars, and opens by order. */
export interface WatchingCamera {
  /** Some car of its own choice: one of {@link SEEN_PLATES}. */
  see(): void;
  opened(): number;
}

export const SEEN_PLATES = ['京A12345', '京A12345D', '沪AD06188'] as const;

/** The simulated camera with which its protocol itself is checked, on real sockets; `hostPort` is where it reports. */
export async function simulatedCamera(
  profileId: string,
  hostPort: number,
  later: (stop: () => unknown) => void,
): Promise<{ readonly camera: WatchingCamera; readonly url: string; readonly params: object }> {
  const profile = builtInProfiles().get(profileId);
  const conformance = builtInConformance.find(({ protocol }) => protocol === profile?.protocol);
  if (!profile || !conformance?.simulateHttp) throw new Error(`no simulated camera for ${profileId}`);
  const real = await openRealWeb(hostPort);
  later(() => {
    real.close();
  });
  const subject = conformance.simulateHttp({ web: real.web, clock: systemClock({ mode: 'test' }), profile });
  unwrap(await subject.start());
  later(() => subject.stop());
  return {
    camera: {
      see: () => void subject.stimuli[0]?.cause(),
      opened: () => subject.orders[0]?.effects() ?? 0,
    },
    url: real.url,
    params: conformance.installation?.(profile) ?? {},
  };
}

/**
 * Gates of the area `parking` for the cameras that are there beside those of the lanes: `annex` and `lodge` with cameras whose
 * events are streamed, `garage` with one that speaks through the hub's broker.
 */
export interface Cameras {
  readonly extra: Required<Pick<ExtraConfig, 'devices' | 'gates' | 'guests'>>;
  readonly annex: WatchingCamera;
  readonly lodge: WatchingCamera;
  /** Logs the garage's camera in at the broker, with the token that the hub gives it. */
  joinGarage(hub: HubProcess, staff: HttpClient): Promise<VzenithSimulator>;
  stop(): Promise<void>;
}

const GARAGE_SERIAL = '5a7d1f3c-99aabbcc';

export async function startCameras(): Promise<Cameras> {
  const running = cleanUp();
  const { later } = running;
  try {
    const annex = await simulatedCamera('hikvision/anpr', 0, later);
    const lodge = await simulatedCamera('dahua/anpr', 0, later);
    const streamed = (id: string, profile: string, { url, params }: typeof annex): string =>
      `  - { id: ${id}, profile: ${profile}, label: { zh: ${id}, en: ${id} }, transport: { kind: url, url: '${url}' }, params: ${JSON.stringify(params)} }`;
    const gate = (id: string, more = ''): string =>
      `  - { id: ${id}, label: { zh: ${id}, en: ${id} }, area: parking, passageTimeout: 2s, plateReader: ${id}-camera, barrier: ${id}-camera${more} }`;
    return {
      extra: {
        devices: [
          streamed('annex-camera', 'hikvision/anpr', annex),
          streamed('lodge-camera', 'dahua/anpr', lodge),
          `  - { id: garage-camera, profile: vzenith/mqtt, label: { zh: 车库, en: Garage }, transport: { kind: mqtt }, params: { serial: ${GARAGE_SERIAL} } }`,
        ].join('\n'),
        // This make never says how sure it is.
        gates: [gate('annex'), gate('lodge', ', withoutConfidence: accept'), gate('garage')].join('\n'),
        guests: `[{ id: garage-camera, convention: vzenith, topic: ${GARAGE_SERIAL} }]`,
      },
      annex: annex.camera,
      lodge: lodge.camera,
      joinGarage: async (hub, staff) => {
        const { token } = await staff.ask<{ token: string }>('POST', '/api/devices/garage-camera/token');
        const camera = createVzenithMqttSimulator({
          connect: mqttPeer({
            url: `mqtt://127.0.0.1:${hub.mqttPort}`,
            username: 'garage-camera',
            password: token,
            clientId: GARAGE_SERIAL,
          }),
          clock: systemClock({ mode: 'test' }),
          serial: GARAGE_SERIAL,
        });
        camera.start();
        later(async () => {
          camera.stop();
          await camera.close();
        });
        return camera;
      },
      stop: () => running.run(),
    };
  } catch (error) {
    await running.run();
    throw error;
  }
}
