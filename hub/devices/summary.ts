import type { Summarise } from '../summary.ts';
import { waiting } from '../summary.ts';
import type { Devices } from './service.ts';

export const devicesSummary =
  (devices: Pick<Devices, 'summary'>): Summarise =>
  () => {
    const { ready, troubled, onBus } = devices.summary();
    return {
      domain: 'devices',
      title: { zh: '设备', en: 'Devices' },
      figures: [
        { text: { zh: '正常', en: 'Ready' }, value: ready },
        { text: { zh: '经 MQTT 接入', en: 'On the bus' }, value: onBus },
      ],
      attention: waiting({ text: { zh: '设备异常', en: 'Devices in trouble' }, count: troubled, page: '/devices' }),
    };
  };
