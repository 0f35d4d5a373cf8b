import { ms, ok } from '@hallhub/sync/base';
import type { Subject } from '../../conformance/types.ts';
import type { HttpCameraSimulator } from './simulator.ts';

/** Why cameras have no checks of a framer. */
export const PARTS_ARE_TESTED =
  'the parts of its stream are cut by boundary and length, and a bad stream is closed, not searched: multipart has tests of its own';

const PLATES = ['京A12345', '京A12345D', '沪AD06188'];

/** What every camera that is an HTTP server is checked with. */
export function cameraSubject(camera: HttpCameraSimulator): Subject {
  let cars = 0;
  let plate = '';
  return {
    start: () => {
      camera.start();
      return Promise.resolve(ok());
    },
    stop: () => {
      camera.stop();
      return Promise.resolve();
    },
    stimuli: [
      {
        name: 'a car',
        capability: 'plateReader',
        event: 'plate',
        cause: () => {
          plate = PLATES[(cars += 1) % PLATES.length] ?? '';
          camera.see(plate);
        },
        matches: (event) => (event as { plate: string }).plate === plate,
      },
    ],
    orders: [
      {
        capability: 'barrier',
        command: 'open',
        args: { hold: ms(700), direction: 'in' },
        confirmation: 'acknowledged',
        effects: () => camera.opened,
      },
    ],
    setFault: (fault) => {
      camera.setFaults({ silent: fault === 'silent', refuses: fault === 'refuses' });
    },
  };
}
