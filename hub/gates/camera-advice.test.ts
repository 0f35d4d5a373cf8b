import { builtInProfiles } from '@hallhub/firmware-profiles/schema';
import { expect, it } from 'vitest';
import type { DeviceConfig } from '../config/index.ts';
import { gateSchema } from '../config/index.ts';
import { gatesWithoutConfidence } from './camera-advice.ts';

const camera = (id: string, profile: string): DeviceConfig => ({
  ...{ id, profile, label: { zh: id, en: id }, params: {} },
  transport: { kind: 'memory', name: id },
});
const lane = (id: string, plateReader: string, change: object = {}) =>
  gateSchema.parse({ id, label: { zh: id, en: id }, area: 'campus', barrier: plateReader, plateReader, ...change });

it('names the gates whose camera never says how sure it is, where that opens nothing', () => {
  const devices = [camera('quiet', 'dahua/anpr'), camera('sure', 'vzenith/http-push'), camera('own', 'own/unknown')];
  const gates = [
    lane('a', 'quiet'),
    lane('b', 'quiet', { withoutConfidence: 'accept' }),
    lane('c', 'sure'),
    lane('d', 'own'),
    lane('e', 'nowhere'),
  ];
  expect(gatesWithoutConfidence(gates, devices, builtInProfiles())).toEqual([{ gate: 'a', camera: 'quiet' }]);
});
