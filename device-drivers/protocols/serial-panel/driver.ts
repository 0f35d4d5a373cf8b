import { isDeepStrictEqual } from 'node:util';
import { err, failure, ok } from '@hallhub/sync/base';
import { type Protocol, declaredCodec, parseParams } from '../../kit/index.ts';
import { createPanelBus } from './bus.ts';
import { createPanel } from './panel.ts';
import { type PanelParams, panelSchema } from './params.ts';

/** Keypads, rating pads and push buttons on a serial line; several share one by their addresses. */
export const serialPanelProtocol: Protocol = {
  name: 'serial-panel',
  listensOnly: true,
  connect: (definition, environment) => {
    const panels: { deviceId: string; params: PanelParams }[] = [];
    for (const { deviceId, params: given } of definition.devices) {
      const params = parseParams(panelSchema, given);
      if (!params.ok) return err({ ...params.error, detail: `${deviceId}: ${params.error.detail ?? ''}` });
      panels.push({ deviceId, params: params.value });
    }
    const [first, ...others] = panels.map(({ params }) => params);
    if (!first) return ok([]);
    if (others.length > 0) {
      if (!declaredCodec(first.frame).fieldNames.includes('address'))
        return failure('E-DEV-0302', 'a panel without an address has its line to itself');
      if (others.some(({ frame }) => !isDeepStrictEqual(frame, first.frame)))
        return failure('E-DEV-0302', 'panels on one line speak in the same frames');
      if (new Set(panels.map(({ params }) => params.address)).size !== panels.length)
        return failure('E-DEV-0302', 'two panels on one line have one address');
    }
    const transport = environment.transportFactory(definition.transport);
    if (!transport.ok) return err(transport.error);
    const bus = createPanelBus(transport.value, [first, ...others], environment);
    return ok(panels.map((panel) => createPanel({ ...environment, ...panel, bus })));
  },
};
